import { describe, expect, it } from 'vitest'
import { blocks, cellAt, changes, copied, entries, fromCells, hhmm, isNever, painted, perDay, presetOf, presets, same, toCells, withEntry, type Schedule } from './schedule'

const kyiv = 'Europe/Kyiv'
const at = Date.parse

describe('TestR18_schedule', () => {
  it('keeps an overnight interval one interval of its first day', () => {
    const s: Schedule = { intervals: [{ day: 1, from: 1200, to: 360 }] }
    expect(fromCells(toCells(s))).toEqual(s)
    expect(entries(s)).toEqual([{ days: [0], from: 1200, to: 360 }])
  })
  it('wraps from Sunday to Monday', () => {
    const s: Schedule = { intervals: [{ day: 0, from: 1380, to: 60 }] }
    const cells = toCells(s)
    expect(blocks(cells, 0)).toEqual([{ from: 0, to: 60, before: true, after: false }])
    expect(blocks(cells, 6)).toEqual([{ from: 1380, to: 1440, before: false, after: true }])
    expect(fromCells(cells)).toEqual(s)
  })
  it('cuts what is longer than a day at midnights', () => {
    expect(presets.weekends).toEqual({ intervals: [{ day: 6, from: 0, to: 1440 }, { day: 0, from: 0, to: 1440 }] })
  })
  it('is always when everything is painted and never when nothing is', () => {
    expect(fromCells(toCells(null))).toBeNull()
    expect(isNever(fromCells(toCells({ intervals: [] })))).toBe(true)
    expect(isNever(null)).toBe(false)
  })
  it('survives every round trip', () => {
    let seed = 7
    const random = (n: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n
    for (let run = 0; run < 300; run++) {
      let cells: boolean[] = new Array(672).fill(false)
      for (let i = 0; i < 6; i++) cells = painted(cells, random(672), random(672), random(3) > 0)
      const s = fromCells(cells)
      expect(toCells(s)).toEqual(cells)
      for (const i of s?.intervals ?? []) {
        expect(i.from).toBeLessThan(1440)
        expect(i.to).toBeGreaterThan(0)
        expect(i.to).toBeLessThanOrEqual(1440)
      }
    }
  })
  it('keeps grid and list in step', () => {
    const work = presets.work
    const [e] = entries(work)
    expect(e).toEqual({ days: [0, 1, 2, 3, 4], from: 540, to: 1080 })
    const later = withEntry(work, { ...e!, from: 600 }, e)
    expect(entries(later)).toEqual([{ days: [0, 1, 2, 3, 4], from: 600, to: 1080 }])
    expect(isNever(withEntry(work, undefined, e))).toBe(true)
  })
  it('paints rectangles, whichever corner comes first, and copies days', () => {
    const cells = painted(toCells({ intervals: [] }), 2 * perDay + 40, 36, true)
    expect(entries(fromCells(cells))).toEqual([{ days: [0, 1, 2], from: 540, to: 615 }])
    expect(entries(fromCells(copied(cells, 0, [5, 6])))).toEqual([{ days: [0, 1, 2, 5, 6], from: 540, to: 615 }])
  })
  it('knows its presets', () => {
    expect(presetOf(null)).toBe('always')
    expect(presetOf({ intervals: [1, 2, 3, 4, 5].map(day => ({ day, from: 540, to: 1080 })) })).toBe('work')
    expect(presetOf({ intervals: [{ day: 1, from: 0, to: 15 }] })).toBeUndefined()
    expect(same(presets.nights, presets.weekends)).toBe(false)
  })
  it('writes times', () => expect([hhmm(0), hhmm(555), hhmm(1440)]).toEqual(['00:00', '09:15', '24:00']))
})

describe('TestR20_changes', () => {
  it('finds the next two on the camera\'s wall clock', () => {
    // Thursday 22:04 in Kyiv
    const now = at('2026-06-18T19:04:07Z')
    expect(cellAt(now, kyiv)).toBe(3 * perDay + 88)
    expect(changes(presets.nights, kyiv, now, 2)).toEqual([
      { at: at('2026-06-19T03:00:00Z'), opens: false },
      { at: at('2026-06-19T17:00:00Z'), opens: true },
    ])
  })
  it('opens nothing in a skipped hour', () => {
    const skipped: Schedule = { intervals: [{ day: 0, from: 180, to: 240 }] }
    const found = changes(skipped, kyiv, at('2026-03-28T12:00:00Z'), 1)
    expect(found).toEqual([{ at: at('2026-04-05T00:00:00Z'), opens: true }])
  })
  it('opens both halves of a repeated hour', () => {
    const repeated: Schedule = { intervals: [{ day: 0, from: 180, to: 210 }] }
    expect(changes(repeated, kyiv, at('2026-10-24T12:00:00Z'), 4).map(c => [new Date(c.at).toISOString().slice(11, 16), c.opens])).toEqual([
      ['00:00', true], ['00:30', false], ['01:00', true], ['01:30', false],
    ])
  })
  it('has none for always and never', () => {
    expect(changes(null, kyiv, 0, 2)).toEqual([])
    expect(changes({ intervals: [] }, kyiv, 0, 2)).toEqual([])
  })
})
