import type { Key } from '../i18n/catalogue'
import type { Limit } from './api'

/** Where a limit stands on the screen: the first group one of whose patterns its key fits; the last takes the rest. */
const table: readonly [Key, RegExp][] = [
  ['limits.guests', /^limits\.(link_users|gallery_|viewer_hours|still_every|near|usage_|guest_|visit_|ip_block|share_links|temporary_links|egress)|^plans\..*share_links/],
  ['limits.doors', /^limits\.(guess|wrong_|login|api_|requests|sign)/],
  ['limits.wall', /^limits\.(idle|viewing|pending|players|sub_|offers|views|kiosk)/],
  ['limits.people', /^limits\.(lookups|new_prefixes|mails|notices|audit|groups?_)/],
  ['limits.store', /^limits\.(cameras|camera_|images|trial)|^plans\./],
  ['limits.rest', /^/],
]

export interface Group {
  title: Key
  limits: Limit[]
}

/** grouped puts limits into their groups, in the order the server names them; groups without one are left out. `query` narrows it to what has all its words in key or help. */
export function grouped(all: readonly Limit[], query = ''): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (l: Limit): boolean => {
    const text = `${l.key} ${l.help} ${variable(l.key)} ${flag(l.key)}`.toLowerCase()
    return words.every(w => text.includes(w))
  }
  const groups = table.map(([title]) => ({ title, limits: [] as Limit[] }))
  for (const l of all) if (fits(l)) groups[table.findIndex(([, pattern]) => pattern.test(l.key))]?.limits.push(l)
  return groups.filter(g => g.limits.length > 0)
}

/** variable is the name of a key in the environment. */
export function variable(key: string): string {
  return `SIGHTLINE_${key.toUpperCase().replaceAll('.', '_')}`
}

/** flag is a key on the command line. */
export function flag(key: string): string {
  return `--${key.replaceAll(/[._]/g, '-')}`
}

/** seconds is how long one of Go's durations is ("1h30m", "250ms"); undefined for what is none. */
function seconds(text: string): number | undefined {
  const each: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 }
  if (!/^(\d+(\.\d+)?(h|ms|m|s|µs|ns))+$/.test(text)) return undefined
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|ns)/g)].reduce((n, [, v, u]) => n + Number(v) * (each[u ?? ''] ?? 0), 0)
}

/** isChanged says whether a limit is another than the program's own: 60m is 1h0m0s. */
export function isChanged(l: Limit): boolean {
  const [a, b] = l.unit === 'duration' ? [seconds(l.value), seconds(l.default)] : [undefined, undefined]
  return a !== undefined && b !== undefined ? Math.abs(a - b) > 1e-9 : shown(l.value) !== shown(l.default)
}

/** explained is the help without the marks of its rows in the specification. */
export function explained(help: string): string {
  return help.replaceAll(/\s*\(R\d+(?:(?:, | to |-)R?\d+)*\)/g, '')
}

/** shown is a value as it is written in the configuration: Go's "24h0m0s" without its noughts. */
export function shown(v: string, unit?: Limit['unit']): string {
  const text = v.replace(/(\d[hm])0m0s$|(\d[hm])0s$/, '$1$2')
  return unit === 'percent' ? `${text} %` : text
}
