import { describe, expect, it } from 'vitest'
import { instant, wall } from './zoned'

describe('wall clocks', () => {
  it('go there and back', () => {
    const ms = Date.parse('2026-06-18T19:04:00Z')
    expect(wall(ms, 'Europe/Kyiv')).toBe('2026-06-18T22:04')
    expect(instant('2026-06-18T22:04', 'Europe/Kyiv')).toBe(ms)
    expect(instant('2026-06-18T22:04', 'Asia/Kathmandu')).toBe(Date.parse('2026-06-18T16:19:00Z'))
    expect(instant('', 'UTC')).toBeUndefined()
  })
  it('take the first of two and the later end of none', () => {
    expect(instant('2026-10-25T03:30', 'Europe/Kyiv')).toBe(Date.parse('2026-10-25T00:30:00Z'))
    expect(instant('2026-03-29T03:30', 'Europe/Kyiv')).toBe(Date.parse('2026-03-29T01:30:00Z'))
  })
})
