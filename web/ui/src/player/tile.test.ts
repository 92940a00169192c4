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

  describe('still', () => {
    const shots = vi.fn(() => Promise.resolve({ blob: new Blob(), at: 5000 }))
    function posted() {
      const seen: TileView[] = []
      const tile = new Tile({ onChange: v => seen.push(v), still: shots })
      tile.setConnected(true)
      return { tile, last: () => seen.at(-1) as TileView }
    }
    beforeEach(() => {
      shots.mockClear()
      let n = 0
      vi.stubGlobal('URL', Object.assign(Object.create(URL), { createObjectURL: () => `blob:${++n}`, revokeObjectURL: vi.fn() }))
    })
    afterEach(() => { vi.unstubAllGlobals() })

    it('is not asked for when the picture comes soon', async () => {
      const { tile } = posted()
      tile.setWant('a', 'Gate')
      tile.setServer(live('a', 1000))
      tile.frame(1000)
      await vi.advanceTimersByTimeAsync(2000)
      expect(shots).not.toHaveBeenCalled()
    })

    it('stands dimmed under a starting tile, and never under a live one', async () => {
      const { tile, last } = posted()
      tile.setWant('a', 'Gate')
      await vi.advanceTimersByTimeAsync(1000)
      expect(shots).not.toHaveBeenCalled() // the server has not let it in yet
      tile.setServer({ cell: 0, camera: 'a', state: 'connecting' })
      await vi.advanceTimersByTimeAsync(350)
      expect(shots).toHaveBeenCalledTimes(1)
      expect(last()).toMatchObject({ state: 'connecting', picture: 'dim', at: 5000, poster: { at: 5000 } })
      tile.setServer(live('a', 1000))
      expect(last()).toMatchObject({ state: 'connecting', picture: 'dim' })
      tile.frame(1000)
      expect(last()).toMatchObject({ state: 'live', picture: 'full', poster: undefined })
      expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:1')
    })

    it('is the last picture of a camera that is away', async () => {
      const { tile, last } = posted()
      tile.setWant('a', 'Gate')
      tile.setServer({ cell: 0, camera: 'a', state: 'offline', last_frame_at: '2026-01-01T00:00:00Z' })
      await vi.advanceTimersByTimeAsync(1)
      expect(last()).toMatchObject({ state: 'offline', picture: 'dark', at: 5000 })
    })

    it('goes with the right to see it, and with the camera', async () => {
      const { tile, last } = posted()
      tile.setWant('a', 'Gate')
      tile.setServer({ cell: 0, camera: 'a', state: 'offline' })
      await vi.advanceTimersByTimeAsync(1)
      tile.setServer({ cell: 0, camera: 'a', state: 'ended', reason: 'revoked' })
      expect(last()).toMatchObject({ state: 'ended', picture: 'none', poster: undefined })
      tile.setWant('b', 'Yard')
      tile.setServer({ cell: 0, camera: 'b', state: 'connecting' })
      expect(last().poster).toBeUndefined()
      await vi.advanceTimersByTimeAsync(350)
      expect(last().poster).toBeDefined()
    })

    it('that comes too late is not shown', async () => {
      let give = (_: { blob: Blob; at: number }): void => {}
      shots.mockImplementationOnce(() => new Promise(r => { give = r }))
      const { tile, last } = posted()
      tile.setWant('a', 'Gate')
      tile.setServer(live('a', 1000))
      await vi.advanceTimersByTimeAsync(400)
      tile.frame(1000)
      give({ blob: new Blob(), at: 1 })
      await vi.advanceTimersByTimeAsync(1)
      expect(last()).toMatchObject({ state: 'live', poster: undefined })
    })
  })

  it('says that the server holds a picture back', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setServer({ cell: 0, camera: 'a', state: 'stalled', reason: 'low_bandwidth', first_ts: 1000 })
    expect(last()).toMatchObject({ state: 'stalled', picture: 'full' })
    vi.advanceTimersByTime(20_000)
    tile.setServer(live('a', 1000))
    expect(last()).toMatchObject({ state: 'connecting', picture: 'dim' })
    tile.frame(9000)
    expect(last()).toMatchObject({ state: 'live', picture: 'full' })
  })
})
