import { useEffect, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { parseTime } from '../i18n/time'
import { Icon } from '../kit/icons'
import type { TileView } from '../player/tile'

/** How long before its end an access counts down, ms (row R19). */
const last = 60_000

/** How long 0:00 may stand until the server's word has come, ms. */
const grace = 3000

/** closesIn is how long a live tile still has, ms: only in its last minute, and only where access has an end. */
export function closesIn(v: Pick<TileView, 'state' | 'server'>, now: number): number | undefined {
  const until = v.state === 'live' ? parseTime(v.server?.until) : undefined
  if (until === undefined) return undefined
  const left = until - now
  return left > -grace && left <= last ? Math.max(0, left) : undefined
}

/** minuteSecond writes 42 000 ms as 0:42, a begun second as a whole one. */
export function minuteSecond(ms: number): string {
  const s = Math.ceil(ms / 1000)
  return `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
}

/**
 * Countdown stands where the state's word stands in the last minute of an
 * access: "Closes in 0:42". It is read out once, and draws every second only
 * then. `now` is the server's clock, ms.
 */
export function Countdown({ view: v, now, children }: { view: TileView; now(): number; children: preact.ComponentChildren }) {
  const [, beat] = useState(0)
  const until = v.state === 'live' ? parseTime(v.server?.until) : undefined
  useEffect(() => {
    if (until === undefined) return
    let timer: ReturnType<typeof setTimeout>
    const wait = (): void => {
      const left = until - now()
      if (left <= -grace) return
      // Until the last minute one timer, at most a day long; then one a second, as the figure changes.
      timer = setTimeout(() => { beat(n => n + 1); wait() }, left > last ? Math.min(left - last, 86_400_000) : left > 0 ? left % 1000 || 1000 : grace)
    }
    wait()
    return () => clearTimeout(timer)
  }, [until])
  const left = closesIn(v, now())
  return (
    <>
      <span class="vh" role="status">{left === undefined ? '' : t('tile.closes_soon', { name: v.name })}</span>
      {left === undefined ? children : <span class="st closing"><Icon name="clock" small />{t('tile.closes_in', { time: minuteSecond(left) })}</span>}
    </>
  )
}
