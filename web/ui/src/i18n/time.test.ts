import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import { useTexts } from './i18n'
import { at, city, clock, date, duration, list, moment, parseTime } from './time'

const now = Date.parse('2026-06-18T19:04:07Z') // 22:04:07 in Kyiv

describe('times', () => {
  beforeEach(() => useTexts('en', en))
  it('is 24 hours in the zone asked for', () => {
    expect(clock(now, 'Europe/Kyiv')).toBe('22:04:07')
    expect(clock(Date.parse('2026-06-18T21:00:00Z'), 'Europe/Kyiv')).toBe('00:00:00')
    expect(clock(now, 'No/Where')).toBe('19:04:07')
  })
  it('names the day and the zone', () => {
    expect(moment(now, 'Europe/Kyiv', now)).toBe('today, 22:04 (Kyiv)')
    expect(at(now + 10 * 3600_000, 'Europe/Kyiv', now, 'Europe/London')).toBe('tomorrow at 08:04 (Kyiv), 06:04 where you are')
    expect(at(now + 10 * 3600_000, 'Europe/Kyiv', now, 'Europe/Kyiv')).toBe('tomorrow at 08:04 (Kyiv)')
    expect(moment(now - 86_400_000, 'Europe/Kyiv', now)).toBe('yesterday, 22:04 (Kyiv)')
    expect(moment(now + 3 * 86_400_000, 'Europe/Kyiv', now)).toBe('Sunday, 22:04 (Kyiv)')
    expect(date(now, 'Europe/Kyiv')).toBe('18 Jun 2026, 22:04')
    expect(city('America/Argentina/Buenos_Aires')).toBe('Buenos Aires')
    expect(city('Europe/Kiev')).toBe('Kyiv') // as Chromium still calls it
  })
  it('counts days by the calendar of the zone', () => {
    expect(moment(Date.parse('2026-06-18T21:30:00Z'), 'Europe/Kyiv', now)).toBe('tomorrow, 00:30 (Kyiv)')
  })
  it('says the two largest units', () => {
    expect([0, 9, 59.6, 60, 3599, 3600, 7800, 51120, 172800, 260000].map(s => duration(s * 1000))).toEqual([
      '0 s', '9 s', '1 min', '1 min', '59 min', '1 h', '2 h 10 min', '14 h 12 min', '2 days', '3 days',
    ])
    expect(duration(-5)).toBe('0 s')
  })
  it('speaks Arabic with Western digits', () => {
    useTexts('ar', ar)
    expect(clock(now, 'Europe/Kyiv')).toBe('22:04:07')
    expect(duration(9000)).toBe('9 ثوانٍ')
  })
  it('reads RFC 3339 and nothing else', () => {
    expect(parseTime('2026-06-18T19:04:07Z')).toBe(now)
    expect(parseTime('')).toBeUndefined()
    expect(parseTime('soon')).toBeUndefined()
  })
  it('joins names', () => {
    expect(list(['Gate', 'Yard', 'Street'])).toBe('Gate, Yard and Street')
  })
})
