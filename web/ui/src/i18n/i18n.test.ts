import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import uk from '../../../../internal/i18n/catalogues/uk.json'
import { Problem } from '../api/problem'
import { active, browserLanguage, setLanguage, t, useTexts } from './i18n'
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
  it('finds the first language of the browser that is offered', () => {
    expect(browserLanguage(['sv-FI', 'uk-UA', 'en'])).toBe('uk')
    expect(browserLanguage(['ar-EG'])).toBe('ar')
    expect(browserLanguage(['ja'])).toBe('en')
    expect(browserLanguage([])).toBe('en')
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
