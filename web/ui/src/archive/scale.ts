import { instant, wall } from '../i18n/zoned'
import type { Span } from './spans'

/** The least and the most a timeline shows, ms. */
export const closest = 60_000
export const farthest = 24 * 3_600_000

/** x is where a moment lies, px; the axis is `width` wide and shows `view`. */
export function x(view: Span, width: number, t: number): number {
  return ((t - view.from) / (view.to - view.from)) * width
}

/** time is which moment lies at x px. */
export function time(view: Span, width: number, px: number): number {
  return view.from + (px / Math.max(1, width)) * (view.to - view.from)
}

/** zoom makes the view `by` times as long and keeps the moment `around` where it is. */
export function zoom(view: Span, by: number, around: number): Span {
  const length = view.to - view.from
  const next = Math.min(farthest, Math.max(closest, length * by))
  const part = Math.min(1, Math.max(0, (around - view.from) / length))
  const from = around - part * next
  return { from, to: from + next }
}

/** shift moves the view in time. */
export function shift(view: Span, by: number): Span {
  return { from: view.from + by, to: view.to + by }
}

/** around is a view of a length with a moment in its middle. */
export function centred(t: number, length: number): Span {
  return { from: t - length / 2, to: t + length / 2 }
}

/** within keeps a view from going where nothing can be: not further ahead than a twentieth of it after `end`. */
export function within(view: Span, end: number): Span {
  const over = view.to - (end + (view.to - view.from) / 20)
  return over > 0 ? shift(view, -over) : view
}

/** follow turns the page when what plays leaves the view. */
export function follow(view: Span, t: number): Span {
  const length = view.to - view.from
  if (t >= view.from && t < view.to) return view
  if (t >= view.to && t < view.to + length / 2) return { from: t - length * 0.05, to: t + length * 0.95 }
  return centred(t, length)
}

/** dayOf is the calendar day of a moment in a zone, yyyy-mm-dd. */
export function dayOf(t: number, zone: string): string {
  return wall(t, zone).slice(0, 10)
}

/** daySpan is that day from midnight to midnight: 23 or 25 h when the clocks change. */
export function daySpan(day: string, zone: string): Span {
  const next = new Date(Date.parse(`${day}T12:00Z`) + 86_400_000).toISOString().slice(0, 10)
  const from = instant(`${day}T00:00`, zone) ?? Date.parse(`${day}T00:00Z`)
  return { from, to: instant(`${next}T00:00`, zone) ?? from + 86_400_000 }
}

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200].map(s => s * 1000)

const offsets = new Map<string, number>()

/** offsetAt is what a zone's clock is ahead of UTC, ms; zones change theirs on quarter hours only. */
function offsetAt(t: number, zone: string): number {
  const quarter = Math.floor(t / 900_000) * 900_000
  const key = `${quarter} ${zone}`
  let o = offsets.get(key)
  if (o === undefined) {
    o = Date.parse(`${wall(quarter, zone)}Z`) - quarter
    if (offsets.size > 2000) offsets.clear()
    offsets.set(key, o)
  }
  return o
}

/** ticks are round moments of the zone's clock, at least `apart` px from one another. */
export function ticks(view: Span, width: number, zone: string, apart = 84): { at: number; seconds: boolean }[] {
  const least = ((view.to - view.from) / Math.max(1, width)) * apart
  const step = steps.find(s => s >= least) ?? 43_200_000
  const offset = (t: number): number => offsetAt(t, zone)
  const out: { at: number; seconds: boolean }[] = []
  let naive = Math.ceil((view.from + offset(view.from)) / step) * step
  for (let n = 0; n < 400; n++, naive += step) {
    const at = naive - offset(naive - offset(view.from))
    if (at > view.to) break
    if (at >= view.from) out.push({ at, seconds: step < 60_000 })
  }
  return out
}
