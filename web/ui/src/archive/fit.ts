/** Fit is how many tiles stand beside each other, how many rows that makes, and whether a rail takes two lines. */
export interface Fit {
  rows: number
  columns: number
  two: boolean
}

/** Space between tiles, and a rail of one line and of two, px: as the styles have them. */
const gap = 8
const rail = { one: 30, two: 44 }
/** Under this width a name, a word and a clock do not stand in one line. */
const oneLine = 300

/** fit is the arrangement of n pictures of 16:9 with the widest tiles in so many px; the timeline leaves little height. */
export function fit(n: number, width: number, height: number): Fit {
  let best: Fit & { w: number } = { rows: n, columns: 1, two: false, w: -Infinity }
  for (let columns = 1; columns <= n; columns++) {
    const rows = Math.ceil(n / columns)
    const wide = (h: number): number => Math.min((width - (columns - 1) * gap) / columns, (((height - (rows - 1) * gap) / rows - h) * 16) / 9)
    const two = wide(rail.one) < oneLine
    const w = wide(two ? rail.two : rail.one)
    if (w > best.w + 1) best = { rows, columns, two, w }
  }
  return { rows: best.rows, columns: best.columns, two: best.two }
}
