import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { clock, date, duration, parseTime } from '../i18n/time'
import { wall } from '../i18n/zoned'
import type { Left, LeftReason } from './export-api'

const reasons: Record<LeftReason, Key> = {
  no_footage: 'export.left.no_footage', before_access: 'export.left.before_access', outside_hours: 'export.left.outside_hours',
  too_new: 'export.left.too_new', key_frame: 'export.left.key_frame', codec_changed: 'export.left.codec_changed', closed: 'export.left.outside_hours',
}

/** leftText is "14:03:05 to 14:10:00: nothing was recorded". */
export function leftText(l: Left, zone: string): string {
  const from = parseTime(l.from) ?? 0
  const to = parseTime(l.to) ?? 0
  return t('export.left', { from: clock(from, zone), to: clock(to, zone), why: t(reasons[l.reason] ?? reasons.closed) })
}

/** spanText is "18 Jun 2026, 21:40, 10 min". */
export function spanText(from: string, seconds: number, zone: string): string {
  return t('export.span', { when: date(parseTime(from) ?? 0, zone), time: duration(seconds * 1000) })
}

/** fieldText is an instant as <input type="datetime-local"> has it, to the second. */
export function fieldText(ms: number, zone: string): string {
  return `${wall(ms, zone)}:${String(new Date(ms).getUTCSeconds()).padStart(2, '0')}`
}
