import { t } from '../i18n/i18n'
import { day as dayWord, date, hour, parseTime, sentence } from '../i18n/time'
import { instant } from '../i18n/zoned'
import type { GalleryImage } from './api'
import type { Face } from './cell'

/** bytes is "3.1 GB": thousands, as plans are counted. */
export function bytes(n: number): string {
  if (n >= 1e9) return t('unit.gb', { n: n / 1e9 })
  if (n >= 1e6) return t('unit.mb', { n: n >= 1e7 ? Math.round(n / 1e6) : n / 1e6 })
  return t('unit.kb', { n: Math.ceil(n / 1000) })
}

/** dayTitle is "Today", "Friday" or "18 Jun 2026" of yyyy-mm-dd. */
export function dayTitle(day: string, zone: string, now: number): string {
  const noon = instant(`${day}T12:00`, zone)
  return noon === undefined ? day : sentence(dayWord(noon, zone, now))
}

/** dayOf is the day of an instant on a zone's clock, yyyy-mm-dd. */
export function dayOf(ms: number, zone: string): string {
  const f = format(zone)
  const parts = f.formatToParts(ms)
  const get = (type: string): string => parts.find(p => p.type === type)?.value ?? ''
  return `${get('year')}-${get('month')}-${get('day')}`
}

const formats = new Map<string, Intl.DateTimeFormat>()
function format(zone: string): Intl.DateTimeFormat {
  let f = formats.get(zone)
  if (!f) {
    const options: Intl.DateTimeFormatOptions = { year: 'numeric', month: '2-digit', day: '2-digit', numberingSystem: 'latn', calendar: 'gregory' }
    try {
      f = new Intl.DateTimeFormat('en', { ...options, timeZone: zone })
    } catch {
      f = new Intl.DateTimeFormat('en', { ...options, timeZone: 'UTC' })
    }
    formats.set(zone, f)
  }
  return f
}

/** takenOf is when an image was taken as far as anybody knows, ms. */
export function takenOf(i: { taken_at: string | null; received_at: string }): number {
  return parseTime(i.taken_at ?? undefined) ?? parseTime(i.received_at) ?? 0
}

/** timeIn is the time of day, with the date where it is another day than the heading's. */
export function timeIn(ms: number, day: string, zone: string): string {
  return dayOf(ms, zone) === day ? hour(ms, zone) : date(ms, zone)
}

export function fromWhom(sender: { name: string } | null): string | undefined {
  return sender ? (sender.name ? t('gallery.from', { name: sender.name }) : t('gallery.from_closed')) : undefined
}

/** faceOf is what stands under an image of one's own gallery. */
export function faceOf(i: GalleryImage, day: string, zone: string): Face {
  const from = fromWhom(i.sender)
  const time = timeIn(takenOf(i), day, zone)
  return {
    camera: i.camera_name,
    from,
    time,
    favourite: i.favourite,
    label: [i.camera_name, date(takenOf(i), zone), from, i.favourite ? t('gallery.favourite') : ''].filter(Boolean).join(', '),
  }
}

/** fileName is what a downloaded image is called: no text of a person, as the server does it. */
export function fileName(i: GalleryImage): string {
  const at = new Date(takenOf(i)).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '')
  return `image_${at}_${i.id.slice(-6)}.jpg`
}
