import { active, t } from './i18n'

/**
 * Times as people read them: 24 hours, Western digits, always with the zone's
 * city where a time stands alone, and the distance when under 24 hours. All
 * instants are milliseconds since 1970.
 */

const formats = new Map<string, Intl.DateTimeFormat>()

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const lang = active.value.locale
  const key = `${lang} ${zone} ${JSON.stringify(options)}`
  let f = formats.get(key)
  if (!f) {
    const all: Intl.DateTimeFormatOptions = { ...options, numberingSystem: 'latn', calendar: 'gregory', timeZone: zone }
    try {
      f = new Intl.DateTimeFormat(lang, all)
    } catch {
      f = new Intl.DateTimeFormat(lang, { ...all, timeZone: 'UTC' })
    }
    formats.set(key, f)
  }
  return f
}

/** What Chromium still calls by an older name; the places, and the server's list, have the newer one. */
const renamed: Readonly<Record<string, string>> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Godthab': 'America/Nuuk',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
}

/** zoneName is a zone by its present name. */
export function zoneName(zone: string): string {
  return renamed[zone] ?? zone
}

/** hereZone is the zone the browser is in. */
export function hereZone(): string {
  return zoneName(new Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** clock is 22:04:07. */
export function clock(ms: number, zone: string): string {
  return formatter(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }).format(ms)
}

/** hour is 22:04. */
export function hour(ms: number, zone: string): string {
  return formatter(zone, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms)
}

/** city is the readable end of a zone's name: Europe/Kyiv is Kyiv. */
export function city(zone: string): string {
  const name = zoneName(zone)
  return name.slice(name.lastIndexOf('/') + 1).replaceAll('_', ' ')
}

function dayNumber(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'numeric', day: 'numeric', timeZone: safeZone(zone) }).formatToParts(ms)
  const get = (type: string) => Number(parts.find(p => p.type === type)?.value)
  return Math.round(Date.UTC(get('year'), get('month') - 1, get('day')) / 86_400_000)
}

function safeZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return zone
  } catch {
    return 'UTC'
  }
}

/** day is "today", "tomorrow", "yesterday", a weekday within a week, else a date. */
export function day(ms: number, zone: string, now: number): string {
  const d = dayNumber(ms, zone) - dayNumber(now, zone)
  if (d === 0) return t('time.today')
  if (d === 1) return t('time.tomorrow')
  if (d === -1) return t('time.yesterday')
  if (Math.abs(d) < 7) return formatter(zone, { weekday: 'long' }).format(ms)
  return formatter(zone, { day: 'numeric', month: 'short', year: 'numeric' }).format(ms)
}

/** moment is "today, 21:47 (Kyiv)". */
export function moment(ms: number, zone: string, now: number): string {
  return t('time.moment', { day: day(ms, zone, now), time: hour(ms, zone), zone: city(zone) })
}

/** at is "tomorrow at 08:00 (Kyiv)", with ", 07:00 where you are" when the viewer's clock differs. */
export function at(ms: number, zone: string, now: number, here = hereZone()): string {
  const there = t('time.at', { day: day(ms, zone, now), time: hour(ms, zone), zone: city(zone) })
  const local = hour(ms, here)
  return local === hour(ms, zone) ? there : t('time.here', { there, time: local })
}

/** date is "18 Jun 2026, 21:40". */
export function date(ms: number, zone: string): string {
  return formatter(zone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms)
}

/** duration is the two largest units: "2 h 10 min", "9 s", "3 days". Never negative. */
export function duration(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000))
  if (s < 60) return t('unit.s', { n: s })
  const min = Math.floor(s / 60)
  if (min < 60) return t('unit.min', { n: min })
  const h = Math.floor(min / 60)
  if (h >= 48) return t('unit.d', { n: Math.floor(h / 24) })
  return min % 60 === 0 ? t('unit.h', { n: h }) : t('unit.pair', { a: t('unit.h', { n: h }), b: t('unit.min', { n: min % 60 }) })
}

/** parseTime reads the server's RFC 3339; undefined for nothing or nonsense. */
export function parseTime(s: string | undefined): number | undefined {
  if (!s) return undefined
  const ms = Date.parse(s)
  return Number.isNaN(ms) ? undefined : ms
}

/** list joins names as the language does: "Gate, Yard and Street". */
export function list(names: readonly string[]): string {
  return new Intl.ListFormat(active.value.locale, { type: 'conjunction' }).format(names)
}

/** sentence begins a phrase with a capital where the language has them. */
export function sentence(phrase: string): string {
  const [first = '', ...rest] = phrase
  return first.toLocaleUpperCase(active.value.locale) + rest.join('')
}
