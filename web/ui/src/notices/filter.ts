import type { NoticeQuery, NoticeRow } from '../api/sharing'
import { instant } from '../i18n/zoned'

/** What the list is narrowed to, as the address has it: /notices?camera=…&kind=motion&unread=1. */
export interface Filter {
  kind: string
  camera: string
  from: string
  to: string
  unread: boolean
}

export const nothing: Filter = { kind: '', camera: '', from: '', to: '', unread: false }

/** filterOf reads an address; what is no filter is left out. */
export function filterOf(search: string): Filter {
  const q = new URLSearchParams(search)
  const day = (name: string): string => (/^\d{4}-\d\d-\d\d$/.test(q.get(name) ?? '') ? q.get(name) ?? '' : '')
  return {
    kind: /^[a-z_]{1,40}$/.test(q.get('kind') ?? '') ? q.get('kind') ?? '' : '',
    camera: /^[0-9a-z]{26}$/.test(q.get('camera') ?? '') ? q.get('camera') ?? '' : '',
    from: day('from'),
    to: day('to'),
    unread: q.get('unread') === '1',
  }
}

export function addressOf(f: Filter): string {
  const q = new URLSearchParams()
  for (const k of ['kind', 'camera', 'from', 'to'] as const) if (f[k]) q.set(k, f[k])
  if (f.unread) q.set('unread', '1')
  const text = q.toString()
  return text ? `/notices?${text}` : '/notices'
}

export function narrowed(f: Filter): boolean {
  return addressOf(f) !== '/notices'
}

/** queryOf asks the server for whole days on the clock of a zone. */
export function queryOf(f: Filter, zone: string, before?: string): NoticeQuery {
  const at = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString())
  const from = f.from ? at(instant(`${f.from}T00:00`, zone)) : undefined
  const to = f.to ? at(instant(`${next(f.to)}T00:00`, zone)) : undefined
  return {
    ...(before ? { before } : {}), ...(f.unread ? { unread: true } : {}), ...(f.kind ? { kind: f.kind } : {}),
    ...(f.camera ? { camera: f.camera } : {}), ...(from ? { from } : {}), ...(to ? { to } : {}),
  }
}

function next(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

/**
 * merged is the newest page with what was loaded before behind it: what has been
 * pushed off the page stays in its place, what has vanished from it is gone.
 */
export function merged(page: readonly NoticeRow[], end: boolean, older: readonly NoticeRow[]): NoticeRow[] {
  const last = page.at(-1)
  if (end || !last) return [...page]
  const known = new Map(older.map(n => [n.id, n]))
  return [...page, ...[...known.values()].filter(n => n.id < last.id).sort((a, b) => (a.id < b.id ? 1 : -1))]
}
