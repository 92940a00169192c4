import { expect, it } from 'vitest'
import { fit, hold, zoomAt } from './zoom'

it('keeps the point under the pointer, and comes back to fitting', () => {
  const z = zoomAt(fit, 2, 100, -50)
  // The point was at (100, -50) of the picture; now it is drawn at scale * p + move.
  expect(z).toEqual({ scale: 2, x: -100, y: 50 })
  expect(100 * z.scale + z.x).toBe(100)
  expect(zoomAt(z, 0.1, 3, 3)).toEqual(fit)
  expect(zoomAt(fit, 100, 0, 0).scale).toBe(8)
})

it('does not let the picture leave the frame', () => {
  const size = { width: 800, height: 600 }
  expect(hold({ scale: 1, x: 50, y: 50 }, size, size)).toEqual({ scale: 1, x: 0, y: 0 })
  expect(hold({ scale: 2, x: 999, y: -999 }, size, size)).toEqual({ scale: 2, x: 400, y: -300 })
})
