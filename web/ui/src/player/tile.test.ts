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

  it('still knows its own frames after days, and those of before', () => {
    const seen: TileView[] = []
    const hour = 3_600_000
    let media = 1000 + 7 * hour // of a stream that began at 1000
    const tile = new Tile({ onChange: v => seen.push(v), media: () => media })
    tile.setConnected(true)
    tile.setWant('a', 'Gate')
    tile.setServer({ ...live('a', 5), first_ms: 1000 })
    tile.frame((5 + 7 * hour * 90 - 9000) >>> 0, 1)
    expect(seen.at(-1)?.state).toBe('live')
    tile.setServer({ ...live('a', (5 + 7 * hour * 90) >>> 0), first_ms: 1000 + 7 * hour })
    expect(seen.at(-1)?.state).toBe('connecting')
    media += 100
    tile.frame((5 + 7 * hour * 90 - 4500) >>> 0, 2)
    expect(seen.at(-1)?.state).toBe('connecting')
    tile.frame((5 + 7 * hour * 90 + 4500) >>> 0, 3)
    expect(seen.at(-1)?.state).toBe('live')
  })

  describe('R91: is never live on a picture that stands', () => {
    const going = () => {
      const m = make()
      m.tile.setWant('a', 'Gate')
      m.tile.setServer(live('a', 1000))
      m.tile.frame(1000)
      expect(m.last().state).toBe('live')
      return m
    }
    it('though the same frame is painted anew', () => {
      const { tile, last } = going()
      for (let i = 0; i < 50; i++) {
        vi.advanceTimersByTime(100)
        tile.frame(1000)
      }
      expect(last().state).toBe('stalled')
    })
    it('after a sleep', () => {
      const { tile, last } = going()
      vi.setSystemTime(Date.now() + 3_600_000)
      tile.look()
      expect(last().state).toBe('stalled')
    })
    it('when the page was hidden and is shown again', () => {
      const { tile, last } = going()
      tile.setVisible(false)
      tile.setServer({ cell: 0, camera: 'a', state: 'connecting' })
      vi.advanceTimersByTime(1000)
      tile.setVisible(true)
      expect(last()).toMatchObject({ state: 'connecting', picture: 'dim' })
      tile.setServer(live('a', 900_000))
      tile.frame(5000) // of before
      expect(last().state).toBe('connecting')
      tile.frame(900_000)
      expect(last().state).toBe('live')
    })
    it('when a camera comes back, until its first frame', () => {
      const { tile, last } = going()
      vi.advanceTimersByTime(5000)
      tile.setServer({ cell: 0, camera: 'a', state: 'reconnecting', first_ts: 1000 })
      vi.advanceTimersByTime(5000)
      tile.setServer(live('a', 1000))
      expect(last().state).toBe('connecting')
      vi.advanceTimersByTime(5100)
      expect(last().state).toBe('stalled')
      tile.frame(2_000_000)
      expect(last().state).toBe('live')
    })
    it('when stills give way to live', () => {
      const { tile, last } = make()
      tile.setWant('a', 'Gate')
      tile.setServer({ cell: 0, camera: 'a', state: 'throttled', first_ts: 1000, last_frame_at: '2026-01-01T00:00:00Z' })
      tile.frame(1000)
      expect(last()).toMatchObject({ state: 'throttled', at: Date.parse('2026-01-01T00:00:00Z') })
      tile.setServer(live('a', 1000))
      expect(last().state).toBe('connecting')
    })
    it('while another camera takes the place', () => {
      const { tile, last } = going()
      vi.advanceTimersByTime(3500)
      tile.setWant('b', 'Yard')
      expect(last().state).toBe('live')
      vi.advanceTimersByTime(500)
      expect(last().state).not.toBe('live')
    })
  })

  it('keeps the last picture, dimmed, while the connection is lost', () => {
    const { tile, last } = make()
    const track = {} as MediaStreamTrack
    tile.setTrack(track)
    tile.setWant('a', 'Gate')
    tile.setServer(live('a', 1000))
    tile.frame(1000)
    tile.setConnected(false)
    tile.setTrack(undefined)
    expect(last()).toMatchObject({ state: 'reconnecting', picture: 'dim', name: 'Gate' })
    tile.setTrack({} as MediaStreamTrack)
    tile.setConnected(true)
    expect(last()).toMatchObject({ state: 'connecting', picture: 'none' }) // the element is empty now; a still stands in where there is one
    tile.setServer(live('a', 77))
    tile.frame(77)
    expect(last()).toMatchObject({ state: 'live', picture: 'full' })
    tile.clear()
    expect(last().picture).toBe('none')
  })

  it('says of a camera that is away when its last picture was, not when it was played', () => {
    const { tile, last } = make()
    tile.setWant('a', 'Gate')
    tile.setServer({ cell: 0, camera: 'a', state: 'reconnecting', first_ts: 1000, last_frame_at: '2026-01-01T00:00:00Z' })
    tile.frame(1000)
    expect(last()).toMatchObject({ state: 'reconnecting', picture: 'dim', at: Date.parse('2026-01-01T00:00:00Z') })
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
