import { describe, expect, it } from 'vitest'
import { checkOptions, checkWindow, inHours, iso, noOptions } from './window'

const zone = 'Europe/Kyiv'
const now = Date.parse('2026-06-18T19:04:00Z')

describe('TestR34_window', () => {
  it('needs on before off, and off to come', () => {
    expect(checkWindow({ starts: '2026-06-18T22:04', ends: '2026-06-19T22:04' }, zone, now)).toEqual({})
    expect(checkWindow({ starts: '', ends: '2026-06-19T22:04' }, zone, now)).toEqual({ starts: 'required' })
    expect(checkWindow({ starts: '2026-06-18T22:04', ends: '' }, zone, now)).toEqual({ ends: 'required' })
    expect(checkWindow({ starts: '2026-06-18T22:04', ends: '2026-06-18T22:04' }, zone, now)).toEqual({ ends: 'off_before_on' })
    expect(checkWindow({ starts: '2026-06-17T22:04', ends: '2026-06-18T22:04' }, zone, now)).toEqual({ ends: 'in_the_past' })
  })
  it('moves off with on, across a change of the clocks', () => {
    expect(inHours('2026-06-18T22:04', 24, zone, now)).toBe('2026-06-19T22:04')
    expect(inHours('2026-03-28T22:00', 24, zone, now)).toBe('2026-03-29T23:00')
    expect(iso('2026-06-19T22:04', zone)).toBe('2026-06-19T19:04:00.000Z')
    expect(iso('', zone)).toBeUndefined()
  })
})

describe('TestR64_options', () => {
  it('are all off by default, and right then', () => {
    expect(Object.values(checkOptions(noOptions, zone, now)).some(Boolean)).toBe(false)
  })
  it('refuse an end that is over and a number that is none', () => {
    expect(checkOptions({ ...noOptions, ends: '2026-06-18T22:00' }, zone, now).ends).toBe('in_the_past')
    expect(checkOptions({ ...noOptions, max_viewers: '-1' }, zone, now).max_viewers).toBe('bad_value')
    expect(checkOptions({ ...noOptions, max_viewers: '12' }, zone, now).max_viewers).toBeUndefined()
  })
})
