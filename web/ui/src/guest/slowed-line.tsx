import { useEffect, useState } from 'preact/hooks'
import type { Visit } from '../api/wire'
import { parseTime } from '../i18n/time'
import { Icon } from '../kit/icons'
import type { Wall } from '../wall/wall'
import { slowed, slowedText, type Slowed } from './slowed'

/**
 * SlowedLine is the quiet line over a wall whose pictures come once a minute:
 * why, and when live comes back, counted down. The tiles say it first, the
 * visit where it does; it goes by itself. Read out when it comes, not every
 * second: what counts is beside what is announced.
 */
export function SlowedLine({ wall, visit, zone }: { wall: Wall; visit: Visit; zone: string }) {
  const views = wall.positions.value.filter(p => p.slot >= 0 && p.item).map(p => wall.view(p.slot).value)
  const now: Slowed | undefined = slowed(views) ?? (visit.state === 'throttled' ? { why: visit.reason, until: parseTime(visit.until) } : undefined)
  const [, beat] = useState(0)
  const on = now !== undefined
  useEffect(() => {
    if (!on) return
    const timer = setInterval(() => beat(n => n + 1), 1000)
    return () => clearInterval(timer)
  }, [on])
  return (
    <>
      <p class="vh" role="status">{now ? slowedText(now.why, undefined, zone, 0) : ''}</p>
      {now && <p class="slow-line" data-why={now.why}><Icon name="image" small /><span>{slowedText(now.why, now.until, zone, wall.clock.now())}</span></p>}
    </>
  )
}
