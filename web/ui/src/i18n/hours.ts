import type { Schedule } from '../share/schedule'
import { active, t } from './i18n'
import { city, date, list } from './time'

/** A range of times or days keeps its direction inside right-to-left text. */
const range = (from: string, to: string): string => `\u2066${from}–${to}\u2069`

function time(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}

/** weekday is "Mon" in the language shown; 0 is Sunday. */
export function weekday(day: number, style: 'short' | 'long' = 'short'): string {
  // 4 January 1970 was a Sunday.
  return new Intl.DateTimeFormat(active.value.locale, { weekday: style, timeZone: 'UTC' }).format(Date.UTC(1970, 0, 4 + day))
}

/** days is "every day", "Mon–Fri" or "Sat and Sun": runs of three or more are a range. */
function days(set: ReadonlySet<number>): string {
  if (set.size === 7) return t('hours.every_day')
  const week = [1, 2, 3, 4, 5, 6, 0].filter(d => set.has(d)) // from Monday
  const place = (d: number): number => (d + 6) % 7
  const runs: number[][] = []
  for (const d of week) {
    const last = runs.at(-1)
    if (last && place(last.at(-1) as number) + 1 === place(d)) last.push(d)
    else runs.push([d])
  }
  const parts = runs.flatMap(r => (r.length < 3 ? r.map(d => weekday(d)) : [`${weekday(r[0] as number)}–${weekday(r.at(-1) as number)}`]))
  return list(parts)
}

/**
 * hours says a schedule in words: "Mon–Fri 08:00–18:00 (Kyiv)". Without a
 * schedule it is any time, with an empty one never.
 */
export function hours(s: Schedule | undefined, zone: string): string {
  if (!s) return t('hours.always')
  if (s.intervals.length === 0) return t('hours.never')
  const same = new Map<string, { from: number; to: number; days: Set<number> }>()
  for (const i of s.intervals) {
    const key = `${i.from}-${i.to}`
    const have = same.get(key)
    if (have) have.days.add(i.day)
    else same.set(key, { from: i.from, to: i.to, days: new Set([i.day]) })
  }
  const parts = [...same.values()].map(b => t('hours.block', { days: days(b.days), time: range(time(b.from), time(b.to)) }))
  return t('hours.zone', { hours: list(parts), zone: city(zone) })
}

/** terms says when an access holds: its hours and its end. */
export function terms(s: Schedule | undefined, zone: string, until: number | undefined): string {
  return until === undefined
    ? t('hours.no_end', { hours: hours(s, zone) })
    : t('hours.until', { hours: hours(s, zone), when: date(until, zone), zone: city(zone) })
}
