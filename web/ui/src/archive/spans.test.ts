import { describe, expect, it } from 'vitest'
import { at, before, holds, join, nearest, next, replace, total } from './spans'

const spans = [{ from: 1000, to: 5000 }, { from: 9000, to: 12_000 }, { from: 20_000, to: 21_000 }]

describe('spans', () => {
  it('finds what holds a moment: half open', () => {
    expect([999, 1000, 4999, 5000, 9000, 20_999, 21_000].map(t => at(spans, t))).toEqual([-1, 0, 0, -1, 1, 2, -1])
    expect(holds([], 5)).toBe(false)
  })
  it('finds the neighbours of a gap', () => {
    expect(next(spans, 6000)).toEqual(spans[1])
    expect(next(spans, 4000)).toEqual(spans[0])
    expect(next(spans, 21_000)).toBeUndefined()
    expect(before(spans, 6000)).toEqual(spans[0])
    expect(before(spans, 500)).toBeUndefined()
  })
  it('goes to the nearest footage', () => {
    expect(nearest(spans, 3000)).toBe(3000)
    expect(nearest(spans, 6000)).toBe(4000) // a second before the end: there is something to see
    expect(nearest(spans, 8500)).toBe(9000)
    expect(nearest(spans, 0)).toBe(1000)
    expect(nearest([], 0)).toBeUndefined()
  })
  it('joins and replaces', () => {
    expect(join([[{ from: 0, to: 5 }], [{ from: 5, to: 8 }, { from: 20, to: 30 }]])).toEqual([{ from: 0, to: 8 }, { from: 20, to: 30 }])
    expect(join([[{ from: 0, to: 5 }, { from: 7, to: 9 }]], 2)).toEqual([{ from: 0, to: 9 }])
    expect(replace(spans, { from: 4000, to: 10_000 }, [{ from: 4000, to: 4500 }])).toEqual([{ from: 1000, to: 4500 }, { from: 10_000, to: 12_000 }, { from: 20_000, to: 21_000 }])
    expect(total(spans, { from: 4000, to: 10_000 })).toBe(2000)
  })
})
