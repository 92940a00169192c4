import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import { useTexts } from '../i18n/i18n'
import { newTerms, type Row, type Terms } from './draft'
import { effect } from './effect'
import { presets } from './schedule'

const zone = 'Europe/Kyiv'
const now = Date.parse('2026-06-18T19:04:00Z')
const plain = (s: string): string => s.replace(/[\u2066\u2069]/g, '')
const row = (terms: Partial<Terms>, more: Partial<Row> = {}): Row => {
  const x = { ...newTerms(), ...terms }
  return { key: 'g1', grant: 'g1', state: 'accepted', watching: false, waiting: false, message: '', terms: x, base: x, removed: false, ...more }
}
const says = (r: Row): string => plain(effect(r, zone, now).text)

describe('the sentence of effect', () => {
  beforeEach(() => useTexts('en', en))
  it('says what, when and until', () => {
    expect(says(row({ schedule: presets.work, until: '2026-12-31T15:00:00Z' }))).toBe('Can watch live, Mon–Fri 09:00–18:00 (Kyiv), until 31 Dec 2026, 17:00 (Kyiv).')
    expect(says(row({ levels: ['online', 'archive', 'notices', 'download'], rights: ['sound'] }, { watching: true }))).toBe(
      'Can watch and hear live, see recordings, save recordings and get notices, at any time. Watching now.')
  })
  it('TestR13_says that Archive without Online lacks the last minute', () => {
    expect(says(row({ levels: ['archive'] }))).toBe('Can see recordings except the last 60 s, at any time.')
  })
  it('promises nothing before Save, and says so', () => {
    expect(says(row({}, { base: undefined, grant: undefined, state: 'draft' }))).toBe('Will be able to watch live, at any time. Nothing is sent until you save.')
    expect(says(row({}, { base: undefined, grant: undefined, state: 'draft', invite: true }))).toContain('An invitation goes out when you save')
    expect(says(row({ levels: ['archive'] }, { base: newTerms() }))).toContain('Changed, not saved.')
    expect(says(row({}, { removed: true }))).toBe('Access ends when you save.')
  })
  it('TestR18_warns when a schedule has no hours', () => {
    expect(effect(row({ schedule: { intervals: [] } }), zone, now)).toEqual({ text: 'Never. This person cannot look at any time.', warn: true })
  })
  it('TestR22_says that an end has passed, and that extending opens it again', () => {
    expect(says(row({ until: '2026-06-18T15:00:00Z' }, { state: 'expired' }))).toContain('Access ended on 18 Jun 2026, 18:00 (Kyiv). A later date opens it again.')
    expect(says(row({ until: '2026-06-20T15:00:00Z' }, { state: 'expired' }))).toContain('Can again watch live')
  })
  it('has every part in Arabic', () => {
    useTexts('ar', ar)
    expect(effect(row({ schedule: presets.nights, until: '2026-12-31T15:00:00Z' }), zone, now).text).not.toMatch(/effect\.|\{/)
  })
})
