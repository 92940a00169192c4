import { useEffect, useRef, useState } from 'preact/hooks'
import { open } from '../api/api'
import { access, cameraGroups, cameraLinks, type AccessTable, type Person } from '../api/access'
import { asProblem, type Problem } from '../api/problem'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { list } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Confirm, Dialog } from '../kit/dialog'
import { MailTo } from '../kit/mail-to'
import { useMoment } from '../kit/moment'
import { Notice, ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { Tabs } from '../kit/tabs'
import { add, change, changed, edits, isChanged, rebase, refused, rowsOf, without, type Row } from './draft'
import { Groups } from './groups'
import { Links } from './links'
import { nameOf, People } from './people'
import { isNever } from './schedule'
import { SeeAs } from './see-as'
import { SecretLine } from '../screens/link-show'

type Ask = { leave: true } | { stop: Row } | { never: Row[] }

export interface GiveAccessProps {
  camera: Camera
  /** Who asked for access: in the table as a draft from the start. */
  person?: Person | undefined
  onClose(): void
}

/**
 * GiveAccess is the one window in which a camera is shared: with people, by
 * links, with groups. People are edited as drafts and saved together; links and
 * groups take effect at once.
 */
export function GiveAccess({ camera, person, onClose }: GiveAccessProps) {
  const table = useResource(() => access.get(camera.id), ['access'])
  const links = useResource(() => cameraLinks.list(camera.id).then(r => r.links.filter(l => l.cameras.some(c => c.id === camera.id))), ['links'])
  useMoment((links.data ?? []).flatMap(l => [l.starts, l.ends]), links.reload)
  useMoment((table.data?.rows ?? []).map(r => r.until), table.reload)
  const groups = useResource(() => cameraGroups.list(), ['groups'])
  const status = useResource(() => open.status())
  const [tab, setTab] = useState('people')
  const [rows, setRows] = useState<Row[]>()
  const version = useRef(0)
  const [asking, ask] = useState<Ask>()
  const [seeing, see] = useState(false)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [added, setAdded] = useState<string>()
  const [stale, setStale] = useState(false)
  const [said, say] = useState('')
  const [invited, setInvited] = useState<NonNullable<AccessTable['invited']>>([])
  const focusRow = useRef<string | undefined>(undefined)

  const took = (x: AccessTable, drop = false): void => {
    version.current = x.version
    setRows(r => {
      if (r && !drop) return rebase(r, x)
      const fresh = rowsOf(x)
      if (r || !person) return fresh
      const a = add(fresh, person)
      focusRow.current = a.key
      return [...a.rows]
    })
  }
  useEffect(() => {
    if (table.data) took(table.data)
  }, [table.data])
  useEffect(() => {
    const key = focusRow.current
    focusRow.current = undefined
    if (key) document.querySelector<HTMLElement>(`.ppl [data-row="${CSS.escape(key)}"]`)?.focus()
  }, [rows])

  const n = rows ? changed(rows) : 0
  useEffect(() => {
    if (n === 0) return
    const stay = (e: Event): void => e.preventDefault()
    addEventListener('beforeunload', stay)
    return () => removeEventListener('beforeunload', stay)
  }, [n > 0])

  const put = (edit: (rows: readonly Row[]) => readonly Row[]): void => {
    say('')
    setRows(r => r && [...edit(r)])
  }
  const onAdd = (who: Person | string): void => {
    if (!rows) return
    const a = add(rows, who)
    focusRow.current = a.key
    setAdded(a.key)
    put(() => a.rows)
  }
  const save = async (sure = false): Promise<void> => {
    if (!rows || busy) return
    setProblem(undefined)
    if (n === 0) {
      onClose()
      return
    }
    const never = rows.filter(r => !r.removed && isChanged(r) && isNever(r.terms.schedule))
    if (never.length > 0 && !sure) {
      ask({ never })
      return
    }
    const { edits: body, sent } = edits(rows)
    setBusy(true)
    try {
      const fresh = await access.save(camera.id, version.current, body)
      const offers = rows.filter(r => !r.base).length
      took(fresh, true)
      setStale(false)
      setInvited(fresh.invited ?? [])
      say(offers ? t('share.saved_offers', { n: offers }) : t('share.saved'))
      announce('cameras')
    } catch (e) {
      await failed(asProblem(e), sent)
    } finally {
      setBusy(false)
    }
  }
  const failed = async (p: Problem, sent: readonly Row[]): Promise<void> => {
    const bad = refused(p.field, sent)
    if (p.code === 'stale') {
      try {
        table.put(await access.get(camera.id))
        setStale(true)
      } catch (e) {
        setProblem(asProblem(e))
      }
    } else if (bad) {
      focusRow.current = bad.key
      setRows(r => r && change(r, bad.key, { error: p.code }))
    } else setProblem(p)
  }
  const stop = async (r: Row): Promise<void> => {
    const fresh = await access.save(camera.id, version.current, without(rows ?? [], r.key))
    version.current = fresh.version
    setRows(x => x && rebase(x.filter(y => y.key !== r.key), fresh))
    say(t('share.stopped', { name: nameOf(r) }))
    announce('cameras')
  }
  const leave = (): void => (n > 0 ? ask({ leave: true }) : onClose())

  const saved = (rows ?? []).filter(r => r.base && !r.removed && !r.waiting)
  const nLinks = links.data?.length
  const nGroups = groups.data?.groups.filter(g => g.cameras.some(c => c.id === camera.id)).length
  const counts = rows && nLinks !== undefined && nGroups !== undefined
    ? t('share.counts', { people: t('share.people_n', { n: rows.filter(r => r.base).length }), links: t('share.links_n', { n: nLinks }), groups: t('share.groups_n', { n: nGroups }) })
    : ' '

  return (
    <Dialog
      size="large"
      title={<>{t('share.title')} <bdi>{camera.name}</bdi></>}
      sub={counts}
      acts={saved.length > 0 && <Button small icon="eye" onClick={() => see(true)}>{t('share.see_as')}</Button>}
      onClose={leave}
      footer={
        <>
          <span role="status" class="row">{n > 0 ? <Chip tone="warn">{t('share.unsaved', { n })}</Chip> : said ? <Chip tone="live" icon="check">{said}</Chip> : null}</span>
          <span class="sp" />
          {n > 0 || tab === 'people' ? (
            <>
              <Button kind="quiet" onClick={leave}>{n > 0 ? t('action.cancel') : t('action.close')}</Button>
              <Button kind="primary" busy={busy} onClick={() => void save()}>{t('action.save')}</Button>
            </>
          ) : (
            <Button onClick={leave}>{t('action.close')}</Button>
          )}
        </>
      }
    >
      <Tabs
        label={t('share.tabs')}
        value={tab}
        onChange={id => { say(''); setTab(id) }}
        tabs={[
          { id: 'people', text: t('share.people'), count: rows?.length },
          { id: 'links', text: t('share.links'), count: nLinks },
          { id: 'groups', text: t('share.groups'), count: nGroups },
        ]}
      >
        {stale && <Notice tone="warn" live>{t('share.stale')}</Notice>}
        <ProblemNotice problem={problem} />
        {invited.map(x => (
          <section class="fresh" key={x.email}>
            <p>{x.url ? t('share.invited', { email: x.email }) : t('share.invited_mailed', { email: x.email })}</p>
            {x.url && <SecretLine label={t('links.link')} text={x.url} />}
            {x.url && <MailTo to={x.email} subject={t('mail.invite_subject')} body={`${t('mail.invite_body')}\n\n${x.url}\n`} />}
          </section>
        ))}
        {tab === 'people' && <Loaded of={table} rows={3}>{() => rows && <People camera={camera} invites={status.data?.registration !== 'closed'} rows={rows} put={put} added={added} onAdd={onAdd} onStop={r => ask({ stop: r })} />}</Loaded>}
        {tab === 'links' && <Links camera={camera} of={links} mail={status.data?.mail ?? false} />}
        {tab === 'groups' && <Groups camera={camera} of={groups} />}
      </Tabs>
      {seeing && <SeeAs camera={camera} rows={saved} onClose={() => see(false)} />}
      {asking && 'leave' in asking && (
        <Confirm title={t('share.leave_title')} verb={t('share.leave')} onClose={() => ask(undefined)} act={async () => onClose()}>
          <p>{t('share.leave_text', { n })}</p>
        </Confirm>
      )}
      {asking && 'stop' in asking && (
        <Confirm title={t('share.stop_title', { name: nameOf(asking.stop) })} verb={t('share.stop')} onClose={() => ask(undefined)} act={() => stop(asking.stop)}>
          <p>{t('share.stop_text')}</p>
        </Confirm>
      )}
      {asking && 'never' in asking && (
        <Confirm title={t('share.never_title', { names: list(asking.never.map(nameOf)) })} verb={t('action.save')} onClose={() => ask(undefined)} act={() => save(true)}>
          <p>{t('share.never_text')}</p>
        </Confirm>
      )}
    </Dialog>
  )
}
