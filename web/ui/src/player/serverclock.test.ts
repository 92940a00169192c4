// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest'
import { ServerClock } from './serverclock'

describe('server clock', () => {
  afterEach(() => { vi.useRealTimers() })
  it('believes the ping with the shortest round trip', () => {
    vi.useFakeTimers()
    vi.setSystemTime(10_000)
    const c = new ServerClock()
    expect(c.now()).toBe(10_000)
    c.sample(10_000, 10_020, 15_010)
    expect(c.now()).toBe(15_000)
    c.sample(10_100, 10_900, 19_999) // a slow one says nothing
    expect(c.now()).toBe(15_000)
    c.sample(10_200, 10_190, 1) // time went backwards
    expect(c.now()).toBe(15_000)
  })

  it('takes the media clock of another server, whatever was measured before', () => {
    vi.useFakeTimers()
    const c = new ServerClock()
    expect(c.media(performance.now())).toBeUndefined()
    const now = Date.now()
    c.sample(now - 10, now, now, 9_000_005)
    expect(c.media(performance.now())).toBeCloseTo(9_000_010, 0)
    c.sample(now - 400, now, now, 9_000_000) // slow, and no news
    expect(c.media(performance.now())).toBeCloseTo(9_000_010, 0)
    c.sample(now - 30, now, now, 500) // started again
    expect(c.media(performance.now())).toBeCloseTo(515, 0)
  })

  it('goes on after a sleep that performance.now() has not seen', () => {
    vi.useFakeTimers()
    const c = new ServerClock()
    const now = Date.now()
    c.sample(now, now, now, 1000)
    vi.setSystemTime(now + 8 * 3_600_000)
    expect(c.media(performance.now())).toBeCloseTo(1000 + 8 * 3_600_000, 0)
  })
})
