import { useState } from 'preact/hooks'
import { audit as api, type AuditRow } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { hasText, t } from '../i18n/i18n'
import { parts } from '../i18n/stamp'
import { date, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { zone } from '../state/session'
import { Settings } from './settings'

/** Audit is who did what with one's cameras and links; nobody can change it. */
export function Audit() {
  const first = useResource(() => api.list(), ['access', 'links', 'groups', 'cameras'])
  const [more, setMore] = useState<{ rows: AuditRow[]; next?: string }>()
  const [problem, setProblem] = useState<Problem>()
  const load = async (before: string): Promise<void> => {
    setProblem(undefined)
    try {
      const page = await api.list(before)
      setMore(m => ({ rows: [...(m?.rows ?? []), ...page.rows], ...(page.next ? { next: page.next } : {}) }))
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('settings.audit')}</h1>
          <p class="muted">{t('audit.text')}</p>
        </div>
      </div>
      <Loaded of={first} rows={6}>
        {page => {
          const rows = unique([...page.rows, ...(more?.rows ?? [])])
          const next = more ? more.next : page.next
          if (rows.length === 0) return <Empty title={t('audit.none')} />
          return (
            <>
              <Table
                label={t('settings.audit')}
                rows={rows}
                id={r => r.id}
                columns={[
                  { head: t('audit.what'), role: 'title', cell: r => <><b>{actionText(r.action)}</b>{besides(r) && <p class="dim meta">{besides(r)}</p>}</> },
                  { head: t('audit.about'), cell: r => <span>{kindText(r.what.kind)} <bdi>{r.what.name ?? ''}</bdi></span> },
                  { head: t('audit.who'), cell: r => (r.who.name ? <bdi>{r.who.name}</bdi> : t('audit.as.system')) },
                  { head: t('audit.when'), cell: r => <span class="num nw">{date(parseTime(r.at) ?? 0, zone.value)}</span> },
                ]}
              />
              <ProblemNotice problem={problem} />
              {next && <div class="acts"><Button onClick={() => void load(next)}>{t('audit.more')}</Button></div>}
            </>
          )
        }}
      </Loaded>
    </Settings>
  )
}

function unique(rows: readonly AuditRow[]): AuditRow[] {
  return [...new Map(rows.map(r => [r.id, r])).values()]
}

function actionText(action: string): string {
  const key = `audit.do.${action}`
  return hasText(key) ? t(key) : action
}

/** besides is what a row says beside what was done. */
function besides(r: AuditRow): string {
  return r.action === 'camera.download' ? taken(r.detail ?? '') : role(r)
}

/** taken is which footage somebody took away as a file. */
function taken(detail: string): string {
  const time = (name: string): string => {
    const p = parts(parseTime(new RegExp(`\\b${name}: (\\S+Z)`).exec(detail)?.[1]) ?? 0, zone.value)
    return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}`
  }
  return t(/\bhow: watermark\b/.test(detail) ? 'audit.download_marked' : 'audit.download', { from: time('from'), to: time('to') })
}

/** role is what a row about a group says of the role; the ids of its detail are for machines. */
function role(r: AuditRow): string {
  const found = /\brole: (\w+)/.exec(r.detail ?? '')?.[1]
  const key = `role.${found ?? ''}`
  return hasText(key) ? t(key) : ''
}

function kindText(kind: string): string {
  const key = `audit.kind.${kind}`
  return hasText(key) ? t(key) : kind
}
