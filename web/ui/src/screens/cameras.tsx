import { cameras as api } from '../api/api'
import type { Camera, LayerState } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { useResource } from '../kit/resource'
import { Table, type Column } from '../kit/table'
import { zone } from '../state/session'

/** Cameras is the list of all one has: own ones, and those of others one may watch. */
export function Cameras() {
  const list = useResource(() => api.list().then(r => r.cameras), ['cameras'])
  const mine = list.data?.filter(c => c.mine) ?? []
  const others = list.data?.filter(c => !c.mine) ?? []
  return (
    <main id="main" class="main narrow">
      <div class="head">
        <div>
          <h1>{t('cameras.title')}</h1>
          {list.data && list.data.length > 0 && <p class="muted">{t('cameras.count', { n: list.data.length })}</p>}
        </div>
        <span class="sp" />
        {mine.length > 0 && <AddButton />}
      </div>
      <Loaded of={list} rows={4}>
        {all =>
          all.length === 0 ? (
            <Empty title={t('cameras.none')}><AddButton /></Empty>
          ) : (
            <>
              {mine.length > 0 && <Table label={t('cameras.title')} columns={columns()} rows={mine} id={c => c.id} />}
              {others.length > 0 && (
                <>
                  <h2 class="sub">{t('cameras.with_me')}</h2>
                  <Table label={t('cameras.with_me')} columns={columns().slice(0, 2)} rows={others} id={c => c.id} />
                </>
              )}
            </>
          )}
      </Loaded>
    </main>
  )
}

function AddButton() {
  return <a class="btn primary" href="/cameras/new"><Icon name="plus" />{t('cameras.add')}</a>
}

function columns(): Column<Camera>[] {
  return [
    {
      head: t('cameras.camera'),
      role: 'title',
      cell: c => (
        <>
          {c.mine ? <a class="name" href={`/cameras/${c.id}`}><bdi>{c.name}</bdi></a> : <b><bdi>{c.name}</bdi></b>}
          {c.shared && <span class="share" role="img" aria-label={t('cameras.shared')} title={t('cameras.shared')}><Icon name="shared" small /></span>}
          <p class="dim meta">{c.mine ? address(c) : t('cameras.owner', { name: c.owner.name })}</p>
        </>
      ),
    },
    { head: t('cameras.state'), role: 'state', cell: c => <State camera={c} /> },
    { head: t('cameras.picture'), cell: c => layer(c.state?.layers?.main) },
    { head: t('cameras.small_picture'), cell: c => layer(c.state?.layers?.sub) },
    {
      head: '',
      role: 'acts',
      cell: c => (c.mine ? <a class="btn s" href={`/cameras/${c.id}`} aria-label={t('cameras.edit_name', { name: c.name })}>{t('action.edit')}</a> : null),
    },
  ]
}

/** address is where a camera is, without the path: enough to tell two apart. */
function address(c: Camera) {
  const host = /^rtsps?:\/\/([^/?#]+)/i.exec(c.source?.main ?? '')?.[1]
  return host ? <bdi dir="ltr">{host}</bdi> : null
}

/** layer is "1920×1080, 25 fps, H264", or nothing while it is not known. */
function layer(l: LayerState | undefined) {
  if (!l) return <span class="dim">{t('cameras.no_layer')}</span>
  if (!l.width || !l.codec) return <span class="dim">–</span>
  const parts = [`${l.width}×${l.height}`, l.fps ? t('unit.fps', { n: Math.round(l.fps) }) : '', l.codec.toUpperCase()]
  return <span class="num nw" dir="ltr">{parts.filter(Boolean).join(', ')}</span>
}

function State({ camera: c }: { camera: Camera }) {
  if (!c.enabled) return <Chip tone="shut" icon="power">{t('tile.off')}</Chip>
  if (!c.access.allowed) {
    const next = parseTime(c.access.next)
    if (c.access.reason === 'outside_schedule') {
      return <Chip tone="sched" icon="clock">{next === undefined ? t('tile.closed') : t('msg.opens', { when: at(next, zone.value, Date.now()) })}</Chip>
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
