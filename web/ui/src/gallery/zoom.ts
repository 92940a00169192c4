/** How a picture lies in its frame: scale 1 fits; x and y move its middle, CSS px. */
export interface Zoom {
  scale: number
  x: number
  y: number
}

export const fit: Zoom = { scale: 1, x: 0, y: 0 }
const most = 8

/** zoomAt changes the scale so that the point under the pointer (from the middle of the frame) stays there. */
export function zoomAt(z: Zoom, by: number, px: number, py: number): Zoom {
  const scale = Math.max(1, Math.min(most, z.scale * by))
  if (scale === 1) return fit
  const k = scale / z.scale
  return { scale, x: px - (px - z.x) * k, y: py - (py - z.y) * k }
}

/** hold keeps a picture of a size (fitted, CSS px) from leaving the frame. */
export function hold(z: Zoom, size: { width: number; height: number }, frame: { width: number; height: number }): Zoom {
  const room = (fitted: number, window: number): number => Math.max(0, (fitted * z.scale - window) / 2)
  const [rx, ry] = [room(size.width, frame.width), room(size.height, frame.height)]
  return { scale: z.scale, x: Math.max(-rx, Math.min(rx, z.x)), y: Math.max(-ry, Math.min(ry, z.y)) }
}
