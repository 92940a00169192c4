import { useEffect, useRef, useState } from 'preact/hooks'
import type { ViewCell } from '../api/wire'
import { active, t } from '../i18n/i18n'
import { step } from '../wall/grid'
import { effectOf, placeOf, type Draft } from './draft'
import { effectWords } from './words'

/** What is on its way to a cell. */
export interface Carried {
  what: ViewCell
  /** The cell it comes from; absent: the list. */
  from?: number
  /** Dragged, or picked up by a key or a press to be put down by another. */
  by: 'pointer' | 'hand'
  /** The cell it would land on, -1 for none. */
  over: number
  x: number
  y: number
}

interface Config {
  draft: Draft
  /** What a cell holds is called. */
  name(c: ViewCell | undefined): string
  onDrop(to: number, what: ViewCell, from?: number): void
  /** Says something to who does not see it. */
  say(text: string): void
}

/** How far a pointer moves before a press becomes a drag, CSS px. */
const slack = 5
/** A drag this near to the edge of what scrolls moves it, CSS px. */
const edge = 48

export interface Carry {
  carried: Carried | undefined
  /** handle gives the properties of what can be picked up. */
  handle(what: ViewCell, from?: number): HandleProps
  drop(to: number): void
}

export interface HandleProps {
  'aria-pressed': boolean
  onPointerDown(e: PointerEvent): void
  onClick(e: MouseEvent): void
  onKeyDown(e: KeyboardEvent): void
}

/** useCarry moves things onto cells: by dragging, by pick up and put down, and by arrow keys. */
export function useCarry(config: Config): Carry {
  const [carried, setCarried] = useState<Carried>()
  const now = useRef<Carried | undefined>(undefined)
  const latest = useRef(config)
  latest.current = config
  const stop = useRef<(() => void) | undefined>(undefined)
  useEffect(() => () => stop.current?.(), [])

  const set = (c: Carried | undefined): void => {
    now.current = c
    setCarried(c)
  }
  const drop = (to: number): void => {
    const c = now.current
    set(undefined)
    if (c) latest.current.onDrop(to, c.what, c.from)
  }
  const cancel = (): void => {
    const c = now.current
    set(undefined)
    if (c) latest.current.say(t('views.say_left', { name: latest.current.name(c.what) }))
  }
  const hover = (over: number): void => {
    const { draft, name, say } = latest.current
    const c = now.current
    if (!c || c.over === over) return
    set({ ...c, over })
    if (over >= 0 && c.by === 'hand') say(t('views.say_over', { n: over + 1, effect: effectWords(effectOf(draft, over, c.what, c.from), name(draft.cells[over])) }))
  }
  const lift = (what: ViewCell, from?: number): void => {
    const { draft, name, say } = latest.current
    const at = from ?? placeOf(draft, what.camera)
    const free = draft.cells.findIndex(c => !c.camera && !c.any)
    set({ what, from, by: 'hand', over: at >= 0 ? at : Math.max(0, free), x: 0, y: 0 })
    say(t('views.say_picked', { name: name(what) }))
  }

  const drag = (e: PointerEvent, what: ViewCell, from?: number): void => {
    if (e.button !== 0 || now.current) return
    const handle = e.currentTarget as HTMLElement
    const [x0, y0] = [e.clientX, e.clientY]
    const scroller = handle.closest<HTMLElement>('.body')
    const move = (m: PointerEvent): void => {
      if (m.pointerId !== e.pointerId) return
      if (!now.current) {
        if (Math.hypot(m.clientX - x0, m.clientY - y0) < slack) return
        handle.setPointerCapture(e.pointerId)
      }
      const at = document.elementFromPoint(m.clientX, m.clientY)?.closest<HTMLElement>('[data-cell]')?.dataset.cell
      set({ what, from, by: 'pointer', over: at === undefined ? -1 : Number(at), x: m.clientX, y: m.clientY })
      const box = scroller?.getBoundingClientRect()
      if (box && m.clientY < box.top + edge) scroller?.scrollBy(0, -10)
      else if (box && m.clientY > box.bottom - edge) scroller?.scrollBy(0, 10)
    }
    const up = (m: PointerEvent): void => {
      if (m.pointerId !== e.pointerId) return
      stop.current?.()
      const c = now.current
      if (!c) return
      swallowClick()
      if (m.type === 'pointerup' && c.over >= 0) drop(c.over)
      else cancel()
    }
    const key = (k: KeyboardEvent): void => {
      if (k.key !== 'Escape') return
      k.preventDefault()
      k.stopPropagation()
      stop.current?.()
      cancel()
      addEventListener('pointerup', swallowClick, { capture: true, once: true })
    }
    addEventListener('pointermove', move)
    addEventListener('pointerup', up)
    addEventListener('pointercancel', up)
    addEventListener('keydown', key, true)
    stop.current = () => {
      removeEventListener('pointermove', move)
      removeEventListener('pointerup', up)
      removeEventListener('pointercancel', up)
      removeEventListener('keydown', key, true)
    }
  }

  const onKey = (e: KeyboardEvent): void => {
    const c = now.current
    if (c?.by !== 'hand') return
    const { draft } = latest.current
    if (e.key.startsWith('Arrow')) hover(step(c.over, e.key, draft.grid, draft.cells.length, active.peek().dir === 'rtl'))
    else if (e.key === 'Home') hover(0)
    else if (e.key === 'End') hover(draft.cells.length - 1)
    else if (e.key === 'Enter' || e.key === ' ') drop(c.over)
    else if (e.key === 'Escape') cancel()
    else return
    e.preventDefault() // else a dialog around it would close, a list scroll, a button be pressed
    e.stopPropagation()
  }

  return {
    carried,
    drop,
    handle: (what, from) => {
      const c = carried
      const own = c !== undefined && c.from === from && c.what.camera === what.camera && c.what.any === what.any
      return {
        'aria-pressed': own,
        onPointerDown: e => drag(e, what, from),
        onClick: () => { if (!now.current) lift(what, from); else if (own) cancel() },
        onKeyDown: onKey,
      }
    },
  }
}

/** The press that ended a drag is no click on what lies there. */
function swallowClick(): void {
  const swallow = (e: MouseEvent): void => {
    e.preventDefault()
    e.stopPropagation()
  }
  addEventListener('click', swallow, { capture: true, once: true })
  setTimeout(() => removeEventListener('click', swallow, true), 0)
}
