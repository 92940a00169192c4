import { useEffect, useRef, useState } from 'preact/hooks'
import { active, t } from '../i18n/i18n'
import { city, day, duration, hour, parseTime } from '../i18n/time'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import type { LinkUsage } from './api'
import { Figures } from './figures'
import { fullest, hoursOf, slowedIn, spellsOf, type Hour, type Spell } from './hours'
import { counts, every, minutes, scale } from './scale'
import { amount, budgetName, budgets, phrase, type Budget } from './words'

const height = 190
const top = 12
const foot = 22
const side = 52

/**
 * Chart is the window by hour, one budget at a time on an axis of its own, or
 * all three as a table. Time runs left to right in every language. One stop of
 * the Tab key: arrows, Home and End move along the hours, and what they hold is
 * said and written above. Times in which the budget was used up are marked.
 */
export function Chart({ usage: u, zone }: { usage: LinkUsage; zone: string }) {
  const [table, setTable] = useState(false)
  const [chosen, choose] = useState<Budget>()
  const [first] = useState(() => fullest(u)) // it does not change under who looks at it
  const budget = chosen ?? first
  const now = parseTime(u.server_time) ?? Date.now()
  const hours = hoursOf(u)
  return (
    <section class="card us-chart" data-shown={table ? 'table' : budget}>
      <div class="row wrap">
        <h2>{table ? t('usage.chart', { name: t('usage.title') }) : t('usage.chart', { name: budgetName(budget) })}</h2>
        <span class="sp" />
        {!table && <Segmented<Budget> label={t('usage.chart_show')} value={budget} options={budgets.map(b => ({ value: b, text: budgetName(b) }))} onChange={choose} />}
        <Button small kind="quiet" pressed={table} onClick={() => setTable(!table)}>{t('usage.as_table')}</Button>
      </div>
      {table ? <Figures usage={u} hours={hours} zone={zone} now={now} /> : <Bars key={budget} usage={u} budget={budget} hours={hours} zone={zone} now={now} />}
    </section>
  )
}

/** time is a moment of the axis; a second counts only where the window is that short. */
export function time(ms: number, zone: string, short: boolean): string {
  if (!short) return hour(ms, zone)
  return new Intl.DateTimeFormat(active.value.locale, { minute: '2-digit', second: '2-digit', numberingSystem: 'latn' }).format(ms)
}

/** A label keeps the direction of its own language in a picture whose time runs left to right. */
const isolated = (text: string): string => `\u2068${text}\u2069`
/** A span of time runs left to right in a text of any direction. */
const ltr = (text: string): string => `\u2066${text}\u2069`

function none(b: Budget): string {
  return b === 'users' ? t('usage.chart_none_users') : b === 'gallery_updates' ? t('usage.chart_none_gallery') : t('usage.chart_none')
}

/** slowText is "19:10–20:40, since 21:55": the latest four, with a sign that there were more. */
function slowText(spells: readonly Spell[], zone: string, short: boolean): string {
  const list = spells.slice(-4).map(s => (s.lasts ? t('usage.chart_since', { time: time(s.from, zone, short) }) : ltr(`${time(s.from, zone, short)}–${time(s.to, zone, short)}`)))
  return t('usage.chart_slow', { list: phrase(spells.length > 4 ? ['…', ...list] : list) })
}

function Bars({ usage: u, budget, hours, zone, now }: { usage: LinkUsage; budget: Budget; hours: readonly Hour[]; zone: string; now: number }) {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(720)
  // The hour looked at: under the pointer, else where the keyboard left it.
  const [at, setAt] = useState<number>()
  const [over, setOver] = useState<number>()
  useEffect(() => {
    const el = box.current
    if (!el) return
    const watch = new ResizeObserver(() => setWidth(Math.max(240, el.clientWidth)))
    watch.observe(el)
    return () => watch.disconnect()
  }, [])
  const short = u.window_s < 24 * 60
  const spells = spellsOf(u, budget)
  const timed = budget === 'viewer_seconds'
  const unit = timed ? 60 : 1
  const axis = scale(Math.max(1, ...hours.map(h => h.used[budget] / unit)), timed ? minutes : counts)
  const right = width - (width < 560 ? 12 : 0) // half a label stands beyond the last of narrow bars
  const plot = right - side
  const each = plot / hours.length
  const gap = Math.min(6, each * 0.22)
  const y = (n: number): number => top + (height - top - foot) * (1 - n / axis.top)
  const begun = hours[0]?.start ?? now
  const long = ((hours.at(-1)?.end ?? now) - begun) / hours.length
  const x = (ms: number): number => side + ((ms - begun) / long) * each
  const apart = every(plot, hours.length, 38)
  const shown = over ?? at
  const last = hours.length - 1
  const total = u[budget].used
  const key = (e: KeyboardEvent): void => {
    const from = at ?? last
    const to = { ArrowRight: from + 1, ArrowUp: from + 1, ArrowLeft: from - 1, ArrowDown: from - 1, Home: 0, End: last, PageUp: from + 6, PageDown: from - 6 }[e.key]
    if (to === undefined) return
    e.preventDefault()
    setAt(Math.min(last, Math.max(0, to)))
  }
  const pointed = (e: PointerEvent): number | undefined => {
    const r = box.current?.getBoundingClientRect()
    const i = r ? Math.floor((e.clientX - r.left - side) / each) : -1
    return i >= 0 && i <= last ? i : undefined
  }
  const what = (h: Hour): string => {
    const slowed = slowedIn(spells, h)
    return slowed > 0 ? t('usage.chart_slowed', { what: amount(budget, h.used[budget]), time: duration(slowed) }) : amount(budget, h.used[budget])
  }
  const spoken = (h: Hour): string => t('usage.part', { from: time(h.from, zone, short), to: time(h.to, zone, short), time: what(h) })
  const here = hours[shown ?? -1]
  const label = t('usage.chart', { name: budgetName(budget) })
  return (
    <>
      <p class="us-read muted num" aria-hidden="true">
        {here
          ? <><b>{what(here)}</b> {ltr(`${time(here.from, zone, short)}–${time(here.to, zone, short)}`)}{short ? '' : `, ${day(here.from, zone, now)} (${city(zone)})`}</>
          : total === 0 ? none(budget) : <>{t('usage.chart_sum', { time: amount(budget, total) })}{budget === 'users' && <span class="dim"> · {t('usage.chart_each')}</span>}</>}
      </p>
      <div
        ref={box}
        class="us-plot"
        dir="ltr"
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at ?? last}
        aria-valuetext={hours.length ? spoken(hours[at ?? last] as Hour) : ''}
        onKeyDown={key}
        onFocus={() => setAt(n => n ?? last)}
        onBlur={() => setAt(undefined)}
        onPointerMove={e => setOver(pointed(e))}
        onPointerDown={e => setAt(pointed(e))}
        onPointerLeave={() => setOver(undefined)}
      >
        <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true" focusable="false">
          {axis.marks.map(m => (
            <g key={m}>
              <line class="us-mark" x1={side} x2={right} y1={y(m)} y2={y(m)} />
              <text class="us-axis" x={side - 8} y={y(m) + 4} text-anchor="end">{isolated(amount(budget, m * unit))}</text>
            </g>
          ))}
          {here && <rect class="us-col" x={side + (shown as number) * each} y={top} width={each} height={height - top - foot} />}
          {spells.map(s => <rect key={s.from} class="us-spell" x={x(s.from)} width={Math.max(2, x(s.to) - x(s.from))} y={top} height={height - top - foot} />)}
          {spells.map(s => <rect key={s.from} class="us-spell-top" x={x(s.from)} width={Math.max(2, x(s.to) - x(s.from))} y={top - 6} height={4} />)}
          <line class="us-base" x1={side} x2={right} y1={y(0) + 0.5} y2={y(0) + 0.5} />
          {hours.map((h, i) => {
            const n = h.used[budget] / unit
            return (
              <g key={h.start}>
                {n > 0 && <rect class={`us-bar${i === shown ? ' on' : ''}`} x={side + i * each + gap / 2} width={each - gap} y={Math.min(y(n), y(0) - 2)} height={Math.max(2, y(0) - y(n))} rx={1} />}
                {(last - i) % apart === 0 && <text class="us-axis" x={Math.min(side + (i + 0.5) * each, width - 16)} y={height - 6} text-anchor="middle">{time(h.start, zone, short)}</text>}
              </g>
            )
          })}
          {/* What is not in the window: before it, and still to come. */}
          {hours.length > 1 && [[begun, hours[0]?.from ?? begun], [hours[last]?.to ?? now, hours[last]?.end ?? now]].map(([a = 0, b = 0]) => b - a > long / 60 && <line key={a} class="us-out" x1={x(a)} x2={x(b)} y1={y(0) + 0.5} y2={y(0) + 0.5} />)}
        </svg>
      </div>
      {spells.length > 0 && <p class="us-slowed num"><i aria-hidden="true" />{slowText(spells, zone, short)}</p>}
    </>
  )
}
