import { useComputed, useSignal } from '@preact/signals'
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { cameras as cameraAPI, views as viewAPI } from '../api/api'
import type { Camera, View } from '../api/wire'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { city, parseTime } from '../i18n/time'
import { Empty, Failed } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { go, search } from '../kit/router'
import { toast } from '../kit/toast'
import { account, zone as ownZone } from '../state/session'
import { wire } from '../state/events'
import { byName, itemsOf, nameOf } from '../views/resolve'
import { isPhone } from '../wall/device'
import { Help } from '../wall/help'
import { fileName, save, snapshot } from '../wall/snapshot'
import { archivePage } from './api'
import { Transport, Zoom } from './controls'
import { Days, inDay } from './days'
import { fit } from './fit'
import { useArchiveKeys } from './keys'
import { Marks, neighbour } from './marks'
import { Player, speeds } from './player'
import { Range } from './range'
import { dayOf, daySpan, follow, within } from './scale'
import { nearest, type Span } from './spans'
import { ArchiveTile } from './tile'
import { centreOn, Timeline, type Lane } from './timeline'
import { jumpText, limits } from './words'

/** More are not played at once. */
const most = 16
/** What the timeline shows at first. */
const first = 3_600_000

/** ArchiveScreen is recordings of one camera, or of several in sync, at a moment. */
export function ArchiveScreen({ camera }: { camera?: string }) {
  const cams = useResource(() => cameraAPI.list().then(r => r.cameras), ['cameras'])
  const query = new URLSearchParams(search.value)
  const asked = camera !== undefined ? [camera] : (query.get('cameras') ?? '').split(',').filter(Boolean)
  const list = cams.data
  if (!list) {
    return <main id="main" class="main"><h1>{t('archive.title')}</h1>{cams.problem && <Failed problem={cams.problem} retry={cams.reload} />}</main>
  }
  const may = list.filter(c => c.archive)
  const shown = (asked.length > 0 ? asked : may.map(c => c.id)).slice(0, most)
  if (shown.length === 0) {
    return (
      <main id="main" class="main narrow">
        <h1>{t('archive.title')}</h1>
        <Empty title={t('archive.no_cameras')}><a class="btn primary" href="/cameras">{t('nav.cameras')}</a></Empty>
      </main>
    )
  }
  return <Shown key={shown.join()} ids={shown} list={list} />
}

function Shown({ ids, list }: { ids: readonly string[]; list: readonly Camera[] }) {
  const views = useResource(() => viewAPI.list().then(r => byName(r.views)), ['views'])
  const wanted = parseTime(new URLSearchParams(search.value).get('at') ?? undefined)
  const at = useMemo(() => wanted, [])
  const player = useMemo(() => new Player({ cameras: ids, at }), [])
  const byID = new Map(list.map(c => [c.id, c]))
  const lanes = useMemo<Lane[]>(() => player.decks.map(deck => ({ camera: deck.footage.camera, name: '', deck, marks: new Marks(deck.footage.camera) })), [player])
  for (const l of lanes) l.name = byID.get(l.camera)?.name ?? t('msg.restricted')
  const zone = zoneOf(lanes, list)
  const view = useSignal<Span>(within({ from: (at ?? Date.now()) - first / 2, to: (at ?? Date.now()) + first / 2 }, Date.now()))
  const range = useSignal<Span | undefined>(undefined)
  const [selected, select] = useState(0)
  const [help, setHelp] = useState(false)
  const single = lanes.length === 1
  const lane = lanes[selected] ?? lanes[0]
  const own = byID.get(lane?.camera ?? '')

  useEffect(() => () => {
    player.dispose()
    for (const l of lanes) l.marks.dispose()
  }, [player])
  // What changes about access or cameras may change what is seen: everything is asked anew.
  useEffect(() => wire.listen({ up() {}, message: m => {
    if (m.type !== 'changed' || (m.what !== 'access' && m.what !== 'cameras')) return
    for (const l of lanes) void l.deck.footage.again(view.peek())
  } }), [player])
  useFollow(player, view, lanes)
  const begun = useRef(search.peek())
  useEffect(() => {
    if (begun.current !== search.value && wanted !== undefined) player.seek(wanted)
    begun.current = search.value
  }, [search.value])
  useAddress(player, ids)

  const skip = (seconds: number): void => player.skip(seconds)
  const step = (by: 1 | -1): void => player.step(by, selected)
  const event = (by: 1 | -1): void => {
    const found = lane && neighbour(lane.marks.list.peek(), player.now.peek(), by)
    if (found) player.seek(found.from)
  }
  const setLength = (length: number): void => centreOn(view, inside(view.peek(), player.now.peek()) ? player.now.peek() : (view.peek().from + view.peek().to) / 2, Math.max(60_000, Math.min(86_400_000, length)), player.edge())
  const mark = (end: 'from' | 'to'): void => {
    const now = player.now.peek()
    const r = range.peek()
    const length = view.peek().to - view.peek().from
    range.value = end === 'from'
      ? { from: now, to: r && r.to > now ? r.to : Math.min(player.edge(), now + length / 10) }
      : { from: r && r.from < now ? r.from : now - length / 10, to: now }
  }
  // Without the right to live there is nothing more to go to than the newest one may see.
  const sees = lanes.some(l => byID.get(l.camera)?.access.reason !== 'level_missing')
  const live = sees ? { text: t('tile.live'), icon: 'live' as const, act: () => go('/') } : { text: t('archive.newest'), icon: 'wait' as const, act: () => { player.seek(newest(player)); player.play(true) } }
  const open = (): void => {
    if (!single && lane) alone(lane.camera, player)
    else if (!document.fullscreenElement) document.querySelector('.ar')?.requestFullscreen?.().catch(() => {})
    else void document.exitFullscreen()
  }
  const keep = async (): Promise<void> => {
    const v = lane?.deck.element
    const taken = lane?.deck.view.peek().at
    if (!lane || !v || !own?.snapshot || taken === undefined || lane.deck.view.peek().state !== 'recorded') return
    const blob = await snapshot(v, 'image/jpeg')
    if (!blob) return
    const name = fileName(lane.name, taken, zone, 'image/jpeg')
    save(blob, name)
    toast(t('snapshot.saved', { name }))
  }
  const speed = (by: 1 | -1): void => {
    const i = speeds.findIndex(s => s === player.rate.peek()) + by
    const s = speeds[i]
    if (s !== undefined) player.setRate(s)
  }
  useArchiveKeys({
    play: () => player.play(!player.playing.peek()), skip, step, speed, event, mark, live: live.act,
    zoom: by => setLength((view.peek().to - view.peek().from) * (by > 0 ? 0.5 : 2)),
    snapshot: () => void keep(), select: n => { if (n < lanes.length) select(n) }, open,
    back: () => { if (range.peek()) range.value = undefined; else if (single && opened === location.pathname) history.back() },
    help: () => setHelp(true),
  }, account.value?.shortcuts ?? true)

  const days = recordedDays(lanes)
  const today = dayOf(player.decks[0]?.footage.now() ?? Date.now(), zone)
  const chooseDay = (day: string): void => {
    const to = inDay(day, player.now.peek(), zone)
    const s = daySpan(day, zone)
    player.look(s)
    void Promise.all(player.decks.map(d => d.footage.look(s))).then(() => {
      const found = nearest(player.spans().filter(x => x.to > s.from && x.from < s.to).map(x => ({ from: Math.max(x.from, s.from), to: Math.min(x.to, s.to) })), to)
      player.seek(found ?? to)
      centreOn(view, found ?? to, view.peek().to - view.peek().from, player.edge())
    })
  }
  const stage = useRef<HTMLUListElement>(null)
  const room = useRoom(stage)
  const grid = isPhone.value ? { rows: Math.ceil(lanes.length / 2), columns: single ? 1 : 2, two: !single } : fit(lanes.length, room.width, room.height)
  const known = lanes.every(l => l.deck.footage.known.value)
  const nothing = known && days.size === 0 && lanes.every(l => l.deck.footage.days.value !== undefined && !l.deck.footage.problem.value)
  const problem = single ? undefined : lanes.find(l => l.deck.footage.problem.value && l.deck.footage.problem.value.status === 0)?.deck.footage.problem.value
  return (
    <main id="main" class={`wall ar${single ? ' ar-single' : ''}`}>
      <h1 class="vh">{single ? t('archive.of', { name: lane?.name ?? '' }) : t('archive.several', { n: lanes.length })}</h1>
      <div class="tools">
        <Choose list={list} views={views.data ?? []} lanes={lanes} player={player} />
        <DayPick player={player} zone={zone} today={today} recorded={days} choose={chooseDay} />
        <span class="sp" />
        <Layers lane={single ? lane : undefined} player={player} view={view} />
        <span class="vr only-desk" />
        {own?.snapshot && <Button kind="quiet" small bare icon="image" onClick={() => void keep()}>{t('snapshot.name')}</Button>}
        <Button kind="quiet" small bare icon="keyboard" extra="only-desk" onClick={() => setHelp(true)}>{t('keys.title')}</Button>
        {document.fullscreenEnabled && <Button kind="quiet" small bare icon="full" extra="only-desk" onClick={() => { if (document.fullscreenElement) void document.exitFullscreen(); else document.querySelector('.ar')?.requestFullscreen().catch(() => {}) }}>{t('wall.full_window')}</Button>}
      </div>
      {problem && <Notice tone="warn" live>{problemText(problem)}</Notice>}
      {nothing && (
        <Notice live icon="archive">
          {t('archive.none')} {own?.mine && <><span>{t('archive.none_text')}</span> <a href={`/cameras/${own.id}`}>{t('wall.check_camera')}</a></>}
        </Notice>
      )}
      <div class="stage">
        <ul ref={stage} class={`grid c${grid.columns}${grid.two ? ' vw-narrow' : ''}`} style={{ '--rows': grid.rows, '--columns': grid.columns }} aria-label={t('archive.title')}>
          {lanes.map((l, i) => (
            <ArchiveTile key={l.camera} player={player} lane={l} number={i + 1} zone={zone} selected={i === selected} several={!single} onSelect={() => select(i)} onOpen={() => alone(l.camera, player)} />
          ))}
        </ul>
      </div>
      <section class="ar-dock" aria-label={t('archive.timeline')}>
        <Transport player={player} zone={zone} events={lanes.some(l => l.marks.list.value.length > 0)} skip={skip} step={step} event={event} live={live} />
        <div class="ar-tools row">
          <Zoom view={view} set={setLength} />
          <span class="sp" />
          <Range lane={lane} player={player} range={range} zone={zone} mark={mark} may={own?.snapshot ?? false} />
        </div>
        <Timeline player={player} lanes={lanes} zone={zone} view={view} range={range} selected={selected} onSelect={select} />
        <Foot player={player} lanes={lanes} zone={zone} />
      </section>
      {help && <Help archive onClose={() => setHelp(false)} />}
    </main>
  )
}

/** The page of a camera alone that was opened from several: Escape goes back. */
let opened = ''

function alone(camera: string, player: Player): void {
  go(archivePage([camera], player.now.peek()))
  opened = location.pathname
}

function inside(s: Span, t: number): boolean {
  return t >= s.from && t < s.to
}

/** useRoom is how large an element is. */
function useRoom(of: { current: HTMLElement | null }): { width: number; height: number } {
  const [room, setRoom] = useState({ width: 1256, height: 480 })
  useLayoutEffect(() => {
    const el = of.current
    if (!el) return
    const measure = (): void => setRoom(r => (r.width === el.clientWidth && r.height === el.clientHeight ? r : { width: el.clientWidth, height: el.clientHeight }))
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    measure()
    return () => watch.disconnect()
  }, [])
  return room
}

/** newest is the newest moment there is footage of. */
function newest(player: Player): number {
  const last = player.spans().at(-1)
  return last ? Math.max(last.from, last.to - 5000) : player.edge()
}

/** zoneOf is the cameras' own zone where they share one, else the person's. */
function zoneOf(lanes: readonly Lane[], list: readonly Camera[]): string {
  const zones = new Set(lanes.map(l => list.find(c => c.id === l.camera)?.zone || l.deck.footage.days.value?.zone || ownZone.value))
  const [only] = zones
  return zones.size === 1 && only ? only : ownZone.value
}

function recordedDays(lanes: readonly Lane[]): ReadonlySet<string> {
  return new Set(lanes.flatMap(l => l.deck.footage.days.value?.days.map(d => d.date) ?? []))
}

/** useFollow asks for what the timeline shows and turns its page when what plays leaves it. */
function useFollow(player: Player, view: { value: Span; peek(): Span }, lanes: readonly Lane[]): void {
  const seen = useRef(0)
  useEffect(() => {
    const timer = setInterval(() => {
      const now = player.now.peek()
      const v = view.peek()
      player.look(v)
      const fresh = performance.now() - seen.current > 15_000
      if (fresh) seen.current = performance.now()
      for (const l of lanes) void l.marks.look(v, l.deck.footage.now(), fresh && l.deck.footage.now() < v.to + 60_000)
      // Only what runs is followed: whoever looks elsewhere while it stands still stays there.
      if (player.playing.peek() && !player.scrubbing.peek() && inside({ from: v.from - 3000 * player.rate.peek(), to: v.to + 3000 * player.rate.peek() }, now)) view.value = follow(v, now)
    }, 400)
    return () => clearInterval(timer)
  }, [player])
  // A jump to elsewhere takes the timeline along.
  const last = useRef(player.now.peek())
  useEffect(() => player.now.subscribe(now => {
    const v = view.peek()
    if (Math.abs(now - last.current) > 3000 && !inside(v, now) && !player.scrubbing.peek()) centreOn(view as never, now, v.to - v.from, player.edge())
    last.current = now
  }), [player])
}

/** useAddress keeps the moment in the address, so that it can be sent and come back to. */
function useAddress(player: Player, ids: readonly string[]): void {
  useEffect(() => {
    const here = location.pathname
    const write = (): void => {
      if (location.pathname === here && player.decks.some(d => d.view.peek().at !== undefined)) history.replaceState(history.state, '', archivePage(ids, Math.floor(player.now.peek() / 1000) * 1000))
    }
    const timer = setInterval(write, 2000)
    return () => clearInterval(timer)
  }, [player])
}

/** DayPick is drawn anew when the day changes, not with every moment. */
function DayPick({ player, zone, ...rest }: { player: Player; zone: string; today: string; recorded: ReadonlySet<string>; choose(day: string): void }) {
  const day = useComputed(() => dayOf(player.now.value, zone))
  return <Days zone={zone} day={day.value} {...rest} />
}

/** Choose is what is shown, and the way to other cameras and views at the same moment. */
function Choose({ list, views, lanes, player }: { list: readonly Camera[]; views: readonly View[]; lanes: readonly Lane[]; player: Player }) {
  const may = list.filter(c => c.archive)
  const name = lanes.length === 1 ? (lanes[0]?.name ?? '') : t('archive.several', { n: lanes.length })
  const to = (ids: readonly string[]): void => go(archivePage(ids, player.now.peek()))
  const all = may.map(c => c.id).slice(0, most)
  const ofView = (v: View): string[] => [...new Set(itemsOf(v, list).flatMap(i => (i && may.some(c => c.id === i.camera) ? [i.camera] : [])))].slice(0, most)
  const same = (ids: readonly string[]): boolean => ids.join() === lanes.map(l => l.camera).join()
  return (
    <Menu
      label={t('archive.choose', { name })}
      cls="view"
      button={<><bdi>{name}</bdi><Icon name="down" small /></>}
      items={[
        ...may.map(c => ({ text: <bdi>{c.name}</bdi>, checked: same([c.id]), act: () => to([c.id]) })),
        ...(all.length > 1 ? [{ text: t('archive.every'), checked: same(all), rule: true, act: () => to(all) }] : []),
        ...views.map(v => ({ v, ids: ofView(v) })).filter(x => x.ids.length > 1).map(x => ({ text: <bdi>{nameOf(x.v)}</bdi>, note: t('archive.several', { n: x.ids.length }), checked: same(x.ids) && !same(all), act: () => to(x.ids) })),
      ]}
    />
  )
}

/** Layers chooses between the two pictures of a camera where both are recorded. */
function Layers({ lane, player, view }: { lane: Lane | undefined; player: Player; view: { peek(): Span } }) {
  const info = lane?.deck.footage.info.value
  if (!lane || !info || info.layers.length < 2) return null
  const text = (l: string): string => t(l === 'main' ? 'layer.hd' : 'layer.sd')
  const choose = (l: 'main' | 'sub'): void => {
    const now = player.now.peek()
    lane.deck.close()
    void lane.deck.footage.choose(l, view.peek()).then(() => player.seek(now))
  }
  return (
    <Menu
      end
      cls="btn quiet s"
      label={t('archive.picture', { name: text(info.layer) })}
      button={<>{text(info.layer)}<Icon name="down" small /></>}
      items={info.layers.map(l => ({ text: text(l), checked: l === info.layer, act: () => choose(l) }))}
    />
  )
}

/** Foot says what was jumped over, what is not shown because of one's rights, and whose clock this is. */
function Foot({ player, lanes, zone }: { player: Player; lanes: readonly Lane[]; zone: string }) {
  const jump = player.jumped.value
  const [said, setSaid] = useState('')
  useEffect(() => {
    if (!jump) return
    setSaid(jumpText(jump, zone))
    const timer = setTimeout(() => setSaid(''), 10_000)
    return () => clearTimeout(timer)
  }, [jump])
  const edge = player.atEdge.value
  const now = lanes[0]?.deck.footage.now() ?? Date.now()
  const bounds = [...new Set(lanes.flatMap(l => limits(l.deck.footage.info.value, zone, now)))]
  return (
    <div class="ar-foot">
      <p class="ar-said" role="status">{said || (edge ? t('archive.ahead_text') : '')}</p>
      {bounds.map(b => <p key={b} class="ar-bound"><Icon name="info" small />{b}</p>)}
      <p class="ar-legend dim" aria-hidden="true">
        <span><i class="l-bar" />{t('archive.recorded')}</span>
        {lanes.some(l => l.marks.list.value.some(m => m.kind === 'event')) && <span><i class="l-event" />{t('archive.event')}</span>}
        {lanes.some(l => l.marks.list.value.some(m => m.kind === 'image')) && <span><i class="l-image" />{t('archive.image')}</span>}
        {bounds.length > 0 && <span><i class="l-hidden" />{t('archive.hidden')}</span>}
        <span>{t('archive.zone', { zone: city(zone) })}</span>
      </p>
    </div>
  )
}
