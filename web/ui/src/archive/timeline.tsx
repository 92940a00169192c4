import { useSignal, type Signal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { active, t } from '../i18n/i18n'
import { city, clock, hour } from '../i18n/time'
import { images } from '../gallery/api'
import { isPhone } from '../wall/device'
import type { Deck } from './deck'
import { near, type Mark, type Marks } from './marks'
import type { Player } from './player'
import { centred, dayOf, shift, ticks, time, within, x as place, zoom } from './scale'
import { before, holds, next, type Span } from './spans'
import { stepFor, Stills } from './still'
import { longDay, shortDay, stateWord } from './words'

export interface Lane {
  camera: string
  name: string
  deck: Deck
  marks: Marks
}

interface Props {
  player: Player
  lanes: readonly Lane[]
  zone: string
  view: Signal<Span>
  range: Signal<Span | undefined>
  selected: number
  onSelect(lane: number): void
}

const laneHeight = 24
const tallLane = 44
const thumbLane = 76
/** How near the pointer has to be to what happened, px. */
const reach = 5

/**
 * Timeline is one slider over all cameras shown: a lane each with what is
 * recorded, what happened and what may not be seen. Time runs left to right in
 * every language.
 */
export function Timeline({ player, lanes, zone, view, range, selected, onSelect }: Props) {
  const track = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(800)
  const hover = useSignal<{ px: number; lane: number } | undefined>(undefined)
  const height = lanes.length > 1 ? laneHeight : isPhone.value ? thumbLane : tallLane
  const all = lanes.length * height
  const v = view.value
  useLayoutEffect(() => {
    const el = track.current
    if (!el) return
    const measure = (): void => setWidth(Math.max(80, el.clientWidth))
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    measure()
    return () => watch.disconnect()
  }, [])
  usePointer({ track, player, view, range, hover, lanes, height, width, onSelect })
  const marked = useMemo(() => ticks(v, width, zone), [v.from, v.to, width, zone, active.value.lang])
  return (
    <div class={`ar-time${lanes.length === 1 ? ' ar-alone' : ''}`} dir="ltr">
      {lanes.length > 1 && (
        <ul class="ar-names">
          {lanes.map((l, i) => <li key={l.camera} class={i === selected ? 'on' : ''} style={{ blockSize: `${height}px` }}><bdi title={l.name}>{l.name}</bdi></li>)}
        </ul>
      )}
      <div class="ar-track" ref={track}>
        <svg width={width} height={all + 20} aria-hidden="true" focusable="false">
          <defs>
            <pattern id="ar-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V6" /></pattern>
          </defs>
          {marked.map(m => <path key={m.at} class="ar-grid" d={`M${Math.round(place(v, width, m.at)) + 0.5} 0V${all}`} />)}
          <Midnights view={v} width={width} height={all} zone={zone} />
          {lanes.map((l, i) => <LaneRow key={l.camera} lane={l} view={v} width={width} top={i * height} height={height} selected={i === selected && lanes.length > 1} />)}
          <Selected range={range.value} view={v} width={width} height={all} />
          {marked.map(m => {
            const px = place(v, width, m.at)
            return px > 24 && px < width - 24 ? <text key={m.at} x={px} y={all + 14} text-anchor="middle">{m.seconds ? clock(m.at, zone) : hour(m.at, zone)}</text> : null
          })}
        </svg>
        <Playhead player={player} view={view} width={width} zone={zone} height={all} lanes={lanes} />
        <Hover track={track} hover={hover} view={view} width={width} zone={zone} lanes={lanes} player={player} />
      </div>
    </div>
  )
}

/** LaneRow is what there is of one camera. */
function LaneRow({ lane, view, width, top, height, selected }: { lane: Lane; view: Span; width: number; top: number; height: number; selected: boolean }) {
  const spans = lane.deck.footage.spans.value
  const info = lane.deck.footage.info.value
  const problem = lane.deck.footage.problem.value
  const marks = lane.marks.list.value
  const bar = Math.round(height * 0.3)
  const y = top + Math.round((height - bar) / 2)
  const px = (at: number): number => Math.round(Math.min(width, Math.max(0, place(view, width, at))) * 10) / 10
  const box = (from: number, to: number, least = 0): string => {
    const a = px(from)
    const b = Math.max(px(to), a + least)
    return `M${a} ${y}H${b}V${y + bar}H${a}Z`
  }
  const recorded = spans.filter(s => s.to > view.from && s.from < view.to).map(s => box(s.from, s.to, 1)).join('')
  const now = lane.deck.footage.now()
  // Before what one may see, and the newest that is kept back.
  const hidden = [
    ...(problem && problem.status >= 400 && problem.status < 500 ? [{ from: view.from, to: now }] : []),
    ...(info?.from !== undefined ? [{ from: view.from, to: info.from }] : []),
    ...(info && info.delay > 0 ? [{ from: now - info.lag, to: now }] : []),
  ].filter(s => s.to > view.from && s.from < view.to && s.to > s.from)
  const inView = marks.filter(m => m.to >= view.from && m.from < view.to)
  const ahead = now < view.to ? box(now, view.to) : ''
  return (
    <g>
      {selected && <rect class="ar-on" x="0" y={top} width={width} height={height} />}
      <path class="ar-line" d={`M0 ${top + height - 0.5}H${width}`} />
      <path class="ar-none" d={box(view.from, Math.min(now, view.to))} />
      {ahead && <path class="ar-future" d={ahead} />}
      <path class="ar-bar" d={recorded} />
      {hidden.map((s, i) => <path key={i} class="ar-hidden" d={box(s.from, s.to)} />)}
      {inView.map(m => m.kind === 'event'
        ? <rect key={m.id} class="ar-event" x={px(m.from) - 1.5} y={top + 4} width={Math.max(3, px(m.to) - px(m.from))} height={height - 8} rx="1.5" />
        : <path key={m.id} class="ar-image" d={`M${px(m.from)} ${top + 1}l3.5 3.5l-3.5 3.5l-3.5 -3.5z`} />)}
    </g>
  )
}

/** Midnights mark where a day begins, with its name. */
function Midnights({ view, width, height, zone }: { view: Span; width: number; height: number; zone: string }) {
  const days: number[] = []
  for (let at = view.from; ;) {
    const day = dayOf(at, zone)
    const to = midnightAfter(at, day, zone)
    if (to > view.to) break
    days.push(to)
    at = to
  }
  return (
    <>
      {days.map(d => {
        const px = Math.round(place(view, width, d)) + 0.5
        return <g key={d}><path class="ar-day" d={`M${px} 0V${height + 20}`} /><text class="ar-dayname" x={px + 4} y={height + 14} text-anchor="start">{px < width - 70 ? shortDay(d, zone) : ''}</text></g>
      })}
    </>
  )
}

function midnightAfter(at: number, day: string, zone: string): number {
  let low = at
  let high = at + 26 * 3_600_000
  while (high - low > 1000) {
    const mid = (low + high) / 2
    if (dayOf(mid, zone) === day) low = mid
    else high = mid
  }
  return Math.round(high / 60_000) * 60_000
}

function Selected({ range, view, width, height }: { range: Span | undefined; view: Span; width: number; height: number }) {
  if (!range) return null
  const a = place(view, width, range.from)
  const b = place(view, width, range.to)
  return <g class="ar-range"><rect x={a} y="0" width={Math.max(1, b - a)} height={height} /><path d={`M${a} 0V${height}M${b} 0V${height}`} /></g>
}

/** Playhead is the slider itself: where the moment is, and how keys move it. */
function Playhead({ player, view, width, zone, height, lanes }: { player: Player; view: Signal<Span>; width: number; zone: string; height: number; lanes: readonly Lane[] }) {
  const now = player.now.value
  const v = view.value
  const px = place(v, width, now)
  const state = lanes.length === 1 ? stateWord(lanes[0]?.deck.view.value.state ?? 'loading') : lanes.some(l => holds(l.deck.footage.spans.value, now)) ? t('archive.recorded') : t('archive.gap')
  const key = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    const length = v.to - v.from
    const little = Math.max(1000, Math.round(length / 300 / 1000) * 1000)
    const spans = player.spans()
    const to: Record<string, number | undefined> = {
      ArrowLeft: now - (e.shiftKey ? 10 * little : little), ArrowDown: now - little, ArrowRight: now + (e.shiftKey ? 10 * little : little), ArrowUp: now + little,
      PageDown: now - length / 10, PageUp: now + length / 10,
      // Where the footage of what is shown begins and ends.
      Home: next(spans, v.from)?.from, End: (before(spans, v.to)?.to ?? 0) - 1000,
    }
    if (!(e.key in to)) return
    e.preventDefault()
    e.stopPropagation()
    const at = to[e.key]
    if (at !== undefined && at > 0) player.seek(e.key === 'Home' ? Math.max(at, v.from) : at)
  }
  return (
    <div
      class="ar-slider"
      role="slider"
      tabIndex={0}
      aria-label={t('archive.timeline')}
      aria-orientation="horizontal"
      aria-valuemin={Math.round(v.from / 1000)}
      aria-valuemax={Math.round(v.to / 1000)}
      aria-valuenow={Math.round(Math.min(v.to, Math.max(v.from, now)) / 1000)}
      aria-valuetext={t('archive.value', { day: longDay(now, zone), time: clock(now, zone), zone: city(zone), state })}
      onKeyDown={key}
      style={{ blockSize: `${height}px` }}
    >
      {px >= -1 && px <= width + 1 && <i class="ar-head" style={{ transform: `translateX(${Math.round(px * 10) / 10}px)`, blockSize: `${height}px` }} />}
    </div>
  )
}

/** Hover is what lies under the pointer: when, what happened, and a small picture of it. */
function Hover({ track, hover, view, width, zone, lanes, player }: { track: { current: HTMLElement | null }; hover: Signal<{ px: number; lane: number } | undefined>; view: Signal<Span>; width: number; zone: string; lanes: readonly Lane[]; player: Player }) {
  const stills = useMemo(() => new Stills(), [])
  const [shown, show] = useState<{ url: string | undefined; camera: string; of: number }>()
  const h = hover.value
  const lane = h && lanes[h.lane]
  const v = view.value
  const at = h ? time(v, width, h.px) : 0
  const length = v.to - v.from
  const mark = h && lane ? near(lane.marks.list.value, at, (length / width) * reach) : undefined
  const has = lane !== undefined && holds(lane.deck.footage.spans.value, at)
  const step = stepFor(length, width)
  const of = Math.floor(at / step)
  useEffect(() => () => stills.dispose(), [])
  useEffect(() => {
    if (!lane || !has) {
      stills.leave()
      show(undefined)
      return
    }
    const { camera } = lane
    stills.get(camera, at, step, url => show({ url, camera, of }))
  }, [lane?.camera, has, of])
  if (!h || !lane) return null
  const wide = 176
  // Over everything: the lanes scroll where there are many.
  const box = track.current?.getBoundingClientRect()
  const left = Math.max(8, Math.min(innerWidth - wide - 8, (box?.left ?? 0) + h.px - wide / 2))
  const top = track.current?.parentElement?.getBoundingClientRect().top ?? 0
  const image = mark?.kind === 'image' ? images.thumbnail(mark.id) : undefined
  // The last picture of this camera stays until the next is there; it dims when that takes long.
  const url = has && shown?.camera === lane.camera ? shown.url : undefined
  return (
    <>
      <i class="ar-hair" style={{ transform: `translateX(${h.px}px)` }} />
      <div class={`ar-tip${has || image ? '' : ' bare'}`} style={{ left: `${left}px`, bottom: `${innerHeight - top + 6}px`, inlineSize: `${wide}px` }} aria-hidden="true">
        {image ?? url ? <img src={image ?? url} class={!image && shown?.of !== of ? 'ar-old' : ''} alt="" /> : has ? <span class="ar-wait" /> : null}
        <b class="num">{clock(at, zone)}</b>
        <span>{player.scrubbing.value ? '' : mark ? <bdi>{mark.kind === 'image' ? t('archive.image') : mark.text}</bdi> : has ? '' : at > lane.deck.footage.now() ? '' : t('archive.gap')}</span>
      </div>
    </>
  )
}

interface Pointing {
  track: { current: HTMLDivElement | null }
  player: Player
  view: Signal<Span>
  range: Signal<Span | undefined>
  hover: Signal<{ px: number; lane: number } | undefined>
  lanes: readonly Lane[]
  height: number
  width: number
  onSelect(lane: number): void
}

type Drag = { do: 'scrub' } | { do: 'pan'; from: number; view: Span } | { do: 'range'; at: number } | { do: 'pinch'; apart: number; view: Span; around: number }

/** usePointer: drag to scrub, the scale to move it, Shift to mark a range, two fingers or the wheel to zoom. */
function usePointer(p: Pointing): void {
  const latest = useRef(p)
  latest.current = p
  useEffect(() => {
    const el = p.track.current
    if (!el) return
    const fingers = new Map<number, { x: number; y: number }>()
    let drag: Drag | undefined
    const at = (e: { clientX: number }): number => e.clientX - el.getBoundingClientRect().left
    const moment = (px: number): number => time(latest.current.view.peek(), latest.current.width, px)
    const lane = (e: { clientY: number }): number => {
      const { lanes, height } = latest.current
      return Math.max(0, Math.min(lanes.length - 1, Math.floor((e.clientY - el.getBoundingClientRect().top) / height)))
    }
    const show = (v: Span): void => { latest.current.view.value = within(v, latest.current.player.edge()) }
    const pointAt = (e: PointerEvent): void => { latest.current.hover.value = { px: Math.max(0, Math.min(latest.current.width, at(e))), lane: lane(e) } }
    const down = (e: PointerEvent): void => {
      if (e.button !== 0) return
      const { player, view, lanes, height, onSelect } = latest.current
      fingers.set(e.pointerId, { x: at(e), y: e.clientY })
      try {
        el.setPointerCapture(e.pointerId)
      } catch {
        // The pointer is gone already.
      }
      if (fingers.size === 2) {
        const [a, b] = [...fingers.values()]
        if (!a || !b) return
        if (drag?.do === 'scrub') player.scrub(false)
        drag = { do: 'pinch', apart: Math.max(20, Math.abs(a.x - b.x)), view: view.peek(), around: moment((a.x + b.x) / 2) }
        latest.current.hover.value = undefined
        return
      }
      if (fingers.size > 2) return
      onSelect(lane(e))
      const below = e.clientY - el.getBoundingClientRect().top > lanes.length * height
      if (e.shiftKey) drag = { do: 'range', at: moment(at(e)) }
      else if (below) drag = { do: 'pan', from: at(e), view: view.peek() }
      else {
        drag = { do: 'scrub' }
        player.scrub(true)
        const t = moment(at(e))
        const v = view.peek()
        const hit: Mark | undefined = near(lanes[lane(e)]?.marks.list.peek() ?? [], t, ((v.to - v.from) / latest.current.width) * reach)
        player.seek(hit ? hit.from : t)
        pointAt(e)
      }
      el.querySelector<HTMLElement>('.ar-slider')?.focus({ preventScroll: true })
      e.preventDefault()
    }
    const move = (e: PointerEvent): void => {
      const { player, range, width } = latest.current
      if (fingers.has(e.pointerId)) fingers.set(e.pointerId, { x: at(e), y: e.clientY })
      if (!drag) {
        if (e.pointerType !== 'touch') pointAt(e)
        return
      }
      if (drag.do === 'pinch') {
        const [a, b] = [...fingers.values()]
        if (!a || !b) return
        const apart = Math.max(20, Math.abs(a.x - b.x))
        const v = zoom(drag.view, drag.apart / apart, drag.around)
        // What was between the fingers stays there.
        show(shift(v, drag.around - time(v, width, (a.x + b.x) / 2)))
      } else if (drag.do === 'pan') show(shift(drag.view, ((drag.from - at(e)) / width) * (drag.view.to - drag.view.from)))
      else if (drag.do === 'range') {
        const t = moment(at(e))
        range.value = { from: Math.min(drag.at, t), to: Math.max(drag.at, t, Math.min(drag.at, t) + 1000) }
      } else {
        player.seek(moment(Math.max(0, Math.min(width, at(e)))))
        pointAt(e)
      }
    }
    const up = (e: PointerEvent): void => {
      fingers.delete(e.pointerId)
      if (drag?.do === 'scrub') latest.current.player.scrub(false)
      if (fingers.size === 0 || drag?.do !== 'pinch') drag = undefined
      if (e.pointerType === 'touch') latest.current.hover.value = undefined
    }
    const leave = (): void => { if (!drag) latest.current.hover.value = undefined }
    const wheel = (e: WheelEvent): void => {
      e.preventDefault()
      const { view, width } = latest.current
      const v = view.peek()
      const sideways = Math.abs(e.deltaX) > Math.abs(e.deltaY) || e.shiftKey
      const amount = (sideways ? e.deltaX || e.deltaY : e.deltaY) * (e.deltaMode === 1 ? 16 : 1)
      if (sideways) show(shift(v, (amount / width) * (v.to - v.from)))
      else show(zoom(v, Math.exp(Math.max(-240, Math.min(240, amount)) * 0.0022), moment(at(e))))
    }
    el.addEventListener('pointerdown', down)
    el.addEventListener('pointermove', move)
    el.addEventListener('pointerup', up)
    el.addEventListener('pointercancel', up)
    el.addEventListener('pointerleave', leave)
    el.addEventListener('wheel', wheel, { passive: false })
    return () => {
      el.removeEventListener('pointerdown', down)
      el.removeEventListener('pointermove', move)
      el.removeEventListener('pointerup', up)
      el.removeEventListener('pointercancel', up)
      el.removeEventListener('pointerleave', leave)
      el.removeEventListener('wheel', wheel)
    }
  }, [])
}

/** centreOn shows a moment in the middle, with so much around it. */
export function centreOn(view: Signal<Span>, t: number, length: number, end: number): void {
  view.value = within(centred(t, length), end)
}
