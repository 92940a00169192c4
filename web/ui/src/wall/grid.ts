/** Grid is rows by columns. */
export interface Grid {
  rows: number
  columns: number
}

/** Under this width the wall is a phone's: two cells, one above the other (row R73: by CSS width only). */
export const phoneBelow = 768

export const desk: Grid = { rows: 2, columns: 3 }
export const phone: Grid = { rows: 2, columns: 1 }

export function cells(g: Grid): number {
  return g.rows * g.columns
}

export function pages(items: number, g: Grid): number {
  return Math.max(1, Math.ceil(items / cells(g)))
}

/** pageAfter keeps the first item that was visible on the page when the grid changes. */
export function pageAfter(page: number, from: Grid, to: Grid): number {
  return Math.floor((page * cells(from)) / cells(to))
}

/** step moves a selection by one cell; it stays inside the grid. `rtl` mirrors left and right. */
export function step(position: number, key: string, g: Grid, count: number, rtl: boolean): number {
  const column = position % g.columns
  const row = Math.floor(position / g.columns)
  const forward = rtl ? 'ArrowLeft' : 'ArrowRight'
  const back = rtl ? 'ArrowRight' : 'ArrowLeft'
  let next = position
  if (key === forward && column < g.columns - 1) next = position + 1
  else if (key === back && column > 0) next = position - 1
  else if (key === 'ArrowDown' && row < g.rows - 1) next = position + g.columns
  else if (key === 'ArrowUp' && row > 0) next = position - g.columns
  return next < count ? next : position
}
