import { useRef, useState } from 'preact/hooks'
import { cameras } from '../api/api'
import { notices as api, type NoticeRow } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { dayOf, dayTitle } from '../gallery/words'
import { t } from '../i18n/i18n'
import { hour, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { go, search } from '../kit/router'
import { AnswerRequest } from '../screens/answer-request'
import { account, session, zone } from '../state/session'
import { addressOf, filterOf, merged, narrowed, nothing, queryOf, type Filter } from './filter'
import { Filters } from './filters'
import { grave, kindIcon } from './kinds'
import { noticeText } from './text'

/** Notices are what happened that concerns this person; each is told once and stays until it is old. */
export function Notices() {
  const filter = filterOf(search.value)
  const given = useResource(() => cameras.list().then(r => r.cameras), ['cameras', 'access'])
  const change = (f: Filter): void => go(addressOf(f), true)
  return (
    <main id="main" class="main narrow">
      <div class="head no-head">
        <h1>{t('nav.notices')}</h1>
        <span class="sp" />
        <Filters filter={filter} cameras={given.data ?? []} onChange={change} />
        <a class="btn quiet ic" href="/settings/notices" aria-label={t('notices.settings')} title={t('notices.settings')}><Icon name="gear" /></a>
      </div>
      <List key={addressOf(filter)} filter={filter} onClear={() => change(nothing)} />
    </main>
  )
}

function List({ filter, onClear }: { filter: Filter; onClear(): void }) {
  const first = useResource(() => api.list(queryOf(filter, zone.value)), ['notices', 'access'])
  const [more, setMore] = useState<{ rows: NoticeRow[]; next?: string | undefined }>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const shown = useRef<NoticeRow[]>([])
  const run = async (act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  const read = (b: { ids: string[] } | { all: true }): Promise<void> => run(async () => {
    await api.read(b)
    const gone = 'all' in b ? undefined : new Set(b.ids)
    const seen = (n: NoticeRow): NoticeRow => (!gone || gone.has(n.id) ? { ...n, read: true } : n)
    shown.current = shown.current.map(seen)
    setMore(m => m && { ...m, rows: m.rows.map(seen) })
    announce('notices')
    const s = session.value
    if (s) session.value = { ...s, badges: { ...s.badges, notices: gone ? Math.max(0, s.badges.notices - gone.size) : 0 } }
  })
  const older = (before: string): Promise<void> => run(async () => {
    setBusy(true)
    try {
      const page = await api.list(queryOf(filter, zone.value, before))
      setMore(m => ({ rows: [...(m?.rows ?? []), ...page.notices], next: page.next }))
    } finally {
      setBusy(false)
    }
  })
  return (
    <>
      <ProblemNotice problem={problem} />
      <Loaded of={first} rows={4}>
        {page => {
          const rows = more ? merged(page.notices, !page.next, [...shown.current, ...more.rows]) : page.notices
          shown.current = rows
          const next = more && page.next ? more.next : page.next
          if (rows.length === 0) {
            return narrowed(filter)
              ? <Empty title={t('notices.none_filtered')}><Button onClick={onClear}>{t('notices.clear')}</Button></Empty>
              : <Empty title={t('notices.none')} />
          }
          return (
            <>
              {rows.some(n => !n.read) && <p class="no-all"><Button small kind="quiet" icon="check" onClick={() => void read({ all: true })}>{t('notices.read_all')}</Button></p>}
              {days(rows).map(d => (
                <section key={d.day} class="no-day">
                  <h2>{dayTitle(d.day, zone.value, Date.now())}</h2>
                  <ul class="notices">
                    {d.rows.map(n => <Row key={n.id} notice={n} onRead={() => { if (!n.read) void read({ ids: [n.id] }) }} />)}
                  </ul>
                </section>
              ))}
              {next && <div class="acts"><Button busy={busy} onClick={() => void older(next)}>{t('notices.older')}</Button></div>}
            </>
          )
        }}
      </Loaded>
    </>
  )
}

/** days are the rows by the day they were told on, newest first. */
function days(rows: readonly NoticeRow[]): { day: string; rows: NoticeRow[] }[] {
  const out: { day: string; rows: NoticeRow[] }[] = []
  for (const n of rows) {
    const day = dayOf(parseTime(n.at) ?? 0, zone.value)
    const last = out.at(-1)
    if (last?.day === day) last.rows.push(n)
    else out.push({ day, rows: [n] })
  }
  return out
}

function Row({ notice: n, onRead }: { notice: NoticeRow; onRead(): void }) {
  const more = n.text || n.disk
  return (
    <li class={n.read ? '' : 'new'}>
      <span class={grave(n.kind, n.reason) ? 'no-sign bad' : 'no-sign'} aria-hidden="true"><Icon name={kindIcon(n.kind, n.reason)} /></span>
      <div>
        <p id={`notice-${n.id}`}>{!n.read && <span class="vh">{t('notices.new')} </span>}{noticeText(n)}</p>
        <p class="meta dim"><time class="num" dateTime={n.at}>{hour(parseTime(n.at) ?? 0, zone.value)}</time>{more && <>{' · '}<bdi>{more}</bdi></>}</p>
      </div>
      <div class="no-go"><Go notice={n} onDone={onRead} /></div>
      {n.read ? <span class="no-dot" /> : <button type="button" class="no-dot on" aria-label={t('notices.read')} aria-describedby={`notice-${n.id}`} title={t('notices.read')} onClick={onRead}><i /></button>}
    </li>
  )
}

/** Go leads to where something can be seen of it or done about it. */
function Go({ notice: n, onDone }: { notice: NoticeRow; onDone(): void }) {
  if (n.archive) return <a class="btn s" href={n.archive} onClick={onDone}><Icon name="play" small />{t('notices.see')}</a>
  switch (n.kind) {
    case 'access_requested':
      return n.person && (n.camera || n.link) ? <AnswerRequest notice={n} onDone={onDone} /> : null
    case 'offer_received':
      return <a class="btn s" href="/cameras/shared">{t('offers.look')}</a>
    case 'group_invitation':
      return <a class="btn s" href="/settings/groups">{t('settings.groups')}</a>
    case 'gallery_full':
    case 'still':
      return <a class="btn s" href="/gallery">{t('nav.gallery')}</a>
    case 'link_near':
    case 'link_used_up':
      return n.link ? <a class="btn s" href={`/settings/usage/${encodeURIComponent(n.link.id)}`}>{t('usage.title')}</a> : null
    case 'throttle':
      return <a class="btn s" href="/settings/usage">{t('usage.title')}</a>
    case 'storage':
      return !n.camera && account.value?.instance_admin ? <a class="btn s" href="/settings/instance/storage">{t('storage.title')}</a> : null
    case 'webhook_off':
      return <a class="btn s" href="/settings/notices">{t('notices.settings')}</a>
    case 'links_paused_plan':
      return <a class="btn s" href="/settings/sharing">{t('settings.sharing')}</a>
  }
  return null
}
