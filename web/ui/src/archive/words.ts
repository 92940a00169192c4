import type { Key } from '../i18n/catalogue'
import { active, t } from '../i18n/i18n'
import { city, clock, duration } from '../i18n/time'
import type { IconName } from '../kit/icons'
import { reason } from '../i18n/reason'
import type { CameraEvent } from './api'
import type { DeckState, DeckView } from './deck'
import type { Info } from './footage'
import { gapAt, type Jump } from './player'
import type { Span } from './spans'
import { dayOf } from './scale'

/** The word and the icon of each state; the class of the same name is in archive.css. */
const words: Record<DeckState, Key> = {
  loading: 'archive.loading', recorded: 'archive.recorded', gap: 'archive.gap', ahead: 'archive.ahead',
  restricted: 'tile.restricted', failed: 'archive.failed', unsupported: 'tile.unsupported',
}
export const stateIcon: Record<DeckState, IconName> = {
  loading: 'connecting', recorded: 'archive', gap: 'none', ahead: 'wait', restricted: 'lock', failed: 'warn', unsupported: 'codec',
}
export function stateWord(s: DeckState): string {
  return t(words[s])
}

const events: Readonly<Record<string, Key>> = {
  motion: 'archive.event.motion', person: 'archive.event.person', vehicle: 'archive.event.vehicle', sound: 'archive.event.sound', tamper: 'archive.event.tamper',
  input: 'archive.event.input', lost: 'archive.event.lost', back: 'archive.event.back', storage: 'archive.event.storage',
}

/** eventWord is what happened, in one word; a hook's own text comes before it. */
export function eventWord(e: Pick<CameraEvent, 'kind' | 'text'>): string {
  return e.text || t(events[e.kind] ?? 'archive.event')
}

function when(ms: number, zone: string, near: number): string {
  return dayOf(ms, zone) === dayOf(near, zone) ? clock(ms, zone) : `${shortDay(ms, zone)}, ${clock(ms, zone)}`
}

const formats = new Map<string, Intl.DateTimeFormat>()
function format(ms: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${active.value.locale} ${zone} ${JSON.stringify(options)}`
  let f = formats.get(key)
  if (!f) {
    f = new Intl.DateTimeFormat(active.value.locale, { ...options, numberingSystem: 'latn', calendar: 'gregory', timeZone: zone })
    formats.set(key, f)
  }
  return f.format(ms)
}

/** shortDay is "Sun, 22 Nov". */
export function shortDay(ms: number, zone: string): string {
  return format(ms, zone, { weekday: 'short', day: 'numeric', month: 'short' })
}

/** longDay is "Sunday, 22 November 2026". */
export function longDay(ms: number, zone: string): string {
  return format(ms, zone, { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' })
}

/** fullDay is "Sun, 22 Nov 2026". */
export function fullDay(ms: number, zone: string): string {
  return format(ms, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' })
}

/** month is "November 2026" of the first of a month, yyyy-mm. */
export function month(m: string): string {
  return format(Date.parse(`${m}-15T00:00Z`), 'UTC', { month: 'long', year: 'numeric' })
}

/** fine is 14:05:09.840: with what frames are told apart by. */
export function fine(ms: number, zone: string): string {
  return `${clock(ms, zone)}.${String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, '0')}`
}

export interface Message {
  title: string
  text: string
  /** Where footage goes on, when it does. */
  to?: number
  act?: 'retry'
}

/** message is what stands in a tile without a picture: one title, one sentence, at most one button. */
export function message(v: DeckView, spans: readonly Span[], now: number, zone: string): Message | null {
  switch (v.state) {
    case 'recorded':
    case 'loading':
      return null
    case 'gap': {
      const { from, to } = gapAt(spans, now)
      if (from !== undefined && to !== undefined && from >= to) return null // footage has come meanwhile: it is about to play
      const at = (ms: number): string => when(ms, zone, now)
      const text = from !== undefined && to !== undefined ? t('archive.gap_between', { from: at(from), to: at(to) })
        : to !== undefined ? t('archive.gap_before', { to: at(to) })
        : from !== undefined ? t('archive.gap_after', { from: at(from) }) : t('archive.gap_all')
      return { title: t('archive.gap'), text, to }
    }
    case 'ahead':
      return { title: t('archive.ahead'), text: t('archive.ahead_text') }
    case 'restricted':
      return { title: t('tile.restricted'), text: reason(v.problem?.code) }
    case 'failed':
      return { title: t('archive.failed'), text: reason(v.problem?.code, t('archive.failed_text')), act: 'retry' }
    case 'unsupported':
      return { title: t('tile.unsupported'), text: t('archive.unsupported_text') }
  }
}

/** jumpText says which stretch was jumped over. */
export function jumpText(j: Jump, zone: string): string {
  return t('archive.jumped', { from: when(j.from, zone, j.to), to: when(j.to, zone, j.to), time: duration(j.to - j.from) })
}

/** limits says in sentences what is not shown for the sake of rights. */
export function limits(info: Info | undefined, zone: string, now: number): string[] {
  if (!info) return []
  return [
    ...(info.delay > 0 ? [t('archive.limited', { time: duration(info.delay) })] : []),
    ...(info.from !== undefined ? [t('archive.from', { when: `${when(info.from, zone, now)} (${city(zone)})` })] : []),
    ...(info.onlyHours ? [t('archive.only_hours')] : []),
  ]
}
