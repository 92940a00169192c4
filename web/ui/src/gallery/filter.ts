import { instant } from '../i18n/zoned'

/** What of a gallery is shown; "" shows all. */
export interface Filter {
  camera: string
  /** An account's id, or "me" for own cameras. */
  sender: string
  tag: string
  favourite: boolean
  /** yyyy-mm-dd on the account's clock; both days are shown. */
  from: string
  to: string
}

export const all: Filter = { camera: '', sender: '', tag: '', favourite: false, from: '', to: '' }

const dayForm = /^\d{4}-\d{2}-\d{2}$/
const idForm = /^[0-9a-z]{26}$/

/** readFilter reads the address; what is not a filter is left out, so that an old address still opens. */
export function readFilter(search: string): Filter {
  const q = new URLSearchParams(search)
  const get = (name: string, ok: (v: string) => boolean): string => {
    const v = q.get(name) ?? ''
    return ok(v) ? v : ''
  }
  return {
    camera: get('camera', v => idForm.test(v)),
    sender: get('sender', v => v === 'me' || idForm.test(v)),
    tag: get('tag', () => true).trim(),
    favourite: q.get('favourite') === 'true',
    from: get('from', v => dayForm.test(v)),
    to: get('to', v => dayForm.test(v)),
  }
}

/** writeFilter is the search part of the address, "" for everything. */
export function writeFilter(f: Filter): string {
  const q = new URLSearchParams()
  for (const [k, v] of Object.entries(f)) if (v) q.set(k, String(v))
  const s = q.toString()
  return s ? `?${s}` : ''
}

export function isAll(f: Filter): boolean {
  return writeFilter(f) === ''
}

/** counted says whether the counts by day hold under a filter: it asks of days only. */
export function counted(f: Filter): boolean {
  return !f.camera && !f.sender && !f.tag && !f.favourite
}

/** inDays says whether a day is in the filter's dates. */
export function inDays(f: Filter, day: string): boolean {
  return (!f.from || day >= f.from) && (!f.to || day <= f.to)
}

/** dayAfter is the next day of the calendar. */
export function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10)
}

/** query is what the server is asked for. */
export function query(f: Filter, zone: string, page: { day?: string; after?: string; limit: number }): URLSearchParams {
  const q = new URLSearchParams({ limit: String(page.limit) })
  for (const k of ['camera', 'sender', 'tag'] as const) if (f[k]) q.set(k, f[k])
  if (f.favourite) q.set('favourite', 'true')
  if (page.after) q.set('after', page.after)
  const from = page.day ?? f.from
  const to = page.day ?? f.to
  const put = (name: string, day: string): void => {
    const ms = instant(`${day}T00:00`, zone)
    if (ms !== undefined) q.set(name, new Date(ms).toISOString())
  }
  if (from) put('from', from)
  if (to) put('to', dayAfter(to))
  return q
}
