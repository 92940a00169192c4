import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import es from '../../../../internal/i18n/catalogues/es.json'
import pl from '../../../../internal/i18n/catalogues/pl.json'
import uk from '../../../../internal/i18n/catalogues/uk.json'
import { Problem } from '../api/problem'
import { active, browserLanguage, languages, setLanguage, t, useTexts } from './i18n'
import { problemText, reason } from './reason'

describe('t', () => {
  it('chooses among the four forms of Ukrainian', () => {
    useTexts('uk', uk)
    expect([0, 1, 2, 4, 5, 11, 12, 21, 22, 25, 1.5].map(n => t('cameras.count', { n }))).toEqual([
      '0 камер', '1 камера', '2 камери', '4 камери', '5 камер', '11 камер', '12 камер', '21 камера', '22 камери', '25 камер', '1,5 камери',
    ])
  })
  it('chooses among the six forms of Arabic, with Western digits', () => {
    useTexts('ar', ar)
    expect([0, 1, 2, 3, 10, 11, 99, 100, 102, 103].map(n => t('cameras.count', { n }))).toEqual([
      'لا كاميرات', 'كاميرا واحدة', 'كاميرتان', '3 كاميرات', '10 كاميرات', '11 كاميرا', '99 كاميرا', '100 كاميرا', '102 كاميرا', '103 كاميرات',
    ])
  })
  it('chooses among the four forms of Polish, as Polish writes numbers', () => {
    useTexts('pl', pl)
    expect([0, 1, 2, 5, 12, 22, 25, 1.5].map(n => t('cameras.count', { n }))).toEqual([
      '0 kamer', '1 kamera', '2 kamery', '5 kamer', '12 kamer', '22 kamery', '25 kamer', '1,5 kamery',
    ])
  })
  it('puts the word of millions in where a language has one', () => {
    useTexts('es', es)
    expect([0, 1, 2, 1e6].map(n => t('cameras.count', { n }))).toEqual(['0 cámaras', '1 cámara', '2 cámaras', '1.000.000 de cámaras'])
  })
  it('chooses one and other in English', () => {
    useTexts('en', en)
    expect([0, 1, 2].map(n => t('cameras.count', { n }))).toEqual(['0 cameras', '1 camera', '2 cameras'])
  })
  it('leaves a placeholder without a value to be seen', () => {
    useTexts('en', en)
    expect(t('links.used', { used: 1 })).toBe('1 of {cap} used')
  })
})

describe('language', () => {
  it('TestR70_sets lang and dir of the page', async () => {
    await setLanguage('ar')
    expect(document.documentElement.lang).toBe('ar')
    expect(document.documentElement.dir).toBe('rtl')
    await setLanguage('uk')
    expect([document.documentElement.lang, document.documentElement.dir]).toEqual(['uk', 'ltr'])
    await setLanguage('tlh')
    expect(active.value.lang).toBe('en')
    await setLanguage('xx')
    expect(t('nav.wall')).toMatch(/^\[.*~\]$/)
  })
  it('lets the last of two choices win', async () => {
    const first = setLanguage('ar')
    await setLanguage('uk')
    await first
    expect(active.value.lang).toBe('uk')
  })
  it('shows every language in its own direction', async () => {
    for (const lang of Object.keys(languages)) {
      await setLanguage(lang)
      expect([document.documentElement.lang, document.documentElement.dir]).toEqual([lang, lang === 'ar' ? 'rtl' : 'ltr'])
    }
  })
  it('finds the first language of the browser that is offered, whatever its region', () => {
    const cases: [string[], string][] = [
      [['sv-FI', 'uk-UA', 'en'], 'uk'], [['fr-CA'], 'fr'], [['de-AT', 'en'], 'de'], [['es-419'], 'es'], [['ar-EG'], 'ar'], [['en-GB', 'de'], 'en'],
      [['pt'], 'pt-BR'], [['pt-PT', 'es'], 'pt-BR'], [['pt-BR'], 'pt-BR'], [['PT-br'], 'pt-BR'], [['it-CH', 'de-CH'], 'it'], [['ja'], 'en'], [[], 'en'],
    ]
    for (const [list, want] of cases) expect(browserLanguage(list), list.join()).toBe(want)
  })
})

describe('reasons', () => {
  beforeEach(() => useTexts('en', en))
  it('translates codes, not the sentences of the server', () => {
    expect(reason('bad_login', 'raw text')).toBe('The e-mail or the password is wrong.')
    expect(reason('from_the_future', 'raw text')).toBe('raw text')
    expect(reason(undefined)).toBe(en['reason.internal'])
  })
  it('says when to come back', () => {
    expect(problemText(new Problem({ status: 429, code: 'rate_limited', retryAfter: 90 }))).toBe('Too many tries in a short time. Again possible in 1 min.')
  })
})
