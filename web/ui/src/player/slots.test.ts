// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { place, poolFor } from './slots'

const map = (o: Record<string, number>) => new Map(Object.entries(o))

describe('place', () => {
  it('gives each its own position at first', () => {
    expect(place(new Map(), ['a', 'b', 'c', undefined, 'd', undefined], 6)).toEqual([0, 1, 2, -1, 4, -1])
  })
  it('TestR73_what stays visible keeps its slot when the grid shrinks and grows', () => {
    expect(place(map({ a: 0, b: 1, c: 2, d: 3, e: 4, f: 5 }), ['a', 'b'], 6)).toEqual([0, 1])
    expect(place(map({ c: 0, d: 1 }), ['a', 'b', 'c', 'd', 'e', 'f'], 6)).toEqual([2, 3, 0, 1, 4, 5])
  })
  it('swaps at the place on the next page', () => {
    expect(place(map({ a: 0, b: 1 }), ['c', 'd'], 2)).toEqual([0, 1])
  })
  it('never gives one slot twice and none beyond the pool', () => {
    const slots = place(map({ a: 5, b: 5, x: 9 }), ['a', 'b', 'x'], 6)
    expect(new Set(slots).size).toBe(3)
    expect(Math.max(...slots)).toBeLessThan(6)
  })
  it('knows the pool sizes', () => {
    expect([1, 2, 3, 6, 7, 16].map(poolFor)).toEqual([2, 2, 6, 6, 16, 16])
  })
})
