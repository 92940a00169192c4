import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CoverageAnswer } from './api'
import { Player } from './player'

const iso = (ms: number): string => new Date(ms).toISOString()
const start = Date.parse('2026-11-22T14:00:00Z')

/** A server that has these spans of every camera, as far as the edge. */
function server(spans: [number, number][], edge = start + 600_000) {
  return {
    days: () => Promise.resolve({ zone: 'UTC', days: [{ date: '2026-11-22' }] }),
    coverage: (): Promise<CoverageAnswer> => Promise.resolve({
      layer: 'sub', layers: ['sub'], now: iso(start + 600_000), edge: iso(edge), bounds: { only_hours: false, delay_s: 0 },
      spans: spans.map(([a, b]) => ({ from: iso(start + a * 1000), to: iso(start + b * 1000) })),
    }),
  }
}

describe('the clock of recordings', () => {
  let player: Player
  beforeEach(() => {
    vi.useFakeTimers({ now: start + 600_000 })
    vi.stubGlobal('fetch', () => Promise.reject(new Error('no media in this test')))
  })
  afterEach(() => {
    player.dispose()
    vi.useRealTimers()
    vi.unstubAllGlobals()
  })
  const make = async (spans: [number, number][], at: number | undefined, edge?: number, cameras = ['a']): Promise<void> => {
    player = new Player({ cameras, at: at === undefined ? undefined : start + at * 1000, api: server(spans, edge), start: () => new Promise(() => {}) })
    await vi.advanceTimersByTimeAsync(10)
  }

  it('begins at the newest footage where no moment is asked for', async () => {
    await make([[0, 100], [200, 300]], undefined)
    expect(player.now.peek()).toBe(start + 290_000)
  })
  it('jumps over a gap and says which', async () => {
    await make([[0, 100], [200, 300]], 150)
    await vi.advanceTimersByTimeAsync(300)
    expect(player.now.peek()).toBe(start + 200_000)
    expect(player.jumped.peek()).toEqual({ from: start + 100_000, to: start + 200_000 })
  })
  it('stays in a gap while it stands still', async () => {
    await make([[0, 100], [200, 300]], 150)
    player.play(false)
    player.seek(start + 160_000)
    await vi.advanceTimersByTimeAsync(500)
    expect(player.now.peek()).toBe(start + 160_000)
  })
  it('waits behind the newest, and goes no further than one may see', async () => {
    await make([[0, 100]], 50, start + 90_000)
    player.seek(start + 500_000)
    expect(player.now.peek()).toBeLessThanOrEqual(start + 90_100)
    player.seek(start + 300_000_000)
    expect(player.now.peek()).toBeLessThanOrEqual(start + 90_100)
  })
  it('holds the clock for media that is late', async () => {
    await make([[0, 100]], 50, undefined, ['a', 'b'])
    const t = player.now.peek()
    await vi.advanceTimersByTimeAsync(1000)
    expect(player.now.peek()).toBe(t)
  })
})
