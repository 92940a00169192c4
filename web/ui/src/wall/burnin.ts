/** How far and how often the picture moves, so that nothing burns into a screen that shows the same for years. */
export const shiftBy = 2
export const shiftEvery = 600_000

const corners: readonly (readonly [number, number])[] = [[0, 0], [1, 0], [1, 1], [0, 1]]

/** shiftAt is where the picture stands after so many steps, CSS px: the corners of a small square, one after the other. */
export function shiftAt(step: number): readonly [number, number] {
  const [x, y] = corners[((step % 4) + 4) % 4] as readonly [number, number]
  return [x * shiftBy, y * shiftBy]
}
