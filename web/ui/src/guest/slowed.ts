import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, duration, parseTime } from '../i18n/time'
import type { TileView } from '../player/tile'

/**
 * What a guest reads where something is slower than it could be, and the owner
 * reads on the page of its use, word for word: why, and when it is as before.
 * All instants are ms; `until` may be unknown.
 */

/** slowedText is about live video: one picture a minute. */
export function slowedText(why: string | undefined, until: number | undefined, zone: string, now: number): string {
  const first = why === undefined ? `${t('msg.throttled')}. ${t('msg.throttled_text')}` : reason(why, `${t('msg.throttled')}.`)
  return until === undefined || until <= now ? first : `${first} ${t('msg.live_again', { when: at(until, zone, now), time: duration(until - now) })}`
}

/** cachedText is about the gallery: the list of before. */
export function cachedText(until: number | undefined, zone: string, now: number): string {
  const first = reason('throttled_gallery')
  return until === undefined || until <= now ? first : `${first} ${t('gallery.back', { when: at(until, zone, now), time: duration(Math.max(60_000, until - now)) })}`
}

export interface Slowed {
  why: string | undefined
  until: number | undefined
}

/** slowed is what the tiles of a wall say of it: the reason they name, and the latest of their moments; undefined while none is slowed. */
export function slowed(views: readonly Pick<TileView, 'state' | 'server'>[]): Slowed | undefined {
  const slow = views.filter(v => v.state === 'throttled')
  if (slow.length === 0) return undefined
  const moments = slow.map(v => parseTime(v.server?.until)).filter(ms => ms !== undefined)
  return { why: slow.find(v => v.server?.reason)?.server?.reason, until: moments.length ? Math.max(...moments) : undefined }
}
