import { render } from 'preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { bytes } from '../gallery/words'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { city, duration, parseTime } from '../i18n/time'
import { instant } from '../i18n/zoned'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Dialog } from '../kit/dialog'
import { Check } from '../kit/field'
import { Notice, ProblemNotice } from '../kit/notice'
import { zone as ownZone } from '../state/session'
import type { Layer } from './api'
import { exportsAPI, take, type Export, type ExportLook } from './export-api'
import { Exports, useExports } from './exports'
import { fieldText, leftText } from './export-words'

export interface ExportAsk {
  camera: string
  from: number
  to: number
  layer?: Layer | undefined
  /** The camera's name and zone, for the title and the clocks. */
  name?: string | undefined
  zone?: string | undefined
}

/** exportDialog opens the dialog that makes a file of a range; without one, the list of what was made. */
export function exportDialog(ask?: ExportAsk): void {
  const place = document.body.appendChild(document.createElement('div'))
  const close = (): void => {
    render(null, place)
    place.remove()
  }
  render(<ExportDialog ask={ask} onClose={close} />, place)
}

/** What is left out is named up to so many times. */
const named = 4

function ExportDialog({ ask, onClose }: { ask: ExportAsk | undefined; onClose(): void }) {
  const list = useExports()
  const [problem, setProblem] = useState<Problem>()
  const [rest, setRest] = useState<Export>()
  const [draft, setDraft] = useState(ask)
  const [busy, setBusy] = useState(false)
  const [mark, setMark] = useState(false)
  const zone = ask?.zone ?? ownZone.value
  const limits = list.limits
  const look = useLook(draft)
  const wrong = draft ? refusal(draft, look, mark) : undefined
  const make = async (): Promise<void> => {
    if (!draft || busy) return
    if (wrong) return
    setBusy(true)
    setProblem(undefined)
    setRest(undefined)
    try {
      const x = await exportsAPI.make(draft.camera, draft.from, draft.to, draft.layer ?? 'main', mark)
      list.put(x)
      if (x.rest) setRest(x)
      if (x.state === 'ready') await take(x)
    } catch (e) {
      setProblem(asProblem(e))
    }
    list.reload()
    setBusy(false)
  }
  const onward = (x: Export): void => {
    const from = parseTime(x.rest?.from)
    const to = parseTime(x.rest?.to)
    if (draft && from !== undefined && to !== undefined) setDraft({ ...draft, from, to })
    setRest(undefined)
  }
  return (
    <Dialog
      title={ask ? t('export.title') : t('export.list')}
      sub={ask?.name && <bdi>{ask.name}</bdi>}
      onClose={onClose}
      size="large"
      footer={
        <>
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.close')}</Button>
          {draft && <Button kind="primary" icon="download" busy={busy} aria-disabled={wrong !== undefined || undefined} onClick={() => void make()}>{mark ? t('export.make') : t('export.save')}</Button>}
        </>
      }
    >
      {draft && (
        <div class="ex">
          <div class="ex-ends">
            <Moment label={t('export.from')} value={draft.from} zone={zone} bad={draft.from >= draft.to} onChange={from => setDraft({ ...draft, from })} />
            <Moment label={t('export.to')} value={draft.to} zone={zone} bad={draft.from >= draft.to} onChange={to => setDraft({ ...draft, to })} />
          </div>
          <p class="hint">{t('archive.zone', { zone: city(zone) })}</p>
          <div class="row ex-layer">
            <Segmented
              label={t('export.layer')}
              value={draft.layer ?? 'main'}
              options={[{ value: 'main' as Layer, text: t('export.layer.main') }, { value: 'sub' as Layer, text: t('export.layer.sub') }]}
              onChange={layer => setDraft({ ...draft, layer })}
            />
          </div>
          {limits && limits.watermark_s > 0 && (
            <Check
              bound={{ name: 'watermark', value: mark, set: setMark, leave() {} }}
              label={t('export.watermark')}
              hint={t('export.watermark_hint', { time: duration(limits.watermark_s * 1000) })}
            />
          )}
          <Seen look={look} zone={zone} wrong={wrong} />
        </div>
      )}
      {problem && <div class="ex-said"><ProblemNotice problem={problem} /></div>}
      {rest && (
        <Notice tone="warn">
          {t('export.rest')} <Button small onClick={() => onward(rest)}>{t('export.rest_do')}</Button>
        </Notice>
      )}
      <Exports list={list} fail={setProblem} head={draft !== undefined} />
    </Dialog>
  )
}

interface Look {
  answer?: ExportLook
  problem?: Problem
  busy: boolean
}

/** useLook asks what the file would be, a moment after the last change. */
function useLook(draft: ExportAsk | undefined): Look {
  const [state, set] = useState<Look>({ busy: true })
  const { camera = '', from = 0, to = 0, layer = 'main' } = draft ?? {}
  useEffect(() => {
    if (!camera || from >= to) {
      set({ busy: false })
      return
    }
    const stop = new AbortController()
    set(s => ({ ...s, busy: true }))
    const timer = setTimeout(() => {
      exportsAPI.look(camera, from, to, layer, stop.signal).then(
        answer => set({ answer, busy: false }),
        e => { if (!stop.signal.aborted) set({ problem: asProblem(e), busy: false }) },
      )
    }, 250)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [camera, from, to, layer])
  return state
}

/** refusal is the code of why this cannot be saved; undefined where it can. */
function refusal(draft: ExportAsk, look: Look, mark: boolean): string | undefined {
  const a = look.answer
  if (draft.from >= draft.to) return 'export_order'
  if (!a || look.busy) return undefined
  if (a.bytes === 0) return 'no_footage'
  if (a.seconds > a.limits.longest_s + 1 || (mark && a.seconds > a.limits.watermark_s + 1)) return 'export_long'
  if (a.limits.day_s >= 0 && a.seconds > a.limits.day_left_s) return 'export_hours'
  if (a.limits.day_bytes >= 0 && a.bytes > a.limits.day_left_bytes) return 'export_bytes'
  return undefined
}

/** Seen says what the file will be: how long, how large, and what is not in it. */
function Seen({ look, zone, wrong }: { look: Look; zone: string; wrong: string | undefined }) {
  const a = look.answer
  if (look.problem) return <ProblemNotice problem={look.problem} />
  if (wrong) return <Notice tone="bad">{reason(wrong)}</Notice>
  if (!a) return <p class="ex-sum muted" aria-busy={look.busy || undefined}>{look.busy ? t('export.looking') : ''}</p>
  const left = a.left_out
  return (
    <div class={`ex-sum${look.busy ? ' ex-old' : ''}`} role="status">
      <p><b class="num">{t('export.size', { size: bytes(a.bytes), time: duration(a.seconds * 1000) })}</b></p>
      {a.gaps > 0 && <p class="muted">{t('export.gaps', { n: a.gaps })}</p>}
      {left.length > 0 && (
        <>
          <p>{t('export.left_out')}</p>
          <ul class="ex-left">
            {left.slice(0, named).map(l => <li key={l.from} class="num">{leftText(l, zone)}</li>)}
            {left.length > named && <li class="muted">{t('export.left_more', { n: left.length - named })}</li>}
          </ul>
        </>
      )}
    </div>
  )
}

/** Moment is one end of the range: typed, or moved by seconds. */
function Moment({ label, value, zone, bad, onChange }: { label: string; value: number; zone: string; bad: boolean; onChange(ms: number): void }) {
  const id = useId()
  const typed = (text: string): void => {
    const ms = instant(text, zone)
    if (ms !== undefined) onChange(ms)
  }
  return (
    <div class="field ex-end">
      <label class="lab" for={id}>{label}</label>
      <div class="row">
        <Button small kind="quiet" extra="num" aria-label={t('export.earlier', { what: label, n: 10 })} onClick={() => onChange(value - 10_000)}>{`−${t('unit.seconds', { n: 10 })}`}</Button>
        <Button small kind="quiet" extra="num" aria-label={t('export.earlier', { what: label, n: 1 })} onClick={() => onChange(value - 1000)}>{`−${t('unit.seconds', { n: 1 })}`}</Button>
        <input id={id} type="datetime-local" step={1} class={`fld num${bad ? ' bad' : ''}`} aria-invalid={bad || undefined} value={fieldText(value, zone)} onChange={e => typed(e.currentTarget.value)} />
        <Button small kind="quiet" extra="num" aria-label={t('export.later', { what: label, n: 1 })} onClick={() => onChange(value + 1000)}>{`+${t('unit.seconds', { n: 1 })}`}</Button>
        <Button small kind="quiet" extra="num" aria-label={t('export.later', { what: label, n: 10 })} onClick={() => onChange(value + 10_000)}>{`+${t('unit.seconds', { n: 10 })}`}</Button>
      </div>
    </div>
  )
}
