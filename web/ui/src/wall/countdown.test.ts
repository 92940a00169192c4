import { describe, expect, it } from 'vitest'
import type { TileView } from '../player/tile'
import { closesIn, minuteSecond } from './countdown'

const until = Date.parse('2026-06-18T15:00:00Z')
const view = (state: TileView['state'], end?: number): Pick<TileView, 'state' | 'server'> => ({
  state, server: { cell: 0, state: 'live', ...(end === undefined ? {} : { until: new Date(end).toISOString() }) },
})

describe('TestR19_ the countdown before an access closes', () => {
  it('is there in the last minute, and stands at nothing until the server closes the tile', () => {
    expect(closesIn(view('live', until), until - 60_001)).toBeUndefined()
    expect(closesIn(view('live', until), until - 60_000)).toBe(60_000)
    expect(closesIn(view('live', until), until - 1)).toBe(1)
    expect(closesIn(view('live', until), until + 500)).toBe(0)
    expect(closesIn(view('live', until), until + 3000)).toBeUndefined()
  })
  it('is not there without an end, nor on a tile whose picture is not the present', () => {
    expect(closesIn(view('live'), until)).toBeUndefined()
    for (const s of ['stalled', 'offline', 'throttled', 'closed', 'frozen'] as const) expect(closesIn(view(s, until), until - 1000)).toBeUndefined()
  })
  it('counts whole seconds down to nothing', () => {
    expect([60_000, 59_999, 42_000, 41_001, 1, 0].map(minuteSecond)).toEqual(['1:00', '1:00', '0:42', '0:42', '0:01', '0:00'])
  })
})
