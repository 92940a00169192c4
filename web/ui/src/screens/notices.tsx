import { useState } from 'preact/hooks'
import { notices as api, type NoticeRow } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { session, zone } from '../state/session'
import { AnswerRequest } from './answer-request'
import { noticeText } from './notice-text'

/** Notices are what happened that concerns this person; each is told once and stays until it is old. */
export function Notices() {
  const first = useResource(() => api.list(), ['notices'])
  const [more, setMore] = useState<{ rows: NoticeRow[]; next?: string | undefined }>()
  const [problem, setProblem] = useState<Problem>()
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
    setMore(m => m && { ...m, rows: m.rows.map(n => (!gone || gone.has(n.id) ? { ...n, read: true } : n)) })
    announce('notices')
    const s = session.value
    if (s) session.value = { ...s, badges: { ...s.badges, notices: gone ? Math.max(0, s.badges.notices - gone.size) : 0 } }
  })
  const older = (before: string): Promise<void> => run(async () => {
    const page = await api.list(before)
    setMore(m => ({ rows: [...(m?.rows ?? []), ...page.notices], next: page.next }))
  })
  return (
    <main id="main" class="main narrow">
      <div class="head">
        <h1>{t('nav.notices')}</h1>
        <span class="sp" />
        {first.data?.notices.some(n => !n.read) && <Button onClick={() => void read({ all: true })}>{t('notices.read_all')}</Button>}
      </div>
      <ProblemNotice problem={problem} />
      <Loaded of={first} rows={4}>
        {page => {
          const rows = [...new Map([...page.notices, ...(more?.rows ?? [])].map(n => [n.id, n])).values()]
          const next = more ? more.next : page.next
          if (rows.length === 0) return <Empty title={t('notices.none')} />
          return (
            <>
              <ul class="notices" aria-label={t('nav.notices')}>
                {rows.map(n => (
                  <li key={n.id} class={n.read ? '' : 'new'}>
                    <span class="dot" aria-hidden="true" />
                    <div>
                      <p>{!n.read && <span class="vh">{t('notices.new')} </span>}{noticeText(n)}</p>
                      <p class="meta dim">{moment(parseTime(n.at) ?? 0, zone.value, Date.now())}</p>
                    </div>
                    <span class="sp" />
                    <Go notice={n} onDone={() => { if (!n.read) void read({ ids: [n.id] }) }} />
                    {!n.read && <Button small kind="quiet" onClick={() => void read({ ids: [n.id] })}>{t('notices.read')}</Button>}
                  </li>
                ))}
              </ul>
              {next && <div class="acts"><Button onClick={() => void older(next)}>{t('notices.older')}</Button></div>}
            </>
          )
        }}
      </Loaded>
    </main>
  )
}

/** Go leads to where something can be done about it. */
function Go({ notice: n, onDone }: { notice: NoticeRow; onDone(): void }) {
  switch (n.kind) {
    case 'access_requested':
      return n.person && (n.camera || n.link) ? <AnswerRequest notice={n} onDone={onDone} /> : null
    case 'offer_received':
      return <a class="btn s" href="/cameras/shared">{t('offers.look')}</a>
    case 'group_invitation':
      return <a class="btn s" href="/settings/groups">{t('settings.groups')}</a>
    case 'gallery_full':
      return <a class="btn s" href="/gallery">{t('nav.gallery')}</a>
    case 'link_near':
    case 'link_used_up':
      return n.link ? <a class="btn s" href={`/settings/usage/${encodeURIComponent(n.link.id)}`}>{t('usage.title')}</a> : null
    case 'links_paused_plan':
      return <a class="btn s" href="/settings/sharing">{t('settings.sharing')}</a>
  }
  return null
}
