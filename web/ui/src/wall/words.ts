import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, clock, duration, hour, parseTime } from '../i18n/time'
import type { IconName } from '../kit/icons'
import type { Shown } from '../player/state'
import type { TileView } from '../player/tile'

/** The word and the icon of each state; colour and border are in wall.css under the same name. */
export const stateIcon: Record<Shown, IconName> = {
  connecting: 'connecting', live: 'live', stalled: 'stalled', reconnecting: 'reconnecting', offline: 'offline',
  off: 'power', closed: 'clock', restricted: 'lock', ended: 'exit', throttled: 'image', frozen: 'pause',
  unsupported: 'codec', image: 'image',
}

export function stateWord(s: Shown): string {
  return t(`tile.${s}` as Key)
}

/** The order in which the summary counts: what is wrong last and nearest to the hand. */
const order: readonly Shown[] = ['live', 'image', 'throttled', 'frozen', 'connecting', 'stalled', 'reconnecting', 'offline', 'off', 'closed', 'restricted', 'ended', 'unsupported']

/** summary counts tiles by state, in a fixed order, without zeros. */
export function summary(states: readonly Shown[]): { state: Shown; n: number; text: string }[] {
  return order.flatMap(state => {
    const n = states.filter(s => s === state).length
    return n ? [{ state, n, text: t(`sum.${state}` as Key, { n }) }] : []
  })
}

export interface Message {
  title: string
  text: string
  act?: 'try_now' | 'check' | 'continue'
}

export interface Clocks {
  /** Server's wall clock, ms. */
  now: number
  zone: string
  /** The camera is the viewer's own. */
  mine: boolean
}

/** message is what stands on a picture that is not the present: one title, one sentence, at most one button. */
export function message(v: TileView, c: Clocks): Message | null {
  const s = v.server
  const since = parseTime(s?.since)
  const last = v.at
  const until = parseTime(s?.until)
  const next = parseTime(s?.next)
  switch (v.state) {
    case 'live':
      return null
    case 'image':
      return s?.reason ? { title: t('msg.no_picture'), text: reason(s.reason) } : null
    case 'connecting':
      return { title: t('tile.connecting'), text: t('msg.connecting') }
    case 'stalled':
      if (s?.state === 'stalled') return { title: t('msg.held_back'), text: t('msg.held_back_text') }
      return last === undefined
        ? { title: t('msg.no_picture'), text: t('msg.no_picture_text') }
        : { title: t('msg.stalled', { time: duration(c.now - last) }), text: t('msg.stalled_text') }
    case 'reconnecting': {
      // The way to the server is lost, not the camera: nothing to be tried from here.
      if (s?.state !== 'reconnecting') return { title: t('tile.reconnecting'), text: t('line.offline') }
      const retry = parseTime(s?.retry_at)
      const why = s?.reason ? reason(s.reason) : ''
      const attempt = s?.attempt && retry !== undefined && retry > c.now
        ? t('msg.attempt_next', { n: s.attempt, time: duration(retry - c.now) })
        : s?.attempt ? t('msg.attempt', { n: s.attempt }) : ''
      return { title: t('tile.reconnecting'), text: [why, attempt].filter(Boolean).join(' '), act: c.mine ? 'try_now' : undefined }
    }
    case 'offline':
      return {
        title: since === undefined ? t('tile.offline') : t('msg.offline', { time: duration(c.now - Math.min(since, last ?? since)) }),
        text: [last === undefined ? '' : t('msg.last', { time: clock(last, c.zone) }), s?.reason ? reason(s.reason) : t('msg.offline_text')].filter(Boolean).join(' '),
        act: c.mine ? 'check' : undefined,
      }
    case 'off':
      return { title: t('tile.off'), text: since === undefined ? t('reason.camera_off') : t('msg.off_since', { time: hour(since, c.zone) }) }
    case 'closed':
      return { title: next === undefined ? t('msg.closed') : t('msg.opens', { when: at(next, c.zone, c.now) }), text: t('reason.outside_schedule') }
    case 'restricted':
      return { title: t('msg.restricted'), text: s?.reason && s.reason !== 'not_found' ? reason(s.reason) : t('msg.restricted_text') }
    case 'ended':
      return { title: t('msg.ended'), text: reason(s?.reason, t('msg.ended_text')) }
    case 'throttled':
      return { title: t('msg.throttled'), text: until === undefined ? reason(s?.reason, t('msg.throttled_text')) : t('msg.live_again', { when: at(until, c.zone, c.now), time: duration(until - c.now) }) }
    case 'frozen':
      return { title: t('msg.frozen'), text: t('msg.frozen_text'), act: 'continue' }
    case 'unsupported':
      return { title: t('msg.unsupported'), text: reason(s?.reason, t('reason.codec_unsupported')) }
  }
}

/**
 * why is the sentence of the reason a tile has, for the tooltip of its state:
 * also where the picture is good and nothing stands on it. What may not be known
 * to exist has none.
 */
export function why(v: TileView): string | undefined {
  const code = v.server?.reason
  return code && code !== 'not_found' && v.state !== 'connecting' ? reason(code) : undefined
}

/**
 * unheard is why the tile one listens to cannot be heard, or nothing: the
 * server tells it of that cell. A cell with stills has no sound to ask for.
 */
export function unheard(v: TileView, mine: boolean): string | undefined {
  const code = v.server?.sound
  if (code === undefined) return v.state === 'image' ? t('wall.no_sound') : undefined
  if (code === 'on') return undefined
  if (code === 'not_found') return t('wall.no_sound')
  if (code === 'level_missing') return mine ? t('levels.sound_off') : t('wall.sound_no_right')
  return reason(code)
}

/** ticks says whether a tile's message counts time, so only such tiles are drawn every second. */
export function ticks(s: Shown): boolean {
  return s === 'image' || s === 'stalled' || s === 'reconnecting' || s === 'offline' || s === 'throttled'
}

/** age is how old a still is: "42 s old". */
export function age(v: TileView, now: number): string {
  return v.at === undefined ? '' : t('tile.age', { time: duration(now - v.at) })
}
