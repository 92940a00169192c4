// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { autoGrid, cellAt, cells, desk, oneFive, pageAfter, pages, phone, spots, step } from './grid'

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
  it('TestR89_has one large cell and five small ones in 1+5', () => {
    expect(cells(oneFive)).toBe(6)
    expect(spots(oneFive)).toEqual([
      { row: 0, column: 0, span: 2 }, { row: 0, column: 2, span: 1 }, { row: 1, column: 2, span: 1 },
      { row: 2, column: 0, span: 1 }, { row: 2, column: 1, span: 1 }, { row: 2, column: 2, span: 1 },
    ])
    expect(cellAt(oneFive, 1, 1)).toBe(0)
    expect(cellAt(oneFive, 3, 0)).toBe(-1)
    expect(step(0, 'ArrowRight', oneFive, 6, false)).toBe(1)
    expect(step(2, 'ArrowLeft', oneFive, 6, false)).toBe(0)
    expect(step(0, 'ArrowDown', oneFive, 6, false)).toBe(3)
    expect(step(4, 'ArrowUp', oneFive, 6, false)).toBe(0)
    expect(step(0, 'ArrowLeft', oneFive, 6, true)).toBe(1)
  })
  it('picks the usual grid for so many cameras, and pages past sixteen', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13, 16, 17, 40].map(n => `${autoGrid(n).rows}x${autoGrid(n).columns}`))
      .toEqual(['1x1', '1x2', '1x3', '2x2', '2x3', '2x3', '3x3', '3x3', '3x4', '3x4', '4x4', '4x4', '4x4', '4x4'])
    expect(pages(17, autoGrid(17))).toBe(2)
  })
})
