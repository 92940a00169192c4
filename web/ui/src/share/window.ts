import { instant, wall } from '../i18n/zoned'

/** The fields of a link's window and options, as typed. Times are on the camera's clock; empty is none. */
export interface OptionValues {
  ends: string
  password: string
  no_password: boolean
  max_viewers: string
  sound: boolean
  note: string
}

export interface WindowValues extends OptionValues {
  name: string
  starts: string
}

export const noOptions: OptionValues = { ends: '', password: '', no_password: false, max_viewers: '', sound: false, note: '' }

/** checkWindow is the server's rule for a temporary link: on before off, and off still to come (row R34). */
export function checkWindow(v: Pick<WindowValues, 'starts' | 'ends'>, zone: string, now: number): { starts?: string; ends?: string } {
  const from = instant(v.starts, zone)
  const to = instant(v.ends, zone)
  if (from === undefined) return { starts: 'required' }
  if (to === undefined) return { ends: 'required' }
  if (to <= from) return { ends: 'off_before_on' }
  return to <= now ? { ends: 'in_the_past' } : {}
}

/** checkOptions: the end is still to come, viewers are a whole number. */
export function checkOptions(v: OptionValues, zone: string, now: number): { ends?: string; max_viewers?: string; note?: string } {
  const to = v.ends ? instant(v.ends, zone) : undefined
  const n = v.max_viewers.trim()
  return {
    ends: v.ends && (to === undefined ? 'bad_value' : to <= now ? 'in_the_past' : undefined) || undefined,
    max_viewers: n === '' || (/^\d{1,4}$/.test(n) && Number(n) > 0) ? undefined : 'bad_value',
    note: [...v.note].length > 500 ? 'too_long' : undefined,
  }
}

/** inHours sets off to some hours after on. */
export function inHours(starts: string, hours: number, zone: string, now: number): string {
  return wall((instant(starts, zone) ?? now) + hours * 3_600_000, zone)
}

/** iso is a typed time as the server reads it. */
export function iso(text: string, zone: string): string | undefined {
  const ms = text ? instant(text, zone) : undefined
  return ms === undefined ? undefined : new Date(ms).toISOString()
}
