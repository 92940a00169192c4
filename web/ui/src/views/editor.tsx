import { useEffect, useRef, useState } from 'preact/hooks'
import { views as api } from '../api/api'
import { asProblem, Problem } from '../api/problem'
import type { Camera, View, ViewCell } from '../api/wire'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Dialog } from '../kit/dialog'
import { Check, TextField } from '../kit/field'
import { Notice } from '../kit/notice'
import { announce } from '../kit/resource'
import { cells, oneFive, spots } from '../wall/grid'
import { useBack } from './back'
import { CameraList } from './cameras'
import { useCarry, type Carried } from './carry'
import { EditCell } from './cell'
import { body, clear, differs, draftOf, effectOf, firstFree, onTop, put, resize, toggleDefault, type Draft } from './draft'
import type { Device } from './resolve'
import { Stale } from './stale'
import { cellWords, effectWords } from './words'

interface Props {
  /** The view to arrange; without id and version a new one. */
  view: Pick<View, 'name' | 'rows' | 'columns' | 'layout' | 'cells' | 'default_for'> & Partial<View>
  list: readonly Camera[]
  onSaved(v: View): void
  onClose(): void
}

const sides = ['1', '2', '3', '4'] as const

/** Editor arranges one view. Nothing is stored before Save, and nothing is lost without a word. */
export function Editor({ view, list, onSaved, onClose }: Props) {
  const [before, setBefore] = useState(() => draftOf(view))
  const [draft, setDraft] = useState(before)
  const [past, setPast] = useState<readonly Draft[]>([])
  const [said, say] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const [nameError, setNameError] = useState<string>()
  const [stored, setStored] = useState<Draft>() // what somebody else saved meanwhile
  const [asking, setAsking] = useState(false)
  const [busy, setBusy] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const dirty = differs(draft, before) || draft.id === undefined

  const nameOf = (c: ViewCell | undefined): string => cellWords(c, list).name
  const change = (next: Draft, text?: string): void => {
    if (next === draft) return
    setPast([...past.slice(-49), draft])
    setDraft(next)
    if (text) say(text)
  }
  const place = (to: number, what: ViewCell, from?: number): void => {
    const effect = effectOf(draft, to, what, from)
    const there = nameOf(draft.cells[to])
    const name = nameOf(what)
    const text = effect === 'swap' ? t('views.say_swapped', { a: name, b: there }) : effect === 'replace' ? t('views.say_replaced', { name, there, n: to + 1 }) : t('views.say_put', { name, n: to + 1 })
    if (effect === 'same') say(t('views.say_left', { name }))
    change(put(draft, to, what, from), text)
    // The focus goes with what was moved.
    if (from !== undefined) requestAnimationFrame(() => root.current?.querySelector<HTMLElement>(`[data-cell="${to}"] .vw-grip`)?.focus({ preventScroll: true }))
  }
  const add = (what: ViewCell): void => {
    const to = firstFree(draft)
    if (to < 0) say(t('views.say_full'))
    else place(to, what)
  }
  const empty = (at: number): void => {
    change(clear(draft, at), t('views.say_cleared', { n: at + 1 }))
    requestAnimationFrame(() => root.current?.querySelector<HTMLElement>(`[data-cell="${at}"] .vw-name`)?.focus({ preventScroll: true }))
  }
  const regrid = (rows: number, columns: number, big: boolean): void => {
    const next = resize(draft, big ? oneFive : { rows, columns })
    const n = next.aside.length
    change(next, n > draft.aside.length ? t('views.say_aside', { n, names: next.aside.map(nameOf).join(', ') }) : t('views.say_cells', { n: cells(next.grid) }))
  }
  const undo = (): void => {
    const last = past.at(-1)
    if (!last) return
    // What is written into the name field has its own way back.
    setDraft({ ...last, name: draft.name, version: draft.version })
    setPast(past.slice(0, -1))
    say(t('views.say_undone'))
  }
  const carry = useCarry({ draft, name: nameOf, onDrop: place, say })

  useEffect(() => {
    if (!dirty) return
    const leave = (e: BeforeUnloadEvent): void => e.preventDefault()
    addEventListener('beforeunload', leave)
    return () => removeEventListener('beforeunload', leave)
  }, [dirty])

  const close = (): void => {
    if (busy) return
    if (differs(draft, before)) setAsking(true)
    else onClose()
  }
  useBack(() => {
    close()
    return !busy && !differs(draft, before)
  })
  const store = async (d: Draft): Promise<View> => (d.id === undefined ? api.add(body(d)) : api.save(d.id, body(d)))
  const save = async (d = draft): Promise<void> => {
    if (busy) return
    setAsking(false)
    setProblem(undefined)
    if (d.name.trim() === '') return failName('required')
    setNameError(undefined)
    setBusy(true)
    try {
      done(await store(d))
    } catch (e) {
      await failed(asProblem(e), d)
    } finally {
      setBusy(false)
    }
  }
  const done = (v: View): void => {
    announce('views')
    onSaved(v)
  }
  const failName = (code: string): void => {
    setNameError(code)
    root.current?.querySelector<HTMLElement>('input[name=name]')?.focus()
  }
  /** failed finds the way on: a wrong name goes to its field, what is stale or gone is compared with what is stored. */
  const failed = async (p: Problem, d: Draft): Promise<void> => {
    if (p.field === 'name') return failName(p.code)
    if (d.id === undefined || (p.code !== 'stale' && p.status !== 404)) return setProblem(p)
    try {
      const fresh = (await api.list()).views.find(v => v.id === d.id)
      if (!fresh) {
        // Deleted elsewhere: what is here can still be kept.
        setDraft({ ...d, id: undefined, version: 0 })
        return setProblem(p.status === 404 ? p : new Problem({ status: 404, code: 'no_such_thing' }))
      }
      const theirs = draftOf(fresh)
      const merged = onTop(d, before, theirs)
      if (merged) return done(await store(merged))
      setStored(theirs)
    } catch (e) {
      setProblem(asProblem(e))
    }
  }

  const g = draft.grid
  const where = spots(g)
  const fresh = draft.id === undefined
  const verb = draft.aside.length > 0 ? t('views.save_without', { n: draft.aside.length }) : t('action.save')
  const gone = fresh && before.id !== undefined
  return (
    <Dialog
      size="huge"
      title={fresh ? t('views.new') : t('views.arrange_name', { name: before.name || t('wall.first_camera') })}
      onClose={close}
      footer={
        <>
          <Button kind="quiet" icon="undo" disabled={past.length === 0} onClick={undo}>{t('action.undo')}</Button>
          <span class="vw-changed">{dirty && !fresh ? t('views.unsaved_short') : ''}</span>
          <span class="sp" />
          <Button kind="quiet" onClick={close}>{t('action.cancel')}</Button>
          <Button kind="primary" busy={busy} onClick={() => void save()}>
            {verb}
          </Button>
        </>
      }
    >
      <div class={`vw-edit${carry.carried ? ' vw-carrying' : ''}`} ref={root}>
        <div class="vw-set">
          <TextField
            label={t('views.name')}
            maxLength={60}
            bound={{ name: 'name', value: draft.name, error: nameError, set: name => { setDraft({ ...draft, name }); if (name.trim()) setNameError(undefined) }, leave: () => {} }}
          />
          <div class="vw-grids">
            <span class="lab" aria-hidden="true">{t('views.layout')}</span>
            <div class="row">
              <Segmented label={t('views.layout')} value={g.big ? 'big' : 'grid'} options={[{ value: 'grid', text: t('views.layout_grid') }, { value: 'big', text: t('views.one_five') }]} onChange={v => regrid(g.big ? 2 : g.rows, g.big ? 3 : g.columns, v === 'big')} />
              {!g.big && (
                <>
                  <span class="vw-side"><span aria-hidden="true">{t('views.rows')}</span><Segmented label={t('views.rows')} value={String(g.rows) as typeof sides[number]} options={sides.map(value => ({ value, text: value }))} onChange={v => regrid(Number(v), g.columns, false)} /></span>
                  <span class="vw-side"><span aria-hidden="true">{t('views.columns')}</span><Segmented label={t('views.columns')} value={String(g.columns) as typeof sides[number]} options={sides.map(value => ({ value, text: value }))} onChange={v => regrid(g.rows, Number(v), false)} /></span>
                </>
              )}
            </div>
          </div>
          <div class="vw-defaults">
            {(['desktop', 'phone'] as const).map(d => <DefaultTick key={d} device={d} draft={draft} onChange={on => setDraft(toggleDefault(draft, d, on))} />)}
          </div>
        </div>
        {gone && <Notice tone="warn" live>{t('views.gone')}</Notice>}
        {problem && !gone && <Notice tone="bad">{problem.code === 'bad_value' && problem.detail ? problem.detail : problemText(problem)}</Notice>}
        {stored && <Stale mine={draft} theirs={stored} list={list} onMine={() => { const d = { ...draft, version: stored.version }; setBefore(stored); setDraft(d); setStored(undefined); void save(d) }} onTheirs={() => { setBefore(stored); setDraft(stored); setPast([]); setStored(undefined); say(t('views.say_theirs')) }} />}
        {draft.aside.length > 0 && (
          <Notice tone="warn" live>
            {t('views.aside', { n: draft.aside.length, names: draft.aside.map(nameOf).join(', ') })}
          </Notice>
        )}
        <div class="vw-desk">
          <ol class={`vw-cells${g.big ? ' vw-cells-big' : ''}`} style={{ '--rows': g.rows, '--columns': g.columns }} aria-label={t('views.cells')}>
            {draft.cells.map((_, i) => <EditCell key={i} draft={draft} at={i} spot={where[i]} list={list} carry={carry} onPut={place} onClear={empty} />)}
          </ol>
          <CameraList draft={draft} list={list} carry={carry} onAdd={add} />
        </div>
        <p class="vh" role="status" aria-live="assertive">{said}</p>
        {carry.carried?.by === 'pointer' && <Ghost carried={carry.carried} draft={draft} name={nameOf} />}
      </div>
      {asking && <Unsaved name={draft.name} verb={verb} onSave={() => void save()} onDiscard={onClose} onClose={() => setAsking(false)} />}
    </Dialog>
  )
}

/** Ghost goes with the pointer: what is dragged, and what letting go would do. */
function Ghost({ carried: c, draft, name }: { carried: Carried; draft: Draft; name(c: ViewCell | undefined): string }) {
  const effect = c.over < 0 ? undefined : effectOf(draft, c.over, c.what, c.from)
  const right = c.x > innerWidth - 260
  return (
    <div class={`vw-ghost${effect ? ` vw-${effect}` : ''}${right ? ' vw-left' : ''}`} style={{ left: `${c.x}px`, top: `${c.y}px` }} aria-hidden="true">
      <bdi>{name(c.what)}</bdi>
      {effect && effect !== 'same' && <small>{effectWords(effect, name(draft.cells[c.over]))}</small>}
    </div>
  )
}

function DefaultTick({ device, draft, onChange }: { device: Device; draft: Draft; onChange(on: boolean): void }) {
  return (
    <Check
      label={t(device === 'phone' ? 'views.default_phone' : 'views.default_pc')}
      bound={{ name: device, value: draft.defaults.includes(device), set: onChange, leave: () => {} }}
    />
  )
}

/** Unsaved asks before changes are thrown away. */
function Unsaved({ name, verb, onSave, onDiscard, onClose }: { name: string; verb: string; onSave(): void; onDiscard(): void; onClose(): void }) {
  return (
    <Dialog
      title={t('views.unsaved')}
      onClose={onClose}
      footer={
        <>
          <Button kind="danger" onClick={onDiscard}>{t('views.discard')}</Button>
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('views.go_on')}</Button>
          <Button kind="primary" onClick={onSave}>{verb}</Button>
        </>
      }
    >
      <p>{name.trim() ? t('views.unsaved_text', { name: name.trim() }) : t('views.unnamed')}</p>
    </Dialog>
  )
}
