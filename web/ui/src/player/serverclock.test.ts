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
})
