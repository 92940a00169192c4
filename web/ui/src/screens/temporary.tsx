import { useState } from 'preact/hooks'
import { cameras as cameraAPI, links as api, open } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city, date, list as join, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { copy } from '../kit/copy'
import { Confirm } from '../kit/dialog'
import { useMoment } from '../kit/moment'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { LinkDates } from '../share/link-dates'
import { LinkHand } from '../share/link-hand'
import { zone } from '../state/session'
import { LinkOpened, LinkState } from './link-state'
import { ShowLink } from './link-show'
import { LinkVisits } from './link-visits'
import { Settings } from './settings'

/** Temporary lists the temporary links of all cameras; they are made where a camera is given access to. */
export function Temporary() {
  const list = useResource(() => api.list().then(r => r.links.filter(l => l.kind === 'temporary')), ['links'])
  useMoment((list.data ?? []).flatMap(l => [l.starts, l.ends]), list.reload)
  const cams = useResource(() => cameraAPI.list().then(r => r.cameras), ['cameras'])
  const mail = useResource(() => open.status()).data?.mail ?? false
  const [dating, setDating] = useState<Link>()
  const [removing, setRemoving] = useState<Link>()
  const [visits, setVisits] = useState<Link>()
  const [shown, setShown] = useState<Link>()
  const [problem, setProblem] = useState<Problem>()
  const copyLink = async (l: Link): Promise<void> => {
    if (await copy(l.url)) toast(t('links.copied', { name: l.name || join(l.cameras.map(c => c.name)) }))
    else setShown(l)
  }
  /** The clock of a link's window is its camera's. */
  const zoneOf = (l: Link): string => cams.data?.find(c => c.id === l.cameras[0]?.id)?.zone ?? zone.value
  const pause = async (l: Link, on: boolean): Promise<void> => {
    setProblem(undefined)
    try {
      await (on ? api.pause(l.id) : api.resume(l.id))
      announce('links')
      toast(t(on ? 'links.paused_toast' : 'links.resumed_toast', { name: title(l) }), { text: t('action.undo'), act: () => void pause(l, !on) })
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('settings.temporary')}</h1>
          <p class="muted">{t('temporary.text')}</p>
        </div>
      </div>
      <ProblemNotice problem={problem} />
      <Loaded of={list} rows={2}>
        {rows => rows.length === 0 ? <Empty title={t('temporary.none')}><a class="btn" href="/cameras">{t('nav.cameras')}</a></Empty> : (
          <Table
            label={t('settings.temporary')}
            rows={rows}
            id={l => l.id}
            columns={[
              { head: t('cameras.camera'), role: 'title', cell: l => <><b><bdi>{join(l.cameras.map(c => c.name))}</bdi></b>{l.name && <p class="dim meta"><bdi>{l.name}</bdi></p>}</> },
              { head: t('cameras.state'), role: 'state', cell: l => <LinkState link={l} /> },
              { head: t('temporary.from'), cell: l => <Time at={l.starts} zone={zoneOf(l)} /> },
              { head: t('temporary.to'), cell: l => <Time at={l.ends} zone={zoneOf(l)} /> },
              { head: t('links.watching'), role: 'num', cell: l => l.watching },
              { head: t('links.last_opened'), cell: l => <LinkOpened link={l} /> },
              {
                head: '',
                role: 'acts',
                cell: l => (
                  <>
                    <Button small icon="copy" onClick={() => void copyLink(l)} aria-label={t('links.copy_name', { name: title(l) })}>{t('action.copy')}</Button>
                    <LinkHand link={l} title={title(l)} zone={zoneOf(l)} mail={mail} />
                    {(l.state === 'active' || l.state === 'scheduled') && <Button small icon="pause" onClick={() => void pause(l, true)}>{t('links.pause')}</Button>}
                    {l.state === 'paused_owner' && <Button small icon="play" onClick={() => void pause(l, false)}>{t('links.resume')}</Button>}
                    <Button small kind="quiet" onClick={() => setDating(l)} aria-label={t('links.dates_name', { name: title(l) })}>{t('link.dates')}</Button>
                    <Button small kind="quiet" onClick={() => setVisits(l)}>{t('visits.title')}</Button>
                    <Button small kind="danger" onClick={() => setRemoving(l)} aria-label={t('links.remove_name', { name: title(l) })}>{t('action.remove')}</Button>
                  </>
                ),
              },
            ]}
          />
        )}
      </Loaded>
      {shown && <ShowLink link={shown} onClose={() => setShown(undefined)} />}
      {dating && <LinkDates link={dating} title={title(dating)} zone={zoneOf(dating)} onClose={() => setDating(undefined)} onSaved={() => { announce('links'); announce('cameras'); toast(t('links.saved', { name: title(dating) })) }} />}
      {visits && <LinkVisits link={visits} onClose={() => setVisits(undefined)} />}
      {removing && (
        <Confirm
          title={t('links.remove_title', { name: title(removing) })}
          verb={t('links.remove')}
          onClose={() => setRemoving(undefined)}
          act={async () => {
            await api.remove(removing.id)
            announce('links')
            announce('cameras')
            toast(t('links.removed', { name: title(removing) }))
          }}
        >
          <p>{removing.watching > 0 ? t('links.remove_watching', { n: removing.watching }) : t('links.remove_text')}</p>
        </Confirm>
      )}
    </Settings>
  )
}

/** title is a link's name, or its camera's where it has none. */
function title(l: Link): string {
  return l.name || join(l.cameras.map(c => c.name))
}

function Time({ at, zone: of }: { at: string | undefined; zone: string }) {
  const ms = parseTime(at)
  // A zone is named where it is not the reader's own.
  return ms === undefined ? <span class="dim">–</span> : <span class="num nw">{date(ms, of)}{of === zone.value ? '' : ` (${city(of)})`}</span>
}
