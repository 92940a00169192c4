import type { Camera, View, ViewCell } from '../api/wire'
import { active, t } from '../i18n/i18n'
import { autoGrid, cells, oneFive, phone, type Grid } from '../wall/grid'
import type { WallItem } from '../wall/wall'

/** The two kinds of device a view can be the default of (row R98). */
export type Device = 'desktop' | 'phone'

/** What stands in the place of a view's id for "every camera, in order". */
export const every = 'all'

/** filled says whether a cell holds anything. */
export function filled(c: ViewCell | undefined): boolean {
  return c !== undefined && (c.camera !== undefined || c.any !== undefined) && (c.camera !== '' || (c.any ?? 0) > 0)
}

/** gridOf is a saved view's own grid. */
export function gridOf(v: Pick<View, 'rows' | 'columns' | 'layout'>): Grid {
  return v.layout === '1+5' ? oneFive : { rows: v.rows, columns: v.columns }
}

/** gridText is "2 × 3" or "1 + 5". */
export function gridText(g: Grid): string {
  return g.big ? t('views.one_five') : t('views.size', { rows: g.rows, columns: g.columns })
}

/** nameOf is what a view is called; the one an account begins with (row R90) has no name of its own. */
export function nameOf(view: Pick<View, 'name'> | undefined): string {
  if (!view) return t('wall.all_cameras')
  return view.name || t('wall.first_camera')
}

/** byName is the views in the order of a menu: as people sort names, View 2 before View 10. */
export function byName(views: readonly View[]): View[] {
  const { compare } = new Intl.Collator(active.peek().locale, { numeric: true, sensitivity: 'base' })
  return [...views].sort((a, b) => compare(a.name, b.name))
}

/**
 * pick is the id of the view to show: the chosen one while it exists, else what
 * this device opens on, else the account's default for its kind. A phone without one opens on the PC's, else on
 * every camera; a PC without one on the first view.
 */
export function pick(views: readonly View[], chosen: string | undefined, here: string | undefined, device: Device): string {
  for (const id of [chosen, here]) {
    if (id !== undefined && (id === every || views.some(v => v.id === id))) return id
  }
  const of = (d: Device): View | undefined => views.find(v => v.default_for?.includes(d))
  return (of(device) ?? (device === 'phone' ? of('desktop') : views[0]))?.id ?? every
}

/**
 * gridFor is what is drawn. A phone pages through two at a time, but a view made
 * for phones is shown as it was made. `layout` is what was chosen for every camera.
 */
export function gridFor(view: View | undefined, onPhone: boolean, count: number, layout?: Grid): Grid {
  if (!onPhone) return view ? gridOf(view) : layout ?? autoGrid(count)
  if (view) {
    const g = gridOf(view)
    return view.default_for?.includes('phone') || cells(g) === 1 ? g : phone
  }
  return count === 1 ? { rows: 1, columns: 1 } : phone
}

/** byNumber is "any, #n": the nth camera of the account's order, which is the list's. */
export function byNumber(list: readonly Camera[], n: number): Camera | undefined {
  return list[n - 1]
}

/** itemsOf resolves a view's cells. A camera in several cells has several items. */
export function itemsOf(view: View | undefined, list: readonly Camera[]): (WallItem | undefined)[] {
  const item = (c: Camera | undefined): WallItem | undefined => c && { camera: c.id, name: c.name, sound: c.sound && (c.state?.audio ?? false) }
  if (!view) return list.map(item)
  const times = new Map<string, number>()
  return view.cells.map(cell => {
    // A camera that the list lacks is one the viewer may not see: the server says so in the tile (row R99).
    const known = cell.camera ? list.find(c => c.id === cell.camera) : cell.any ? byNumber(list, cell.any) : undefined
    const found = item(known) ?? (cell.camera ? { camera: cell.camera, name: '', sound: false } : undefined)
    if (!found) return undefined
    const n = (times.get(found.camera) ?? 0) + 1
    times.set(found.camera, n)
    return n === 1 ? found : { ...found, key: `${found.camera}#${n}` }
  })
}

/** leftOut counts the cameras that no cell of a view shows. */
export function leftOut(view: View | undefined, list: readonly Camera[]): number {
  if (!view) return 0
  const shown = new Set(itemsOf(view, list).map(i => i?.camera))
  return list.filter(c => !shown.has(c.id)).length
}

/** keep is the new list with what vanished from it left where it was. */
export function keep(before: readonly (WallItem | undefined)[], now: readonly (WallItem | undefined)[]): (WallItem | undefined)[] {
  const out = [...now]
  for (const [i, item] of before.entries()) {
    if (item && !out.some(x => x?.camera === item.camera)) out.splice(Math.min(i, out.length), 0, item)
  }
  return out
}
