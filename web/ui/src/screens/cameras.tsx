import { useState } from 'preact/hooks'
import { cameras as api } from '../api/api'
import { archivePage } from '../archive/api'
import { offers as offerAPI } from '../api/sharing'
import type { Camera, LayerState } from '../api/wire'
import { t } from '../i18n/i18n'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { later } from '../kit/later'
import { useMoment } from '../kit/moment'
import { useResource } from '../kit/resource'
import { go, path } from '../kit/router'
import { Table, type Column } from '../kit/table'
import { Tabs } from '../kit/tabs'
import { Muted, useMuted } from '../notices/mute'
import { asAnswered } from '../state/offers'
import { CameraState } from './camera-state'
import { SharedWithMe } from './shared-with-me'
import { Thumb } from './thumb'

const GiveAccess = later<{ camera: Camera; onClose(): void }>(() => import('../share/dialog').then(m => m.GiveAccess))

/** Cameras is the list of all one has: own ones, and those of others one may watch. */
export function Cameras() {
  const list = useResource(() => api.list().then(r => r.cameras), ['cameras'])
  const offers = useResource(() => offerAPI.list().then(r => r.offers), ['offers'])
  useMoment((list.data ?? []).flatMap(c => [c.access.next, c.access.until]), list.reload)
  const mine = list.data?.filter(c => c.mine) ?? []
  const others = list.data?.filter(c => !c.mine) ?? []
  const offered = asAnswered(offers.data ?? []).filter(o => o.state === 'offered').length
  const muted = useMuted().data
  const shared = path.value === '/cameras/shared'
  const [sharing, share] = useState<string>()
  const giving = mine.find(c => c.id === sharing)
  return (
    <main id="main" class="main narrow">
      <div class="head">
        <h1>{t('cameras.title')}</h1>
        <span class="sp" />
        {!shared && mine.length > 0 && <AddButton />}
      </div>
      <Tabs
        label={t('cameras.title')}
        value={shared ? 'shared' : 'mine'}
        onChange={id => go(id === 'shared' ? '/cameras/shared' : '/cameras', true)}
        tabs={[
          { id: 'mine', text: t('cameras.mine'), count: list.data && mine.length },
          { id: 'shared', text: t('cameras.with_me'), count: list.data && others.length + offered },
        ]}
      >
        <Loaded of={list} rows={4}>
          {() => shared ? <SharedWithMe cameras={others} />
            : mine.length === 0 ? <Empty title={t('cameras.none')}><AddButton /></Empty>
            : <Table label={t('cameras.title')} columns={columns(share, muted)} rows={mine} id={c => c.id} />}
        </Loaded>
      </Tabs>
      {giving && <GiveAccess camera={giving} onClose={() => share(undefined)} />}
    </main>
  )
}

function AddButton() {
  return <a class="btn primary" href="/cameras/new"><Icon name="plus" />{t('cameras.add')}</a>
}

function columns(share: (camera: string) => void, muted: ReadonlySet<string> | undefined): Column<Camera>[] {
  return [
    {
      head: t('cameras.camera'),
      role: 'title',
      cell: c => (
        <div class="with-thumb">
          <Thumb camera={c} />
          <div>
            {c.mine ? <a class="name" href={`/cameras/${c.id}`}><bdi>{c.name}</bdi></a> : <b><bdi>{c.name}</bdi></b>}
            {c.shared && <span class="share" role="img" aria-label={t('cameras.shared')} title={t('cameras.shared')}><Icon name="shared" small /></span>}
            {muted?.has(c.id) && <Muted />}
            <p class="dim meta">{c.mine ? address(c) : t('cameras.owner', { name: c.owner.name })}</p>
          </div>
        </div>
      ),
    },
    { head: t('cameras.state'), role: 'state', cell: c => <CameraState camera={c} /> },
    { head: t('cameras.picture'), cell: c => layer(c.state?.layers?.main) },
    { head: t('cameras.small_picture'), cell: c => layer(c.state?.layers?.sub) },
    {
      head: '',
      role: 'acts',
      cell: c => (
        <>
          {c.archive && <a class="btn s" href={archivePage([c.id])}><span>{t('archive.title')}<span class="vh">: <bdi>{c.name}</bdi></span></span></a>}
          <Button small icon="shared" onClick={() => share(c.id)} aria-label={t('share.open', { name: c.name })}>{t('share.act')}</Button>
          <a class="btn s" href={`/cameras/${c.id}`} aria-label={t('cameras.edit_name', { name: c.name })}>{t('action.edit')}</a>
        </>
      ),
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
