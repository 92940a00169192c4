import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TileState } from '../api/wire'
import { Tile, type TileView } from './tile'

function make(): { tile: Tile; seen: TileView[]; last(): TileView } {
  const seen: TileView[] = []
  const tile = new Tile({ onChange: v => seen.push(v) })
  tile.setConnected(true)
  return { tile, seen, last: () => seen.at(-1) as TileView }
}
const live = (camera: string, first_ts?: number): TileState => ({ cell: 0, camera, state: 'live', first_ts })

describe('tile', () => {
  beforeEach(() => { vi.useFakeTimers() })
  afterEach(() => { vi.useRealTimers() })

  it('is live only with a painted frame, and stalls 4 s after the last', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    expect(last().state).toBe('connecting')
    tile.frame(1000)
    expect(last()).toMatchObject({ state: 'live', picture: 'full', name: 'Gate' })
    vi.advanceTimersByTime(3999)
    expect(last().state).toBe('live')
    vi.advanceTimersByTime(1)
    expect(last().state).toBe('stalled')
    tile.frame(90_000)
    expect(last().state).toBe('live')
  })

  it('changes name and picture together on a swap', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setWant('b', 'Yard')
    expect(last()).toMatchObject({ camera: 'a', name: 'Gate', picture: 'full' })
    tile.setServer(live('b', 5000))
    tile.frame(4999)
    expect(last().name).toBe('Gate')
    tile.frame(5000)
    expect(last()).toMatchObject({ camera: 'b', name: 'Yard', state: 'live', picture: 'full' })
  })

  it('swaps when the media overtook the message', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setWant('b', 'Yard')
    tile.frame(5040)
    expect(last().name).toBe('Gate')
    tile.setServer(live('b', 5000))
    expect(last()).toMatchObject({ name: 'Yard', state: 'live' })
  })

  it('gives the old picture up after a second', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setWant('b', 'Yard')
    vi.advanceTimersByTime(1000)
    expect(last()).toMatchObject({ name: 'Yard', state: 'connecting', picture: 'none' })
  })

  it('takes the picture away at once when the right ends, and the old one too', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setServer({ cell: 0, camera: 'a', state: 'ended', reason: 'revoked' })
    expect(last()).toMatchObject({ state: 'ended', picture: 'none' })
    tile.frame(1100)
    expect(last()).toMatchObject({ state: 'ended', picture: 'none' })
    tile.setWant('b', 'Yard')
    tile.setServer({ cell: 0, camera: 'b', state: 'offline' })
    expect(last()).toMatchObject({ name: 'Yard', state: 'offline', picture: 'none' })
  })

  it('drops words about a camera that is not wanted any more', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setWant('b', 'Yard')
    tile.setServer({ cell: 0, camera: 'a', state: 'ended' })
    expect(last().state).toBe('connecting')
  })

  it('compares RTP timestamps on the circle', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 4_294_967_000))
    tile.frame(4_294_966_000)
    expect(last().state).toBe('connecting')
    tile.frame(500)
    expect(last().state).toBe('live')
  })

  it('does not tell the listener of every frame', () => {
    vi.setSystemTime(1_000_000)
    const { tile, seen } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 0))
    tile.frame(0)
    const before = seen.length
    for (let i = 1; i <= 40; i++) {
      vi.advanceTimersByTime(50)
      tile.frame(i * 4500)
    }
    expect(seen.length - before).toBeLessThanOrEqual(3)
  })
})
