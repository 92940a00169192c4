import { describe, expect, it } from 'vitest'
import type { TileState } from '../api/wire'
import { arrival, Delay } from './delay'

const live: TileState = { cell: 0, state: 'live', first_ts: 0xffff_ff00, first_ms: 1000 }

describe('delay', () => {
  it('knows when a frame came, across the wrap of its timestamp and of days', () => {
    expect(arrival(0xffff_ff00, 1050, 0xffff_ff00, 1000)).toBeCloseTo(1000, 1)
    expect(arrival((0xffff_ff00 + 9000) >>> 0, 1180, 0xffff_ff00, 1000)).toBeCloseTo(1100, 1)
    const days = 3 * 86_400_000
    const ts = Number((BigInt(0xffff_ff00) + BigInt(days) * 90n) & 0xffff_ffffn)
    expect(arrival(ts, 1000 + days + 70, 0xffff_ff00, 1000)).toBeCloseTo(1000 + days, 1)
  })

  it('reads the median of a second of frames, and nothing before', () => {
    const d = new Delay()
    for (let i = 0; i < 24; i++) d.add((0xffff_ff00 + i * 3600) >>> 0, 1000 + i * 40 + 120, live)
    expect(d.ms).toBeUndefined()
    d.add((0xffff_ff00 + 24 * 3600) >>> 0, 1000 + 24 * 40 + 900, live) // one late frame changes nothing
    expect(d.ms).toBeCloseTo(120, 1)
    d.reset()
    expect(d.ms).toBeUndefined()
  })

  it('says nothing without the server\'s word', () => {
    const d = new Delay()
    for (let i = 0; i < 50; i++) d.add(i, i, { cell: 0, state: 'live' })
    expect(d.ms).toBeUndefined()
  })
})
