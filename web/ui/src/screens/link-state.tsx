import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { date, day, hour, parseTime } from '../i18n/time'
import { Chip } from '../kit/chip'
import { zone } from '../state/session'

/** LinkState is what a guest would find behind a link now. */
export function LinkState({ link: l }: { link: Link }) {
  switch (l.state) {
    case 'active':
      return <Chip tone="live" icon="check">{t('links.active')}</Chip>
    case 'paused_owner':
      return <Chip icon="pause">{t('links.paused')}</Chip>
    case 'paused_plan':
      return <span class="why"><Chip tone="warn" icon="pause">{t('links.paused_plan')}</Chip><span class="meta">{reason('link_paused_plan')}</span></span>
    case 'scheduled':
      return <Chip tone="sched" icon="clock">{t('links.scheduled')}</Chip>
  }
  return <Chip tone="shut" icon="exit">{t('links.ended')}</Chip>
}

/** LinkOpened is when somebody last opened it. */
export function LinkOpened({ link: l }: { link: Link }) {
  const ms = parseTime(l.last_opened_at)
  if (ms === undefined) return <span class="dim">{t('links.never')}</span>
  const now = Date.now()
  const near = Math.abs(now - ms) < 6 * 86_400_000
  return <span class="num nw">{near ? t('time.short', { day: day(ms, zone.value, now), time: hour(ms, zone.value) }) : date(ms, zone.value)}</span>
}
