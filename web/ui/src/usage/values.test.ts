import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import de from '../../../../internal/i18n/catalogues/de.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import fi from '../../../../internal/i18n/catalogues/fi.json'
import uk from '../../../../internal/i18n/catalogues/uk.json'
import { useTexts } from '../i18n/i18n'
import type { Limit } from './api'
import { grouped, said } from './groups'
import { readable } from './values'

beforeEach(() => useTexts('en', en))
const duration = (v: string): string => readable(v, 'duration')

describe('the value of a limit', () => {
  it('is a time in words, nothing of it lost', () => {
    expect(['336h', '720h', '24h', '15m', '60m', '1h', '60s', '5s', '8760h'].map(duration)).toEqual(['14 days', '30 days', '24 hours', '15 minutes', '1 hour', '1 hour', '1 minute', '5 seconds', '365 days'])
    expect(['1h30m', '90s', '49h', '250ms', '1.5s', '0s', 'soon'].map(duration)).toEqual(['1 hour 30 minutes', '1 minute 30 seconds', '2 days 1 hour', '250 milliseconds', '1.5 seconds', '0 seconds', 'soon'])
  })
  it('is an amount, a share or a count', () => {
    expect([readable('0', 'bytes'), readable('10000000000', 'bytes'), readable('80', 'percent'), readable('1000'), readable('0'), readable('x')]).toEqual(['none', '10 GB', '80%', '1,000', '0', 'x'])
  })
  it('is written as each language does', () => {
    const all = (): string[] => [duration('336h'), duration('24h'), readable('0', 'bytes'), readable('10000000000', 'bytes'), readable('80', 'percent')].map(v => v.replaceAll('\u00a0', ' '))
    useTexts('uk', uk)
    expect(all()).toEqual(['14 днів', '24 години', 'без обмеження', '10 ГБ', '80%'])
    useTexts('de', de)
    expect(all()).toEqual(['14 Tage', '24 Stunden', 'unbegrenzt', '10 GB', '80 %'])
    useTexts('fi', fi)
    expect(all()).toEqual(['14 päivää', '24 tuntia', 'ei rajaa', '10 Gt', '80 %'])
    useTexts('ar', ar)
    expect(all().slice(0, 2)).toEqual(['14 يومًا', '24 ساعة'])
  })
})

describe('the text of a limit', () => {
  const l = (key: string, value = '1', unit?: Limit['unit']): Limit => ({ key, value, default: value, help: 'English help', ...(unit ? { unit } : {}) })
  it('is in the language shown, and found by its words and its value', () => {
    useTexts('de', de)
    const all = [l('limits.guest_image_age', '336h', 'duration'), l('limits.cameras')]
    expect(all.map(said)).toEqual([{ text: de['limit.guest_image_age'], english: false }, { text: de['limit.cameras'], english: false }])
    for (const q of ['ältesten', '14 tage', '336h', 'guest_image_age']) expect(grouped(all, q).flatMap(g => g.limits.map(x => x.key)), q).toEqual(['limits.guest_image_age'])
  })
  it('names no key of the configuration in any language', () => {
    const folder = join(dirname(fileURLToPath(import.meta.url)), '../../../../internal/i18n/catalogues')
    for (const f of readdirSync(folder).filter(n => n.endsWith('.json'))) {
      const texts = Object.entries(JSON.parse(readFileSync(join(folder, f), 'utf8')) as Record<string, unknown>).filter(([k]) => k.startsWith('limit.'))
      expect(texts.length, f).toBeGreaterThan(40)
      for (const [k, v] of texts) expect(v, `${f} ${k}`).not.toMatch(/limits\.|\(R\d/)
    }
  })
})
