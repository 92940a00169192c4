import type { Key } from '../i18n/catalogue'
import { hasText, t } from '../i18n/i18n'
import type { Limit } from './api'
import { readable, seconds } from './values'

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

/** grouped puts limits into their groups, in the order the server names them; groups without one are left out. `query` narrows it to what has all its words in text, value, key, variable or option. */
export function grouped(all: readonly Limit[], query = ''): Group[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const fits = (l: Limit): boolean => {
    const text = `${said(l).text} ${readable(l.value, l.unit)} ${l.value} ${l.key} ${variable(l.key)} ${flag(l.key)}`.toLowerCase()
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

/** isChanged says whether a limit is another than the program's own: 60m is 1h0m0s. */
export function isChanged(l: Limit): boolean {
  const [a, b] = l.unit === 'duration' ? [seconds(l.value), seconds(l.default)] : [undefined, undefined]
  return a !== undefined && b !== undefined ? Math.abs(a - b) > 1e-9 : l.value !== l.default
}

/** said is what a limit is, in the language shown; in English, the help's, where a newer server has one this page does not know. */
export function said(l: Limit): { text: string; english: boolean } {
  const key = `limit.${l.key.replace(/^limits\./, '').replaceAll('.', '_')}`
  return hasText(key) ? { text: t(key), english: false } : { text: l.help.replaceAll(/\s*\(R\d+(?:(?:, | to |-)R?\d+)*\)/g, ''), english: true }
}
