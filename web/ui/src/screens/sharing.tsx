import { useState } from 'preact/hooks'
import { cameras as cameraAPI, links as api, open } from '../api/api'
import { asProblem } from '../api/problem'
import type { Camera, Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { list as join } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { copy } from '../kit/copy'
import { Confirm } from '../kit/dialog'
import { useMoment } from '../kit/moment'
import { announce, useResource } from '../kit/resource'
import { Table, type Column } from '../kit/table'
import { toast } from '../kit/toast'
import { Notice } from '../kit/notice'
import { LinkHand } from '../share/link-hand'
import { account, zone } from '../state/session'
import { usage as usageAPI, type AccountUsage } from '../usage/api'
import { MiniUse } from '../usage/bars'
import { useLive } from '../usage/live'
import { EditLink } from './link-edit'
import { LinkOpened, LinkState } from './link-state'
import { NewLink } from './link-new'
import { Settings } from './settings'
import { ShowLink } from './link-show'

/** Sharing is the list of share links: create, copy, change, pause, remove. */
export function Sharing() {
  const links = useResource(api.list, ['links'])
  useMoment((links.data?.links ?? []).flatMap(l => [l.starts, l.ends]), links.reload)
  const cams = useResource(() => cameraAPI.list().then(r => r.cameras.filter(c => c.mine)), ['cameras'])
  const used = useLive(usageAPI.account, 5000, ['links', 'usage'])
  const mail = useResource(() => open.status()).data?.mail ?? false
  const [removing, setRemoving] = useState<Link>()
  const [editing, setEditing] = useState<Link>()
  const [shown, setShown] = useState<Link>()
  const [failed, setFailed] = useState<string>()
  const mini = account.value?.plan === 'mini'

  const changed = (): void => {
    announce('links')
    announce('cameras')
  }
  const copyLink = async (l: Link): Promise<void> => {
    if (await copy(l.url)) toast(t('links.copied', { name: l.name }))
    else setShown(l)
  }
  const pause = async (l: Link, on: boolean): Promise<void> => {
    setFailed(undefined)
    try {
      await (on ? api.pause(l.id) : api.resume(l.id))
      changed()
      toast(on ? t('links.paused_toast', { name: l.name }) : t('links.resumed_toast', { name: l.name }), {
        text: t('action.undo'),
        act: () => void pause(l, !on),
      })
    } catch (e) {
      setFailed(problemText(asProblem(e)))
    }
  }

  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('links.title')}</h1>
          <p class="muted">{t('links.text')}</p>
        </div>
        <span class="sp" />
        {links.data && <Chip>{t('links.used', { used: links.data.used, cap: links.data.cap })}</Chip>}
      </div>
      {failed && <Notice tone="bad">{failed}</Notice>}
      <Loaded of={links} rows={2}>
        {data => {
          const share = data.links.filter(l => l.kind === 'share')
          return (
            <>
              {share.length === 0 ? (
                <Empty title={t('links.none')} />
              ) : (
                <Table label={t('links.title')} rows={share} id={l => l.id} columns={columns({ use: used.data, mail, copyLink, pause, setEditing, setRemoving })} />
              )}
              {mini ? (
                <Notice>{t('reason.plan_mini')}</Notice>
              ) : data.used >= data.cap ? (
                <Notice>{t('links.full', { n: data.cap, cap: data.cap })}</Notice>
              ) : (
                cams.data && <Create cameras={cams.data} onCreated={l => { changed(); setShown(l) }} />
              )}
            </>
          )
        }}
      </Loaded>
      {shown && <ShowLink link={shown} onClose={() => setShown(undefined)} />}
      {editing && cams.data && <EditLink link={editing} cameras={cams.data} onClose={() => setEditing(undefined)} onSaved={changed} />}
      {removing && (
        <Confirm
          title={t('links.remove_title', { name: removing.name })}
          verb={t('links.remove')}
          onClose={() => setRemoving(undefined)}
          act={async () => {
            await api.remove(removing.id)
            changed()
            toast(t('links.removed', { name: removing.name }))
          }}
        >
          <p>{removing.watching > 0 ? t('links.remove_watching', { n: removing.watching }) : t('links.remove_text')}</p>
        </Confirm>
      )}
    </Settings>
  )
}

function Create({ cameras, onCreated }: { cameras: Camera[]; onCreated(l: Link): void }) {
  if (cameras.length === 0) return <Notice icon="eye">{t('links.need_camera')} <a href="/cameras/new">{t('cameras.add')}</a></Notice>
  return <NewLink cameras={cameras} onCreated={onCreated} />
}

interface Acts {
  use: AccountUsage | undefined
  /** Whether the server sends mail. */
  mail: boolean
  copyLink(l: Link): Promise<void>
  pause(l: Link, on: boolean): Promise<void>
  setEditing(l: Link): void
  setRemoving(l: Link): void
}

function columns(a: Acts): Column<Link>[] {
  return [
    {
      head: t('links.link'),
      role: 'title',
      cell: l => (
        <>
          <b title={t('links.name_fixed')}><bdi>{l.name}</bdi></b>
          <p class="dim meta">{join(l.cameras.map(c => c.name))}</p>
        </>
      ),
    },
    { head: t('cameras.state'), role: 'state', cell: l => <LinkState link={l} /> },
    { head: t('usage.title'), cell: l => <MiniUse link={l} bars={a.use?.links.find(u => u.id === l.id)} /> },
    { head: t('links.watching'), role: 'num', cell: l => l.watching },
    { head: t('links.last_opened'), cell: l => <LinkOpened link={l} /> },
    {
      head: '',
      role: 'acts',
      cell: l => (
        <>
          <Button small icon="copy" onClick={() => void a.copyLink(l)} aria-label={t('links.copy_name', { name: l.name })}>{t('action.copy')}</Button>
          <LinkHand link={l} title={l.name} zone={zone.value} mail={a.mail} />
          {l.state === 'active' && <Button small icon="pause" onClick={() => void a.pause(l, true)}>{t('links.pause')}</Button>}
          {l.state === 'paused_owner' && <Button small icon="play" onClick={() => void a.pause(l, false)}>{t('links.resume')}</Button>}
          <Button small kind="quiet" onClick={() => a.setEditing(l)}>{t('action.edit')}</Button>
          <Button small kind="danger" onClick={() => a.setRemoving(l)} aria-label={t('links.remove_name', { name: l.name })}>{t('action.remove')}</Button>
        </>
      ),
    },
  ]
}
