import type { View, ViewCell } from '../api/wire'
import { cellAt, cells, sameGrid, spots, type Grid } from '../wall/grid'
import { filled, gridOf, type Device } from './resolve'

/** What a grid holds, and what has no place in it. */
interface Held {
  grid: Grid
  cells: readonly ViewCell[]
  aside: readonly ViewCell[]
}

/** Draft is a view while it is arranged. Every change gives a new one. */
export interface Draft extends Held {
  /** Absent: a view that is not stored yet. */
  id?: string
  version: number
  name: string
  defaults: readonly Device[]
  /** What was there before the grid was changed: going back to that grid brings all back. */
  base: Held
}

export function draftOf(v: Pick<View, 'name' | 'rows' | 'columns' | 'layout' | 'cells' | 'default_for'> & Partial<View>): Draft {
  const grid = gridOf(v)
  const held: Held = { grid, cells: Array.from({ length: cells(grid) }, (_, i) => tidy(v.cells[i])), aside: [] }
  return { ...held, base: held, ...(v.id && { id: v.id }), version: v.version ?? 0, name: v.name, defaults: [...(v.default_for ?? [])].sort() }
}

/** tidy leaves out what is empty, so that cells compare by what they mean. */
function tidy(c: ViewCell | undefined): ViewCell {
  if (c?.camera) return { camera: c.camera }
  return c?.any ? { any: c.any } : {}
}

function held(d: Draft, next: Partial<Held>): Draft {
  const h: Held = { grid: d.grid, cells: d.cells, aside: d.aside, ...next }
  return { ...d, ...h, base: h }
}

/** placeOf is the cell that holds a camera, or -1. */
export function placeOf(d: Held, camera: string | undefined): number {
  return camera ? d.cells.findIndex(c => c.camera === camera) : -1
}

/** What putting something on a cell does there. */
export type Effect = 'same' | 'free' | 'swap' | 'replace'

/** effectOf says what a drop would do: on a free cell, or changing places lose nothing; replacing does. */
export function effectOf(d: Draft, to: number, what: ViewCell, from?: number): Effect {
  const source = from ?? placeOf(d, what.camera)
  if (source === to) return 'same'
  if (!filled(d.cells[to])) return 'free'
  return source >= 0 ? 'swap' : 'replace'
}

/** put places something on a cell. A camera that has a cell already changes places with what is there. */
export function put(d: Draft, to: number, what: ViewCell, from?: number): Draft {
  const source = from ?? placeOf(d, what.camera)
  if (to < 0 || to >= d.cells.length || source === to) return d
  const next = [...d.cells]
  if (source >= 0) next[source] = d.cells[to] ?? {}
  next[to] = tidy(what)
  const aside = d.aside.findIndex(c => c.camera !== undefined && c.camera === what.camera)
  return held(d, { cells: next, aside: d.aside.filter((_, i) => i !== aside) })
}

/** clear empties a cell. */
export function clear(d: Draft, at: number): Draft {
  return filled(d.cells[at]) ? held(d, { cells: d.cells.map((c, i) => (i === at ? {} : c)) }) : d
}

/** firstFree is the first empty cell, or -1. */
export function firstFree(d: Held): number {
  return d.cells.findIndex(c => !filled(c))
}

/** nextAny is the smallest number that no cell asks for yet. */
export function nextAny(d: Held): number {
  for (let n = 1; ; n++) if (!d.cells.some(c => c.any === n)) return n
}

/**
 * resize gives the draft another grid. Everything keeps its row and column where
 * it can, else it takes a free cell; what finds none is kept aside, for a larger
 * grid to take back.
 */
export function resize(d: Draft, grid: Grid): Draft {
  const { base } = d
  if (sameGrid(base.grid, grid)) return { ...d, ...base }
  const next: ViewCell[] = Array.from({ length: cells(grid) }, () => ({}))
  const homeless: ViewCell[] = []
  const where = spots(base.grid)
  for (const [i, c] of base.cells.entries()) {
    if (!filled(c)) continue
    const s = where[i]
    const at = s ? cellAt(grid, s.row, s.column) : -1
    if (at >= 0 && !filled(next[at])) next[at] = c
    else homeless.push(c)
  }
  const aside: ViewCell[] = []
  for (const c of [...homeless, ...base.aside]) {
    const at = next.findIndex(x => !filled(x))
    if (at >= 0) next[at] = c
    else aside.push(c)
  }
  return { ...d, grid, cells: next, aside }
}

/** toggleDefault makes the draft the default of a kind of device, or no longer. */
export function toggleDefault(d: Draft, device: Device, on: boolean): Draft {
  const rest = d.defaults.filter(x => x !== device)
  return { ...d, defaults: on ? [...rest, device].sort() : rest }
}

/** What of a view two versions of it differ in. */
export interface Difference {
  name: boolean
  grid: boolean
  cells: number
  defaults: boolean
}

export function difference(a: Draft, b: Draft): Difference {
  const n = Math.max(a.cells.length, b.cells.length)
  return {
    name: a.name.trim() !== b.name.trim(),
    grid: !sameGrid(a.grid, b.grid),
    cells: Array.from({ length: n }, (_, i) => JSON.stringify(tidy(a.cells[i])) !== JSON.stringify(tidy(b.cells[i]))).filter(Boolean).length,
    defaults: a.defaults.join() !== b.defaults.join(),
  }
}

export function differs(a: Draft, b: Draft): boolean {
  const d = difference(a, b)
  return d.name || d.grid || d.cells > 0 || d.defaults
}

/**
 * onTop is the draft as a change of what is stored now, when that and the draft
 * changed different things (defaults are moved by saving other views); undefined
 * when a person has to choose.
 */
export function onTop(mine: Draft, before: Draft, stored: Draft): Draft | undefined {
  const theirs = difference(stored, before)
  if (theirs.name || theirs.grid || theirs.cells > 0) return undefined
  if (theirs.defaults && difference(mine, before).defaults) return undefined
  return { ...mine, version: stored.version, defaults: theirs.defaults ? stored.defaults : mine.defaults }
}

/** body is what is sent to store the draft. */
export function body(d: Draft): Omit<View, 'id'> {
  return {
    name: d.name.trim(), rows: d.grid.rows, columns: d.grid.columns, layout: d.grid.big ? '1+5' : 'grid',
    cells: d.cells.map(tidy), default_for: [...d.defaults], version: d.version,
  }
}

/** copyName is a name for a copy that no view has: "Yard 2". */
export function copyName(name: string, taken: readonly string[]): string {
  const has = new Set(taken.map(n => n.toLowerCase()))
  const stem = name.replace(/ \d+$/, '')
  for (let n = 2; ; n++) {
    const tail = ` ${n}`
    const next = [...stem].slice(0, 60 - tail.length).join('') + tail
    if (!has.has(next.toLowerCase())) return next
  }
}
