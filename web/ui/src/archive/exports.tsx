import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { bytes } from '../gallery/words'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Empty, Failed, Skeleton } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { zone } from '../state/session'
import { exportsAPI, take, type Export, type ExportLimits } from './export-api'
import { spanText } from './export-words'

export interface ExportList {
  list: Export[] | undefined
  limits: ExportLimits | undefined
  problem: Problem | undefined
  reload(): void
  /** put shows one at once, before the next load. */
  put(x: Export): void
}

const goesOn = (x: Export): boolean => x.state === 'waiting' || x.state === 'running'

/** useExports is one's exports, asked again each second as long as one is being made. */
export function useExports(): ExportList {
  const [state, set] = useState<{ list?: Export[]; limits?: ExportLimits; problem?: Problem }>({})
  const alive = useRef(true)
  const reload = useCallback(() => {
    exportsAPI.list().then(
      r => { if (alive.current) set({ list: r.exports, limits: r.limits }) },
      e => { if (alive.current) set(s => ({ ...s, problem: asProblem(e) })) },
    )
  }, [])
  useEffect(() => {
    reload()
    return () => { alive.current = false }
  }, [])
  useEffect(() => {
    if (!state.list?.some(goesOn)) return undefined
    const timer = setTimeout(reload, 1000)
    return () => clearTimeout(timer)
  }, [state])
  const put = (x: Export): void => set(s => ({ ...s, list: [x, ...(s.list ?? []).filter(o => o.id !== x.id)] }))
  return { list: state.list, limits: state.limits, problem: state.problem, reload, put }
}

/** Exports lists what was made in the last day: what it is, how far, and the way to have it. */
export function Exports({ list, fail, head }: { list: ExportList; fail(p: Problem | undefined): void; head: boolean }) {
  const { list: all, problem } = list
  if (head && all?.length === 0) return null
  return (
    <section class="ex-list">
      {head && <h3>{t('export.list')}</h3>}
      {problem && <Failed problem={problem} retry={list.reload} />}
      {all === undefined && !problem && <Skeleton rows={2} />}
      {all?.length === 0 && <Empty title={t('export.none')} />}
      {all && all.length > 0 && <ul>{all.map(x => <Row key={x.id} x={x} reload={list.reload} fail={fail} />)}</ul>}
    </section>
  )
}

function Row({ x, reload, fail }: { x: Export; reload(): void; fail(p: Problem | undefined): void }) {
  const [busy, setBusy] = useState(false)
  const run = async (what: () => Promise<void>): Promise<void> => {
    if (busy) return
    setBusy(true)
    fail(undefined)
    try {
      await what()
    } catch (e) {
      fail(asProblem(e))
    }
    setBusy(false)
    reload()
  }
  const part = Math.round(x.progress * 100)
  return (
    <li class={`ex-row ${x.state}`}>
      <div class="ex-what">
        <b><bdi>{x.camera_name || reason('level_missing')}</bdi></b>
        <p class="muted num">{spanText(x.from, x.seconds, zone.value)}{x.state === 'ready' && <> · {bytes(x.bytes)}</>}{x.watermark && <> · {t('export.marked')}</>}</p>
        {x.state === 'waiting' && <p class="muted">{t('export.waiting')}</p>}
        {x.state === 'running' && (
          <div class="ex-going">
            <span class="meter" role="progressbar" aria-label={t('export.running', { n: part })} aria-valuemin={0} aria-valuemax={100} aria-valuenow={part}><i style={{ inlineSize: `${part}%` }} /></span>
            <span class="num muted">{t('export.running', { n: part })}</span>
          </div>
        )}
        {x.state === 'failed' && <p class="err"><Icon name="warn" small /><span>{reason(x.error)}</span></p>}
      </div>
      {x.state === 'ready' && x.name && <Button small icon="download" busy={busy} aria-label={t('export.fetch_of', { name: x.name })} onClick={() => void run(() => take(x))}>{t('export.fetch')}</Button>}
      <Button small kind="quiet" bare icon="close" onClick={() => void run(() => exportsAPI.remove(x.id))}>{t(x.state === 'waiting' || x.state === 'running' ? 'export.stop' : 'export.remove')}</Button>
    </li>
  )
}
