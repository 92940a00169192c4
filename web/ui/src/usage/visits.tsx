import { useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { date, day, duration, hour, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { ProblemNotice } from '../kit/notice'
import type { Resource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { browserName } from '../state/browser'
import { usage as api, type Block, type Visit } from './api'
import { here, merged } from './merged'

interface Page {
  visits: Visit[]
  next?: string
}

interface Props {
  link: string
  zone: string
  /** The newest page of sessions, kept up to date. */
  visits: Resource<Page>
  blocks: Resource<Block[]>
}

/** Visits lists the sessions of a link's guests: stop one, or block its address for a day. */
export function Visits({ link, zone, visits, blocks }: Props) {
  const [problem, setProblem] = useState<Problem>()
  /** Addresses this page has shown, by visit; each was logged. */
  const [shown, setShown] = useState<Readonly<Record<string, string>>>({})
  const [busy, setBusy] = useState('')
  const run = async (name: string, act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined)
    setBusy(name)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
    setBusy('')
    visits.reload()
    blocks.reload()
  }
  const unblock = (id: string, address: string): Promise<void> =>
    run(`un${id}`, async () => {
      await api.unblock(link, id)
      toast(t('usage.unblocked', { address }))
    })
  const block = (v: Visit): Promise<void> =>
    run(`block${v.id}`, async () => {
      const b = await api.block(link, v.id)
      const ms = parseTime(b.until)
      toast(t('usage.blocked_toast', { address: b.ip_masked, when: ms === undefined ? '' : short(ms, zone) }), { text: t('action.undo'), act: () => void unblock(b.id, b.ip_masked) })
    })
  // Older pages are fetched when asked for; a session that comes back is in the newest one.
  const [older, setOlder] = useState<Page>()
  const next = older ? older.next : visits.data?.next
  const more = (): Promise<void> =>
    run('more', async () => {
      const page = await api.visits(link, next)
      setOlder(o => ({ visits: [...(o?.visits ?? []), ...page.visits], next: page.next }))
    })
  const rows = merged(visits.data?.visits ?? [], older?.visits ?? [])
  const watching = rows.filter(v => v.watching).length
  return (
    <>
      <section class="block us-visits">
        <div class="row wrap">
          <h2>{t('visits.title')}</h2>
          {visits.data && <span class="muted" role="status">{t('link.watching', { n: watching })}</span>}
          <span class="sp" />
          <span class="dim meta">{t('usage.kept')}</span>
        </div>
        <ProblemNotice problem={problem} />
        <Loaded of={visits} rows={3}>
          {() => rows.length === 0 ? <p class="none">{t('visits.none')}</p> : (
            <Table
              label={t('visits.title')}
              rows={rows}
              id={v => v.id}
              columns={[
                {
                  head: t('account.address'),
                  role: 'title',
                  cell: v => (
                    <span class="us-address">
                      <b><bdi dir="ltr" class="num">{shown[v.id] ?? (v.ip_masked || t('usage.dropped'))}</bdi></b>
                      {v.ip_masked && !shown[v.id] && <button type="button" class="lnk" aria-label={t('usage.show_name', { address: v.ip_masked })} onClick={() => void run(`show${v.id}`, async () => { const { ip } = await api.address(link, v.id); setShown(s => ({ ...s, [v.id]: ip })) })}>{t('usage.show')}</button>}
                    </span>
                  ),
                },
                { head: t('usage.place'), role: 'state', cell: v => <Place visit={v} zone={zone} /> },
                { head: t('account.browser'), cell: v => <bdi>{browserName(v.browser)}</bdi> },
                { head: t('visits.first'), cell: v => <When at={v.first_seen} zone={zone} /> },
                { head: t('account.seen'), cell: v => (here(v) ? t('usage.now') : <When at={v.last_seen} zone={zone} />) },
                { head: t('usage.watched'), role: 'num', cell: v => (v.viewing_seconds === undefined ? '' : duration(v.viewing_seconds * 1000)) },
                { head: t('nav.gallery'), role: 'num', cell: v => v.gallery_updates ?? '' },
                {
                  head: '',
                  role: 'acts',
                  cell: v => v.owner ? null : (
                    <>
                      {!v.stopped && !v.blocked_until && lately(v) && <Button small busy={busy === `stop${v.id}`} onClick={() => void run(`stop${v.id}`, async () => { await api.stop(link, v.id); toast(t('visits.stopped')) })}>{t('visits.stop')}</Button>}
                      {v.ip_masked && !v.blocked_until && <Button small kind="quiet" busy={busy === `block${v.id}`} onClick={() => void block(v)}>{t('usage.block')}</Button>}
                    </>
                  ),
                },
              ]}
            />
          )}
        </Loaded>
        {next && <div class="acts"><Button small busy={busy === 'more'} onClick={() => void more()}>{t('usage.older')}</Button></div>}
      </section>
      {(blocks.problem || (blocks.data?.length ?? 0) > 0) && (
        <section class="block us-blocks">
          <h2>{t('usage.blocks')}</h2>
          <p class="muted">{t('usage.blocks_text')}</p>
          <Loaded of={blocks} rows={1}>
            {rows => (
              <ul class="us-rows">
                {rows.map(b => (
                  <li key={b.id}>
                    <b><bdi dir="ltr" class="num">{b.ip_masked}</bdi></b>
                    <span class="muted num">{t('usage.until', { when: short(parseTime(b.until) ?? 0, zone) })}</span>
                    <span class="sp" />
                    <Button small busy={busy === `un${b.id}`} aria-label={t('usage.unblock_name', { address: b.ip_masked })} onClick={() => void unblock(b.id, b.ip_masked)}>{t('usage.unblock')}</Button>
                  </li>
                ))}
              </ul>
            )}
          </Loaded>
        </section>
      )}
    </>
  )
}

/** A visit ends by itself a day after its last use; then there is nobody to stop. */
function lately(v: Visit): boolean {
  return v.watching || Date.now() - (parseTime(v.last_seen) ?? 0) < 86_400_000
}

/** Place is what a guest has now: live, stills, a kept place, or nothing. */
function Place({ visit: v, zone }: { visit: Visit; zone: string }) {
  const until = parseTime(v.blocked_until)
  if (until !== undefined && until > Date.now()) return <Chip tone="bad" icon="none">{t('usage.blocked_until', { when: short(until, zone) })}</Chip>
  if (v.stopped) return <Chip tone="shut" icon="none">{t('visits.was_stopped')}</Chip>
  if (v.owner) return <Chip tone="blue">{t('groups.you')}</Chip>
  if (v.throttled) return <Chip tone="still" icon="image">{t('usage.stills')}</Chip>
  if (v.watching) return <Chip tone="live" icon="live">{t('usage.live')}</Chip>
  if (v.slot) return <Chip>{t('usage.holds')}</Chip>
  return <span class="dim">{t('usage.away')}</span>
}

function short(ms: number, zone: string): string {
  const now = Date.now()
  return Math.abs(now - ms) < 6 * 86_400_000 ? t('time.short', { day: day(ms, zone, now), time: hour(ms, zone) }) : date(ms, zone)
}

function When({ at, zone }: { at: string; zone: string }) {
  const ms = parseTime(at)
  return ms === undefined ? null : <span class="num nw">{short(ms, zone)}</span>
}
