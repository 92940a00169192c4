/** The distances marks of an axis may have, the greatest last; above it, multiples of it. */
export const minutes: readonly number[] = [1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 600]
export const counts: readonly number[] = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000]

/** Scale is an axis from nothing to `top`, marked every `step`. */
export interface Scale {
  top: number
  step: number
  marks: number[]
}

/** scale makes an axis with two to four marks that holds everything up to `most`. */
export function scale(most: number, steps: readonly number[]): Scale {
  const last = steps.at(-1) as number
  const step = steps.find(s => s * 4 >= most) ?? last * Math.ceil(most / (4 * last))
  const n = Math.max(2, Math.ceil(most / step - 1e-9))
  return { top: n * step, step, marks: Array.from({ length: n }, (_, i) => (i + 1) * step) }
}

/** every is how many bars share one label, so that labels of `label` px have room beside each other. */
export function every(width: number, bars: number, label: number): number {
  const each = width / bars
  return [1, 2, 3, 4, 6, 8, 12].find(n => n * each >= label) ?? 24
}
