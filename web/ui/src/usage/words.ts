import { cachedText, slowedText } from '../guest/slowed'
import { active, t } from '../i18n/i18n'
import { day, duration, hour, parseTime } from '../i18n/time'
import type { Bar, Bars, UseState } from './api'

/** The three budgets, in the order they are shown in. */
export type Budget = keyof Bars
export const budgets: readonly Budget[] = ['users', 'gallery_updates', 'viewer_seconds']

export function budgetName(b: Budget): string {
  return b === 'users' ? t('usage.people') : b === 'gallery_updates' ? t('usage.gallery') : t('wall.title')
}

/** amount is so much of a budget: a figure, or for viewing the time it is. */
export function amount(b: Budget, n: number): string {
  return b === 'viewer_seconds' ? (n === 0 ? t('unit.min', { n }) : duration(n * 1000)) : active.value.number.format(n)
}

export function stateName(s: UseState): string {
  return s === 'throttled' ? t('usage.throttled') : s === 'near' ? t('usage.near') : t('usage.normal')
}

/** share is how full a bar is, 0 to 1; a budget of nothing is full. */
export function share(bar: Bar): number {
  return bar.budget > 0 ? Math.min(1, bar.used / bar.budget) : 1
}

/** A moment beside others: the time, and the day where it is another one. */
function when(ms: number, zone: string, now: number): string {
  const name = day(ms, zone, now)
  const time = hour(ms, zone)
  return name === t('time.today') ? time : t('time.short', { time, day: name })
}

/** phrase puts short phrases beside each other, as the language does. */
export function phrase(list: readonly string[]): string {
  return new Intl.ListFormat(active.value.locale, { type: 'unit', style: 'short' }).format(list)
}

/** freesText is "1 at 14:05, 3 at 18:20": the next moments at which something of the budget is free again. */
export function freesText(b: Budget, bar: Bar, zone: string, now: number, most = 2): string {
  if (bar.used === 0) return t('usage.free_all')
  // What is written as the same moment is one.
  const by = new Map<string, number>()
  for (const f of bar.frees ?? []) {
    const ms = parseTime(f.at)
    if (ms !== undefined) by.set(when(ms, zone, now), (by.get(when(ms, zone, now)) ?? 0) + f.n)
  }
  const next = [...by].slice(0, most)
  if (next.length === 0) return ''
  const key = b === 'viewer_seconds' ? 'usage.free_by' : 'usage.free_at'
  return t('usage.frees', { list: phrase(next.map(([at, n]) => t(key, { what: amount(b, n), when: at }))) })
}

/** Sentence is something guests read now, and which of them. */
export interface Sentence {
  who: 'all' | 'new' | 'gallery'
  text: string
}

/** sentences is what guests of a link read now, by the link's state and its budgets: those of the guest's own page. */
export function sentences(link: string, bars: Bars, zone: string, now: number): Sentence[] {
  switch (link) {
    case 'paused_owner': return [{ who: 'all', text: t('guest.paused') }]
    case 'paused_plan': return [{ who: 'all', text: t('guest.paused_plan') }]
    case 'ended': return [{ who: 'all', text: t('guest.ended') }]
    case 'scheduled': return [{ who: 'all', text: t('guest.not_yet') }]
  }
  const first = (bar: Bar): number | undefined => parseTime(bar.frees?.[0]?.at)
  const out: Sentence[] = []
  if (bars.viewer_seconds.state === 'throttled') out.push({ who: 'all', text: slowedText('throttled_hours', first(bars.viewer_seconds), zone, now) })
  else if (bars.users.state === 'throttled') out.push({ who: 'new', text: slowedText('throttled_users', first(bars.users), zone, now) })
  if (bars.gallery_updates.state === 'throttled') out.push({ who: 'gallery', text: cachedText(first(bars.gallery_updates), zone, now) })
  if (!out.some(s => s.who === 'all')) out.unshift({ who: 'all', text: t('guest.foot') })
  return out
}

/** warnings is what comes next where a budget is near its end. */
export function warnings(bars: Bars): string[] {
  return budgets.filter(b => bars[b].state === 'near').map(b => {
    const budget = amount(b, bars[b].budget)
    return b === 'users' ? t('usage.near_users', { budget }) : b === 'gallery_updates' ? t('usage.near_gallery', { budget }) : t('usage.near_hours', { budget })
  })
}

/** bytes is an amount of data as people read it: "1.4 GB". */
export function bytes(n: number): string {
  if (n >= 1e12) return t('unit.tb', { n: n / 1e12 })
  if (n >= 1e9) return t('unit.gb', { n: n / 1e9 })
  return n >= 1e6 ? t('unit.mb', { n: n / 1e6 }) : t('unit.kb', { n: Math.round(n / 1000) })
}
