import { parseTime } from '../i18n/time'
import type { Bars, LinkUsage } from './api'
import { budgets, type Budget } from './words'

/** Hour is a part of the window by the clock; the first and the last are cut by it. */
export interface Hour {
  /** Where it begins and ends whole, ms: what the axis shows. */
  start: number
  end: number
  /** What of it is in the window. */
  from: number
  to: number
  /** In the units of the bars: addresses, updates, seconds. */
  used: Record<Budget, number>
}

/** Spell is a time in which a budget was used up, ms. */
export interface Spell {
  from: number
  to: number
  /** It goes on. */
  lasts: boolean
}

/** hoursOf is the window by hours, oldest first. */
export function hoursOf(u: LinkUsage): Hour[] {
  const part = (u.window_s * 1000) / 24
  const now = parseTime(u.server_time) ?? 0
  const list = u.hours.map(h => {
    const from = parseTime(h.at) ?? now
    const to = parseTime(h.to) ?? now
    return { start: from, end: to, from, to, used: { users: h.users, gallery_updates: h.gallery_updates, viewer_seconds: Math.round(h.viewer_minutes * 60) } }
  })
  const [first, last] = [list[0], list.at(-1)]
  if (first && last && first !== last) {
    first.start = first.end - part
    last.end = last.start + part
  }
  return list
}

/** spellsOf is when a budget was used up in the window, oldest first. */
export function spellsOf(u: LinkUsage, b: Budget): Spell[] {
  const now = parseTime(u.server_time) ?? 0
  return u.throttled.filter(t => t.budget === b).map(t => ({ from: parseTime(t.from) ?? now, to: parseTime(t.to ?? undefined) ?? now, lasts: t.to === null }))
}

/** slowedIn is for how long of an hour the budget was used up, ms. */
export function slowedIn(spells: readonly Spell[], h: Hour): number {
  return spells.reduce((n, s) => n + Math.max(0, Math.min(s.to, h.to) - Math.max(s.from, h.from)), 0)
}

/** fullest is what the chart shows first: the budget that is nearest to its end. */
export function fullest(bars: Bars): Budget {
  const share = (b: Budget): number => bars[b].used / Math.max(1, bars[b].budget)
  return budgets.reduce<Budget>((best, b) => (share(b) > share(best) ? b : best), 'viewer_seconds')
}
