// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { desk, pageAfter, pages, phone, step } from './grid'

describe('grid', () => {
  it('counts pages', () => {
    expect([0, 1, 6, 7, 12, 13].map(n => pages(n, desk))).toEqual([1, 1, 1, 2, 2, 3])
    expect(pages(6, phone)).toBe(3)
  })
  it('TestR73_keeps the first visible item on the page when the window changes', () => {
    expect(pageAfter(1, desk, phone)).toBe(3) // items 6 and 7
    expect(pageAfter(2, phone, desk)).toBe(0) // item 4 is on the first page of six
    expect(pageAfter(3, phone, desk)).toBe(1)
  })
  it('moves inside the grid only, mirrored in right-to-left pages', () => {
    expect(step(0, 'ArrowRight', desk, 6, false)).toBe(1)
    expect(step(2, 'ArrowRight', desk, 6, false)).toBe(2)
    expect(step(0, 'ArrowLeft', desk, 6, true)).toBe(1)
    expect(step(1, 'ArrowRight', desk, 6, true)).toBe(0)
    expect(step(1, 'ArrowDown', desk, 6, false)).toBe(4)
    expect(step(4, 'ArrowUp', desk, 6, false)).toBe(1)
    expect(step(4, 'ArrowDown', desk, 6, false)).toBe(4)
  })
})
