import { describe, expect, it } from 'vitest'
import { centred, closest, daySpan, dayOf, farthest, follow, ticks, time, within, x, zoom } from './scale'

const hour = 3_600_000

describe('the timeline', () => {
  it('goes from time to place and back', () => {
    const view = { from: 1000, to: 2000 }
    expect(x(view, 500, 1500)).toBe(250)
    expect(time(view, 500, 250)).toBe(1500)
  })
  it('zooms around a moment, between a minute and a day', () => {
    const v = zoom({ from: 0, to: 10 * hour }, 0.5, 2 * hour)
    expect(v).toEqual({ from: hour, to: 6 * hour })
    expect(zoom({ from: 0, to: hour }, 0.0001, 0).to).toBe(closest)
    const far = zoom({ from: 0, to: hour }, 1e6, hour / 2)
    expect(far.to - far.from).toBe(farthest)
  })
  it('follows what plays, and does not show what is still to come', () => {
    const v = { from: 0, to: hour }
    expect(follow(v, 10)).toBe(v)
    expect(follow(v, hour + 1).from).toBeCloseTo(hour + 1 - hour * 0.05)
    expect(follow(v, 5 * hour)).toEqual(centred(5 * hour, hour))
    expect(within({ from: 0, to: hour }, hour / 2).to).toBe(hour / 2 + hour / 20)
  })
  it('knows days of 23 and 25 hours', () => {
    expect(dayOf(Date.parse('2026-11-21T22:30Z'), 'Europe/Kyiv')).toBe('2026-11-22')
    const length = (d: string): number => { const s = daySpan(d, 'Europe/Kyiv'); return (s.to - s.from) / hour }
    expect([length('2026-03-29'), length('2026-10-25'), length('2026-11-22')]).toEqual([23, 25, 24])
  })
  it('has ticks at round times of the zone, also of half hours', () => {
    const day = daySpan('2026-11-22', 'Asia/Kolkata')
    const t = ticks(day, 800, 'Asia/Kolkata')
    expect(t.length).toBeGreaterThan(5)
    expect(t.every(k => new Date(k.at + 5.5 * hour).getUTCMinutes() === 0)).toBe(true)
    expect(ticks({ from: 0, to: 60_000 }, 800, 'UTC')[1]).toEqual({ at: 10_000, seconds: true })
  })
})
