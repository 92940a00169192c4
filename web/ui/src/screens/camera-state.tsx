import type { Camera, LayerState } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, day, hour, parseTime } from '../i18n/time'
import { Chip } from '../kit/chip'
import { zone } from '../state/session'

/** CameraState is what a camera does now, or why it may not be watched now and from when it may. */
export function CameraState({ camera: c, short }: { camera: Camera; short?: boolean }) {
  if (!c.enabled) return <Chip tone="shut" icon="power">{t('tile.off')}</Chip>
  if (!c.access.allowed) {
    const next = parseTime(c.access.next)
    if (c.access.reason === 'outside_schedule') {
      return <Chip tone="sched" icon="clock">{next === undefined ? t('tile.closed') : t('msg.opens', { when: short ? t('time.short', { day: day(next, zone.value, Date.now()), time: hour(next, zone.value) }) : at(next, zone.value, Date.now()) })}</Chip>
    }
    return <span class="why"><Chip tone="shut" icon="lock">{t('tile.restricted')}</Chip><span class="meta">{reason(c.access.reason)}</span></span>
  }
  const layers = [c.state?.layers?.sub, c.state?.layers?.main].filter(l => l !== undefined)
  const best = layers.find(l => l.status === 'live') ?? layers.find(l => l.status === 'reconnecting') ?? layers.find(l => l.status === 'offline') ?? layers.find(l => l.status === 'connecting') ?? layers[0]
  switch (best?.status) {
    case 'live':
      return <Chip tone="live" icon="live">{t('tile.live')}</Chip>
    case 'reconnecting':
      return <span class="why"><Chip tone="warn" icon="reconnecting">{t('tile.reconnecting')}</Chip><Why of={best} /></span>
    case 'offline':
      return <span class="why"><Chip tone="bad" icon="offline">{t('tile.offline')}</Chip><Why of={best} /></span>
    case 'connecting':
      return <Chip icon="connecting">{t('tile.connecting')}</Chip>
  }
  return <Chip icon="pause">{t('cameras.idle')}</Chip>
}

function Why({ of }: { of: LayerState }) {
  return of.reason ? <span class="meta muted">{reason(of.reason)}</span> : null
}
