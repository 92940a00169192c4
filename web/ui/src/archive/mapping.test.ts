import { describe, expect, it } from 'vitest'
import { inLine, mediaOf, wallOf } from './mapping'
import type { Piece } from './playlist'

const piece = (at: number, seconds: number): Piece => ({ uri: `s${at}`, map: '', at, seconds, jump: false })

describe('media and wall clock', () => {
  const placed = inLine([piece(100_000, 4), piece(104_000, 4), piece(200_000, 4)])
  it('are mapped exactly both ways', () => {
    expect(wallOf(placed, 0)).toBe(100_000)
    expect(wallOf(placed, 5.5)).toBe(105_500)
    expect(wallOf(placed, 8)).toBe(200_000) // over the gap at once
    expect(mediaOf(placed, 105_500)).toEqual({ media: 5.5, gap: false })
    expect(mediaOf(placed, 201_000)).toEqual({ media: 9, gap: false })
  })
  it('say where a gap goes on, and nothing beyond the pieces', () => {
    expect(mediaOf(placed, 150_000)).toEqual({ media: 8, gap: true })
    expect(mediaOf(placed, 99_999)).toBeUndefined()
    expect(mediaOf(placed, 204_000)).toBeUndefined()
    expect(wallOf([], 3)).toBeUndefined()
  })
  it('stay exact over a clock that was set back', () => {
    const back = inLine([piece(100_000, 4), piece(50_000, 4)])
    expect(wallOf(back, 3.9)).toBeCloseTo(103_900)
    expect(wallOf(back, 4.5)).toBe(50_500)
  })
})
