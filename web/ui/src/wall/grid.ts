/** Grid is rows by columns. */
export interface Grid {
  rows: number
  columns: number
  /** The first cell is two rows by two columns: "1+5" in three by three. */
  big?: boolean
}

/** Spot is where a cell lies: its first row and column, and how many of both it takes. */
export interface Spot {
  row: number
  column: number
  span: number
}

/** Under this width the wall is a phone's: two cells, one above the other (row R73: by CSS width only). */
export const phoneBelow = 768

export const desk: Grid = { rows: 2, columns: 3 }
export const phone: Grid = { rows: 2, columns: 1 }
export const oneFive: Grid = { rows: 3, columns: 3, big: true }

export function cells(g: Grid): number {
  return g.rows * g.columns - (g.big ? 3 : 0)
}

export function sameGrid(a: Grid, b: Grid): boolean {
  return a.rows === b.rows && a.columns === b.columns && !a.big === !b.big
}

/** autoGrid is the smallest usual grid for so many cameras; more than 16 go on further pages. */
export function autoGrid(n: number): Grid {
  if (n <= 2) return { rows: 1, columns: Math.max(1, n) }
  if (n === 3) return { rows: 1, columns: 3 }
  if (n === 4) return { rows: 2, columns: 2 }
  if (n <= 6) return desk
  if (n <= 9) return { rows: 3, columns: 3 }
  return { rows: n <= 12 ? 3 : 4, columns: 4 }
}

/** spots says where the cells of a grid lie, in reading order. */
export function spots(g: Grid): Spot[] {
  const out: Spot[] = g.big ? [{ row: 0, column: 0, span: 2 }] : []
  for (let row = 0; row < g.rows; row++) {
    for (let column = 0; column < g.columns; column++) {
      if (!g.big || row > 1 || column > 1) out.push({ row, column, span: 1 })
    }
  }
  return out
}

/** cellAt is the cell that covers a place, or -1 outside the grid. */
export function cellAt(g: Grid, row: number, column: number): number {
  return spots(g).findIndex(s => row >= s.row && row < s.row + s.span && column >= s.column && column < s.column + s.span)
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
  const s = spots(g)[position]
  if (!s) return position
  let { row, column } = s
  if (key === (rtl ? 'ArrowLeft' : 'ArrowRight')) column += s.span
  else if (key === (rtl ? 'ArrowRight' : 'ArrowLeft')) column--
  else if (key === 'ArrowDown') row += s.span
  else if (key === 'ArrowUp') row--
  const next = cellAt(g, row, column)
  return next >= 0 && next < count ? next : position
}
