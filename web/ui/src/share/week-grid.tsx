import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { weekday } from '../i18n/hours'
import { t } from '../i18n/i18n'
import { blocks, cellsOfWeek, hhmm, painted, perDay, step, type Cells } from './schedule'

const days = [0, 1, 2, 3, 4, 5, 6]
const share = (minutes: number): string => `${(minutes / 14.4).toFixed(3)}%`
/** dayName names a day counted from Monday. */
export const dayName = (day: number, style: 'short' | 'long' = 'short'): string => weekday((day + 1) % 7, style)

interface Props {
  cells: Cells
  /** The cell of the present moment. */
  now: number
  focus: number
  onFocus(cell: number): void
  /** `more` when a drag goes on: the step before it was of the same drag. */
  onChange(cells: boolean[], more?: boolean): void
  label: string
}

/**
 * WeekGrid paints a week in quarter hours. By pointer: drag, or click a start
 * and then an end. By keys: arrows move, Shift with arrows selects, Space
 * toggles what is selected. Time runs left to right in every language.
 */
export function WeekGrid({ cells, now, focus, onFocus, onChange, label }: Props) {
  const root = useRef<HTMLDivElement>(null)
  /** The other corner of a selection by Shift, or the first click of two. */
  const [anchor, setAnchor] = useState<number>()
  const [pending, setPending] = useState(false)
  const drag = useRef<{ from: number; before: Cells; on: boolean; moved: boolean } | undefined>(undefined)
  const moved = useRef(false)

  // Before the next key is told: it must not find the cell of the one before.
  useLayoutEffect(() => {
    if (moved.current) root.current?.querySelector<HTMLElement>(`[data-cell="${focus}"]`)?.focus({ preventScroll: true })
    moved.current = false
  }, [focus])

  const at = (e: PointerEvent): number | undefined => {
    const rows = [...(root.current?.querySelectorAll<HTMLElement>('.day') ?? [])]
    const found = rows.map(r => r.getBoundingClientRect())
    const first = found[0]
    if (!first) return undefined
    let day = found.findIndex(r => e.clientY <= r.bottom + 2)
    if (day < 0) day = 6
    const x = Math.floor(((e.clientX - first.left) / first.width) * perDay)
    return day * perDay + Math.max(0, Math.min(perDay - 1, x))
  }

  const down = (e: PointerEvent): void => {
    if (e.button !== 0) return
    const cell = at(e)
    if (cell === undefined) return
    e.preventDefault()
    ;(e.currentTarget as HTMLElement).setPointerCapture(e.pointerId)
    if (pending && anchor !== undefined) {
      onChange(painted(cells, anchor, cell, !cells[anchor]))
      setPending(false)
      setAnchor(undefined)
      moved.current = true
      onFocus(cell)
      return
    }
    drag.current = { from: cell, before: cells, on: !cells[cell], moved: false }
    setAnchor(undefined)
    moved.current = true
    onFocus(cell)
  }
  const move = (e: PointerEvent): void => {
    const d = drag.current
    const cell = d && at(e)
    if (!d || cell === undefined || (cell === d.from && !d.moved)) return
    onChange(painted(d.before, d.from, cell, d.on), d.moved)
    d.moved = true
    moved.current = true
    onFocus(cell)
  }
  const up = (): void => {
    const d = drag.current
    drag.current = undefined
    if (!d || d.moved) return
    // A click without a drag is the start; the next one is the end.
    setAnchor(d.from)
    setPending(true)
  }

  /** The finger scrolls instead: what it painted on its way is taken back. */
  const cancel = (): void => {
    const d = drag.current
    drag.current = undefined
    if (d?.moved) onChange([...d.before], true)
  }

  const key = (e: KeyboardEvent): void => {
    const day = Math.floor(focus / perDay)
    const time = focus % perDay
    let to: number | undefined
    if (e.key === 'ArrowRight') to = day * perDay + Math.min(perDay - 1, time + 1)
    else if (e.key === 'ArrowLeft') to = day * perDay + Math.max(0, time - 1)
    else if (e.key === 'ArrowDown') to = Math.min(6, day + 1) * perDay + time
    else if (e.key === 'ArrowUp') to = Math.max(0, day - 1) * perDay + time
    else if (e.key === 'PageDown') to = day * perDay + Math.min(perDay - 1, time + 4)
    else if (e.key === 'PageUp') to = day * perDay + Math.max(0, time - 4)
    else if (e.key === 'Home') to = day * perDay
    else if (e.key === 'End') to = day * perDay + perDay - 1
    else if (e.key === ' ' || e.key === 'Enter') {
      e.preventDefault()
      const from = anchor ?? focus
      onChange(painted(cells, from, focus, !cells[from]))
      setAnchor(undefined)
      setPending(false)
      return
    } else if (e.key === 'Escape' && anchor !== undefined) {
      e.preventDefault()
      e.stopPropagation()
      setAnchor(undefined)
      setPending(false)
      return
    }
    if (to === undefined) return
    e.preventDefault()
    if (e.shiftKey) setAnchor(a => a ?? focus)
    else if (!pending) setAnchor(undefined)
    moved.current = true
    onFocus(to)
  }

  const corner = anchor ?? focus
  const inside = (c: number): boolean => {
    const [d1, d2] = [Math.floor(corner / perDay), Math.floor(focus / perDay)].sort((a, b) => a - b) as [number, number]
    const [t1, t2] = [corner % perDay, focus % perDay].sort((a, b) => a - b) as [number, number]
    return Math.floor(c / perDay) >= d1 && Math.floor(c / perDay) <= d2 && c % perDay >= t1 && c % perDay <= t2
  }
  const name = (c: number): string =>
    t('sched.cell', { day: dayName(Math.floor(c / perDay), 'long'), time: hhmm((c % perDay) * step), state: cells[c] ? t('sched.allowed') : t('sched.closed') })
  const today = Math.floor(now / perDay)

  return (
    <div class="week">
      <div class="wk" dir="ltr">
        <span />
        <div class="axis" aria-hidden="true">
          {[0, 3, 6, 9, 12, 15, 18, 21, 24].map(h => <span key={h} style={{ left: share(h * 60) }}>{String(h).padStart(2, '0')}</span>)}
        </div>
      </div>
      <div class="wk" dir="ltr" role="grid" aria-label={label} aria-multiselectable="true" ref={root} onKeyDown={key} onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={cancel}>
        {days.map(d => (
          <div key={d} role="row" class="wr">
            <span role="rowheader" class={`d${d === today ? ' today' : ''}`}>{dayName(d)}</span>
            <div class="day" role="presentation">
              {blocks(cells, d).map(b => (
                <span key={b.from} aria-hidden="true" class={`blk${b.before ? ' in' : ''}${b.after ? ' out' : ''}`} style={{ left: share(b.from), width: share(b.to - b.from) }}>
                  {b.before && b.to - b.from >= 120 ? t('sched.from', { day: dayName((d + 6) % 7) }) : b.after ? `${hhmm(b.from)} →` : b.to - b.from >= 150 ? `${hhmm(b.from)} – ${hhmm(b.to)}` : ''}
                </span>
              ))}
              {d === today && <span class="cur" aria-hidden="true" style={{ left: share((now % perDay) * step) }} />}
              {Array.from({ length: perDay }, (_, i) => {
                const c = d * perDay + i
                return (
                  <span
                    key={c}
                    role="gridcell"
                    data-cell={c}
                    class={`cell${anchor !== undefined && inside(c) ? ' in' : ''}`}
                    tabIndex={c === focus ? 0 : -1}
                    aria-selected={!!cells[c]}
                    aria-label={name(c)}
                    style={{ left: share(i * step), width: share(step) }}
                  />
                )
              })}
            </div>
          </div>
        ))}
      </div>
      <div class="legend meta">
        <span><i class="blk" />{t('sched.allowed')}</span>
        <span><i class="gap" />{t('sched.closed')}</span>
        <span><i class="cur" />{t('sched.now', { day: dayName(today), time: hhmm((now % perDay) * step) })}</span>
        <span class="sp" />
        <span>{pending ? t('sched.click_end', { time: hhmm((corner % perDay) * step) }) : t('sched.selected', { cell: name(Math.min(focus, cellsOfWeek - 1)) })}</span>
      </div>
    </div>
  )
}
