import { useEffect, useRef, useState } from 'preact/hooks'
import { active, t } from '../i18n/i18n'
import { city, day, duration, hour, parseTime } from '../i18n/time'
import { Button } from '../kit/button'
import type { LinkUsage } from './api'
import { every, scale } from './scale'

const height = 190
const top = 8
const foot = 22
const side = 52

/**
 * Chart is the window by hour: bars with an axis, or the same as a table. Time
 * runs left to right in every language. One stop of the Tab key: arrows, Home
 * and End move along the hours, and what they hold is said and written above.
 */
export function Chart({ usage: u, zone }: { usage: LinkUsage; zone: string }) {
  const [table, setTable] = useState(false)
  const now = parseTime(u.server_time) ?? Date.now()
  const part = (u.window_s * 1000) / Math.max(1, u.hours.length)
  const list = u.hours.map(h => {
    const from = parseTime(h.at) ?? now
    return { from, to: from + part, minutes: h.viewer_minutes }
  })
  const total = list.reduce((n, h) => n + h.minutes, 0)
  return (
    <section class="card us-chart">
      <div class="row wrap">
        <h2>{t('usage.chart')}</h2>
        <span class="sp" />
        <Button small kind="quiet" pressed={table} onClick={() => setTable(!table)}>{t('usage.as_table')}</Button>
      </div>
      {table ? <Figures list={list} zone={zone} now={now} /> : <Bars list={list} zone={zone} now={now} total={total} />}
    </section>
  )
}

interface Part {
  from: number
  to: number
  minutes: number
}

/** A second counts only where a window is that short. */
function time(ms: number, zone: string, short: boolean): string {
  if (!short) return hour(ms, zone)
  return new Intl.DateTimeFormat(active.value.locale, { minute: '2-digit', second: '2-digit', numberingSystem: 'latn' }).format(ms)
}

/** A label keeps the direction of its own language in a picture whose time runs left to right. */
const isolated = (text: string): string => `\u2068${text}\u2069`

const spoken = (p: Part, zone: string): string => t('usage.part', { from: time(p.from, zone, p.to - p.from < 60_000), to: time(p.to, zone, p.to - p.from < 60_000), time: duration(p.minutes * 60_000) })

function Bars({ list, zone, now, total }: { list: readonly Part[]; zone: string; now: number; total: number }) {
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
  const axis = scale(Math.max(1, ...list.map(p => p.minutes)))
  const plot = width - side
  const each = plot / list.length
  const gap = Math.min(6, each * 0.22)
  const y = (minutes: number): number => top + (height - top - foot) * (1 - minutes / axis.top)
  const apart = every(plot, list.length, 38)
  const shown = over ?? at
  const last = list.length - 1
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
  const here = list[shown ?? -1]
  const first = list[0]
  const short = (first?.to ?? 0) - (first?.from ?? 0) < 60_000
  return (
    <>
      <p class="us-read muted num" aria-hidden="true">
        {here ? <><b>{duration(here.minutes * 60_000)}</b> {time(here.from, zone, short)}–{time(here.to, zone, short)}{short ? '' : `, ${day(here.from, zone, now)} (${city(zone)})`}</> : total === 0 ? t('usage.chart_none') : t('usage.chart_sum', { time: duration(total * 60_000) })}
      </p>
      <div
        ref={box}
        class="us-plot"
        dir="ltr"
        role="slider"
        tabIndex={0}
        aria-label={t('usage.chart')}
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={last}
        aria-valuenow={at ?? last}
        aria-valuetext={list.length ? spoken(list[at ?? last] as Part, zone) : ''}
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
              <line class="us-mark" x1={side} x2={width} y1={y(m)} y2={y(m)} />
              <text class="us-axis" x={side - 8} y={y(m) + 4} text-anchor="end">{isolated(duration(m * 60_000))}</text>
            </g>
          ))}
          <line class="us-base" x1={side} x2={width} y1={y(0) + 0.5} y2={y(0) + 0.5} />
          {list.map((p, i) => (
            <g key={p.from}>
              {i === shown && <rect class="us-col" x={side + i * each} y={top} width={each} height={height - top - foot} />}
              {p.minutes > 0 && <rect class={`us-bar${i === shown ? ' on' : ''}`} x={side + i * each + gap / 2} width={each - gap} y={Math.min(y(p.minutes), y(0) - 2)} height={Math.max(2, y(0) - y(p.minutes))} rx={1} />}
              {(last - i) % apart === 0 && <text class="us-axis" x={Math.min(side + (i + 0.5) * each, width - 16)} y={height - 6} text-anchor="middle">{time(p.from, zone, short)}</text>}
            </g>
          ))}
        </svg>
      </div>
    </>
  )
}

function Figures({ list, zone, now }: { list: readonly Part[]; zone: string; now: number }) {
  const short = (list[0]?.to ?? 0) - (list[0]?.from ?? 0) < 60_000
  return (
    <div class="us-figures" tabIndex={0} role="region" aria-label={t('usage.chart')}>
      <table class="tb" aria-label={t('usage.chart')}>
        <thead><tr><th scope="col">{t('usage.hour')}</th><th scope="col" class="col-num">{t('usage.watched')}</th></tr></thead>
        <tbody>
          {[...list].reverse().map(p => (
            <tr key={p.from}>
              <th scope="row"><span class="num" dir="ltr">{time(p.from, zone, short)}–{time(p.to, zone, short)}</span> <span class="dim">{day(p.from, zone, now)}</span></th>
              <td class="col-num">{duration(p.minutes * 60_000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
