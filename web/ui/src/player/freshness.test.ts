// @vitest-environment node
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FreshnessClock } from './freshness'

describe('freshness clock', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('is fresh while frames are painted and calls stale once, 4 s after the last', () => {
    const stale = vi.fn()
    const clock = new FreshnessClock(stale)
    expect(clock.fresh).toBe(false)
    for (let i = 0; i < 100; i++) {
      clock.paint()
      vi.advanceTimersByTime(100)
    }
    expect(clock.fresh).toBe(true)
    vi.advanceTimersByTime(3800)
    expect(clock.fresh).toBe(true)
    expect(stale).not.toHaveBeenCalled()
    vi.advanceTimersByTime(200)
    expect(clock.fresh).toBe(false)
    expect(stale).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(60_000)
    expect(stale).toHaveBeenCalledTimes(1)
  })

  it('wakes again with the next frame', () => {
    const stale = vi.fn()
    const clock = new FreshnessClock(stale)
    clock.paint()
    vi.advanceTimersByTime(5000)
    clock.paint()
    expect(clock.fresh).toBe(true)
    vi.advanceTimersByTime(4000)
    expect(stale).toHaveBeenCalledTimes(2)
  })

  it('knows of a sleep that no timer saw', () => {
    const clock = new FreshnessClock(() => {})
    clock.paint()
    vi.setSystemTime(Date.now() + 600_000) // performance.now() stands still meanwhile
    expect(clock.fresh).toBe(false)
  })

  it('says nothing after a reset', () => {
    const stale = vi.fn()
    const clock = new FreshnessClock(stale)
    clock.paint()
    clock.reset()
    vi.advanceTimersByTime(10_000)
    expect(stale).not.toHaveBeenCalled()
    expect(clock.painted).toBeUndefined()
  })
})
