import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Rescue } from './rescue'
import type { TileView } from './tile'

const tile = (state: TileView['state'], server: 'live' | 'offline' = 'live'): TileView =>
  ({ camera: 'a', name: 'Gate', state, picture: 'full', at: 1, server: { cell: 0, state: server } })

function make(tiles: Map<number, TileView>) {
  const config = { tiles: () => tiles, tryNow: vi.fn(), check: vi.fn() }
  const rescue = new Rescue(config)
  return { ...config, rescue }
}

describe('rescue', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('asks anew for a picture that stands although it is sent, ever later', () => {
    const { tryNow, check, rescue } = make(new Map([[0, tile('stalled')], [1, tile('live')]]))
    vi.advanceTimersByTime(2900)
    expect(tryNow).not.toHaveBeenCalled()
    vi.advanceTimersByTime(60_000)
    expect(tryNow.mock.calls.length).toBe(6) // after 2, 4, 8, 15, 15, 15 s
    expect(tryNow).toHaveBeenCalledWith(0)
    expect(check).not.toHaveBeenCalled() // the other one moves: the connection is sound
    rescue.stop()
  })

  it('takes six tiles one by one, and looks at the connection where all stand', () => {
    const tiles = new Map(Array.from({ length: 6 }, (_, i) => [i, tile('stalled')] as const))
    const { tryNow, check, rescue } = make(tiles)
    vi.advanceTimersByTime(3000)
    expect(tryNow.mock.calls).toEqual([[0]])
    vi.advanceTimersByTime(1000)
    expect(tryNow.mock.calls).toEqual([[0]])
    vi.advanceTimersByTime(1000)
    expect(tryNow.mock.calls).toEqual([[0], [1]])
    expect(check).toHaveBeenCalledTimes(2)
    rescue.stop()
  })

  it('leaves alone what the server does not send, and what came back', () => {
    const tiles = new Map([[0, tile('offline', 'offline')], [1, tile('stalled')]])
    const { tryNow, rescue } = make(tiles)
    vi.advanceTimersByTime(2000)
    tiles.set(1, tile('live'))
    vi.advanceTimersByTime(20_000)
    expect(tryNow).not.toHaveBeenCalled()
    rescue.stop()
  })
})
