// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { fit } from './fit'

const said = (n: number, w: number, h: number): string => {
  const f = fit(n, w, h)
  return `${f.rows}x${f.columns}${f.two ? ' two lines' : ''}`
}

describe('fit', () => {
  it('makes tiles as wide as they go over a timeline', () => {
    expect(said(1, 1256, 400)).toBe('1x1')
    expect(said(4, 1256, 560)).toBe('2x2')
    expect(said(6, 1256, 420)).toBe('2x3')
    expect(said(7, 1256, 330)).toBe('2x4 two lines')
    expect(said(10, 1256, 315)).toBe('2x5 two lines')
    expect(said(9, 1896, 640)).toBe('2x5')
    expect(said(16, 1896, 600)).toBe('3x6 two lines')
  })

  it('has a place for every camera, also where there is no room', () => {
    for (let n = 1; n <= 16; n++) {
      for (const [w, h] of [[1256, 315], [300, 900], [10, 10]] as const) {
        const f = fit(n, w, h)
        expect(f.rows * f.columns).toBeGreaterThanOrEqual(n)
        expect((f.rows - 1) * f.columns).toBeLessThan(n)
      }
    }
  })
})
