// @vitest-environment node
import { describe, expect, it } from 'vitest'
import type { Bar, LinkUsage } from './api'
import { fullest, hoursOf, slowedIn, spellsOf } from './hours'

const now = Date.parse('2026-06-18T09:20:00Z')
const at = (h: number): string => new Date(now + h * 3600_000).toISOString()
const bar = (used: number, budget: number): Bar => ({ used, budget, state: 'normal' })
/** A day that ends twenty past: 25 hours by the clock. */
const day = (o: Partial<LinkUsage> = {}): LinkUsage => ({
  state: 'normal', users: bar(3, 10), gallery_updates: bar(5, 40), viewer_seconds: bar(3660, 36_000), addresses: 3, more_addresses: false, window_s: 86_400, server_time: at(0), throttled: [],
  hours: Array.from({ length: 25 }, (_, i) => ({ at: i === 0 ? at(-24) : at(-24 - 1 / 3 + i), to: i === 24 ? at(0) : at(-23 - 1 / 3 + i), users: i === 24 ? 3 : 0, gallery_updates: i === 3 ? 5 : 0, viewer_minutes: i === 24 ? 61 : 0 })),
  ...o,
})

describe('the window by hours', () => {
  it('shows cut hours at their places, and tells what of them is in it', () => {
    const h = hoursOf(day())
    expect(h.length).toBe(25)
    expect([h[0]?.from, h[24]?.to]).toEqual([now - 86_400_000, now])
    for (const x of h) expect(x.end - x.start).toBe(3600_000)
    for (let i = 1; i < h.length; i++) expect(h[i]?.start).toBe(h[i - 1]?.end)
    expect(h[24]?.used).toEqual({ users: 3, gallery_updates: 0, viewer_seconds: 3660 })
  })
  it('is of any length, and may hold nothing', () => {
    expect(hoursOf(day({ hours: [] }))).toEqual([])
    const one = { at: at(-1), to: at(0), users: 1, gallery_updates: 0, viewer_minutes: 0.5 }
    expect(hoursOf(day({ hours: [one] }))[0]).toMatchObject({ start: now - 3600_000, end: now, used: { viewer_seconds: 30 } })
  })
  it('TestR81_knows for how long of an hour a budget was used up, and only that one', () => {
    const u = day({ throttled: [
      { budget: 'users', from: at(-3), to: at(-2.5) }, { budget: 'users', from: at(-0.1), to: null }, { budget: 'gallery_updates', from: at(-20), to: at(-1) },
    ] })
    const spells = spellsOf(u, 'users')
    expect(spells.map(s => s.lasts)).toEqual([false, true])
    const all = hoursOf(u).map(h => slowedIn(spells, h))
    expect(all.reduce((a, b) => a + b, 0)).toBe(36 * 60_000)
    expect(all[24]).toBe(6 * 60_000)
    expect(spellsOf(u, 'viewer_seconds')).toEqual([])
  })
  it('begins with what is nearest to its end', () => {
    expect([fullest(day()), fullest(day({ gallery_updates: bar(40, 40) })), fullest(day({ users: bar(0, 10), gallery_updates: bar(0, 40), viewer_seconds: bar(0, 36_000) }))]).toEqual(['users', 'gallery_updates', 'viewer_seconds'])
  })
})
