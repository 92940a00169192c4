import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from '@preact/signals'
import type { ViewingAPI } from '../api/api'
import type { ClientMessage, ServerMessage } from '../api/messages'
import type { Problem } from '../api/problem'
import type { TileWant } from '../api/wire'
import { watchActivity, watchReturn } from '../player/activity'
import { Rescue } from '../player/rescue'
import type { ServerClock } from '../player/serverclock'
import { place, poolFor } from '../player/slots'
import { Tile, type TileView } from '../player/tile'
import { Viewing } from '../player/viewing'
import { isPhone } from './device'
import { cells, desk, pageAfter, pages, phone, sameGrid, spots, type Grid } from './grid'

/** What one place of the wall holds. */
export interface WallItem {
  camera: string
  name: string
  /** Whether its owner gave it sound at all. */
  sound: boolean
  /** Tells the places of one camera apart where it has several; else absent. */
  key?: string
}

/** keyOf is by what a wall knows an item. */
export function keyOf(item: WallItem): string {
  return item.key ?? item.camera
}

export interface WallConfig {
  api: ViewingAPI
  send(m: ClientMessage): boolean
  /** Told when the server answers again though the socket has not come back. */
  reached?(): void
  clock: ServerClock
}

/** One position on the page: which slot plays there; slot -1 is an empty place. */
export interface Position {
  slot: number
  item: WallItem | undefined
}

/**
 * Wall is what stands between the player and the screen: items, pages,
 * selection, full screen and sound, and of each slot what its tile looks like.
 * One object a mounted wall; dispose ends its viewing session.
 */
export class Wall {
  readonly items: Signal<readonly (WallItem | undefined)[]> = signal([])
  readonly grid = signal<Grid>(desk)
  readonly page = signal(0)
  readonly selected = signal(0)
  /** The item in full screen (keyOf: its camera, as a rule). */
  readonly full = signal<string | undefined>(undefined)
  readonly soundOn = signal(false)
  /** What comes next and is begun before it is seen (row R94); its tiles keep their slots when it comes. */
  readonly warm = signal<readonly WallItem[]>([])
  /** Whether tiles show what they are made of. */
  readonly stats = signal(false)
  readonly problem = signal<Problem | undefined>(undefined)
  readonly pages: ReadonlySignal<number> = computed(() => pages(this.items.value.length, this.grid.value))
  readonly positions: ReadonlySignal<readonly Position[]>
  private readonly views = new Map<number, Signal<TileView>>()
  private readonly tiles = new Map<number, Tile>()
  private readonly mids = new Map<number, string>()
  private readonly viewing: Viewing
  private readonly stops: (() => void)[] = []
  private readonly width = signal<readonly [number, number]>([0, 0]) // of a cell, of the large one
  private pool = 0 // never shrinks: what stays visible keeps its slot when a grid gets smaller
  private placed: ReadonlyMap<string, number> = new Map()
  private warmed: readonly Position[] = []
  private connected = false
  private sent = ''
  private readonly audio = document.createElement('audio')

  readonly clock: ServerClock
  private readonly config: WallConfig

  constructor(config: WallConfig) {
    this.config = config
    this.clock = config.clock
    this.viewing = new Viewing({
      api: config.api,
      send: config.send,
      ...(config.reached && { onReached: config.reached }),
      onTile: s => {
        if (s.mid !== undefined) this.mids.set(s.cell, s.mid)
        const tile = this.tiles.get(s.cell)
        tile?.setTrack(this.viewing.track(this.mids.get(s.cell)))
        tile?.setServer(s)
      },
      onConnected: up => {
        this.connected = up
        for (const t of this.tiles.values()) t.setConnected(up)
      },
      onTracks: () => {
        if (!this.viewing.audio) this.mids.clear()
        for (const [slot, tile] of this.tiles) tile.setTrack(this.viewing.track(this.mids.get(slot)))
        this.listen()
      },
      onProblem: (p, final) => {
        this.problem.value = p
        if (final) for (const t of this.tiles.values()) t.clear()
      },
    })
    this.viewing.prepare(poolFor(cells(isPhone.peek() ? phone : desk)))
    this.positions = computed(() => {
      const g = this.grid.value
      const n = cells(g)
      const first = Math.min(this.page.value, this.pages.value - 1) * n
      const items = Array.from({ length: n }, (_, i) => this.items.value[first + i])
      const warm = this.warm.value.filter(w => !items.some(i => i && keyOf(i) === keyOf(w)))
      const all = [...items, ...warm]
      this.pool = Math.max(this.pool, poolFor(all.length))
      const slots = place(this.placed, all.map(i => i && keyOf(i)), this.pool)
      this.placed = new Map(all.flatMap((it, i) => (it && (slots[i] ?? -1) >= 0 ? [[keyOf(it), slots[i] as number]] : [])))
      this.warmed = warm.map((item, i) => ({ item, slot: slots[n + i] ?? -1 })).filter(p => p.slot >= 0)
      return items.map((item, i) => ({ item, slot: slots[i] ?? -1 }))
    })
    this.stops.push(effect(() => this.want()))
    this.stops.push(effect(() => this.choose()))
    this.stops.push(effect(() => {
      // A camera that left the page leaves full screen too.
      const full = this.full.value
      if (full !== undefined && !this.positions.value.some(p => p.item && keyOf(p.item) === full)) this.full.value = undefined
    }))
    this.stops.push(watchActivity(config.send, visible => { for (const t of this.tiles.values()) t.setVisible(visible) }))
    this.stops.push(watchReturn(() => {
      for (const t of this.tiles.values()) t.look()
      void this.viewing.check()
    }))
    const rescue = new Rescue({
      tiles: () => [...this.views].map(([slot, v]) => [slot, v.peek()] as const),
      tryNow: slot => this.tryNow(slot),
      check: () => void this.viewing.check(),
    })
    this.stops.push(() => rescue.stop())
    const leave = (): void => this.viewing.close()
    const back = (e: PageTransitionEvent): void => { if (e.persisted) this.viewing.reopen() }
    addEventListener('pagehide', leave)
    addEventListener('pageshow', back)
    this.stops.push(() => {
      removeEventListener('pagehide', leave)
      removeEventListener('pageshow', back)
    })
  }

  /** view is what the tile of a slot looks like; reading it subscribes. */
  view(slot: number): Signal<TileView> {
    let v = this.views.get(slot)
    if (!v) {
      v = signal<TileView>({ camera: undefined, name: '', state: 'connecting', picture: 'none', at: undefined, server: undefined })
      this.views.set(slot, v)
    }
    return v
  }

  /** attach gives the video element of a slot's tile, or takes it away. */
  attach(slot: number, video: HTMLVideoElement | null): void {
    if (slot < 0) return
    this.tile(slot).attach(video)
  }

  /** setGrid changes the grid and keeps what was visible first on the page. */
  setGrid(g: Grid): void {
    this.show(this.items.peek(), g)
  }

  /**
   * show changes items and grid together: no stream that is on the screen
   * before and after is dropped in between. The page stays with the first item
   * that was on it; the selection stays with its item.
   */
  show(items: readonly (WallItem | undefined)[], g: Grid): void {
    const before = this.grid.peek()
    const old = this.positions.peek()
    const page = Math.min(this.page.peek(), this.pages.peek() - 1)
    const index = (item: WallItem | undefined): number => (item ? items.findIndex(i => i && keyOf(i) === keyOf(item)) : -1)
    batch(() => {
      const first = old.map(p => index(p.item)).find(i => i >= 0)
      const selected = index(old[this.selected.peek()]?.item)
      const next = sameGrid(before, g) ? page : first === undefined ? pageAfter(page, before, g) : Math.floor(first / cells(g))
      this.items.value = items
      if (!sameGrid(before, g)) this.grid.value = g
      this.page.value = Math.min(next, pages(items.length, g) - 1)
      const at = selected - this.page.peek() * cells(g)
      this.selected.value = at >= 0 && at < cells(g) ? at : Math.min(this.selected.peek(), cells(g) - 1)
    })
  }

  /** setWidth tells how wide a tile is, CSS px, and the large one where there is one. */
  setWidth(px: number, large = px): void {
    // Steps, so that a window being dragged does not flood the server.
    const wide = (w: number): number => Math.ceil((w * devicePixelRatio) / 64) * 64
    const [a, b] = this.width.peek()
    if (a !== wide(px) || b !== wide(large)) this.width.value = [wide(px), wide(large)]
  }

  turn(by: number): void {
    const n = this.pages.peek()
    this.page.value = (Math.min(this.page.peek(), n - 1) + by + n) % n
    this.full.value = undefined
  }

  /** toggleFull opens the item at a position, or goes back. */
  toggleFull(position: number): void {
    const item = this.positions.peek()[position]?.item
    this.selected.value = position
    this.full.value = this.full.peek() === undefined ? item && keyOf(item) : undefined
  }

  tryNow(slot: number): void {
    this.config.send({ type: 'try_now', cell: slot })
  }

  resume(): void {
    if (!this.viewing.resume()) this.config.send({ type: 'continue' })
  }

  /** report is what the browser counts of a slot's pictures; undefined while none come. */
  report(slot: number): Promise<RTCStatsReport | undefined> {
    return this.viewing.report(this.mids.get(slot))
  }

  up(): void {
    this.viewing.hello()
  }

  receive(m: ServerMessage): void {
    this.viewing.receive(m)
  }

  dispose(): void {
    for (const stop of this.stops) stop()
    this.viewing.close()
    for (const t of this.tiles.values()) t.dispose()
    this.audio.srcObject = null
  }

  private tile(slot: number): Tile {
    let t = this.tiles.get(slot)
    if (!t) {
      const view = this.view(slot)
      t = new Tile({
        onChange: v => { view.value = v },
        wall: () => this.clock.now(),
        media: at => this.clock.media(at),
        still: c => this.config.api.poster(c),
      })
      t.setConnected(this.connected)
      this.tiles.set(slot, t)
    }
    return t
  }

  /** want tells tiles and server what is to be shown. */
  private want(): void {
    const full = this.full.value
    const [width, large] = this.width.value
    const spot = spots(this.grid.value)
    const all = this.positions.value.map((p, i) => ({ ...p, px: (spot[i]?.span === 2 ? large : width) || 640 }))
    const shown = all.filter(p => p.slot >= 0 && p.item)
    const list: TileWant[] = shown.map(p => {
      const focus = full !== undefined && p.item !== undefined && keyOf(p.item) === full
      return { cell: p.slot, camera: p.item?.camera, px: focus ? Math.round(innerWidth * devicePixelRatio) : p.px, focus }
    })
    for (const p of this.warmed) {
      list.push({ cell: p.slot, camera: p.item?.camera, px: 320, focus: false, warm: true })
      shown.push({ ...p, px: 320 })
    }
    for (const p of shown) this.tile(p.slot).setWant(p.item?.camera, p.item?.name ?? '')
    for (const [slot, tile] of this.tiles) if (!shown.some(p => p.slot === slot)) tile.setWant(undefined, '')
    const sign = JSON.stringify(list)
    if (sign === this.sent || (this.sent === '' && list.length === 0)) return
    this.sent = sign
    this.viewing.show(list, this.pool)
  }

  /** choose follows the selection with the one sound there is. */
  private choose(): void {
    const full = this.full.value
    const at = full === undefined ? this.positions.value[this.selected.value] : this.positions.value.find(p => p.item && keyOf(p.item) === full)
    const slot = this.soundOn.value && at && at.slot >= 0 ? at.slot : null
    this.viewing.hear(slot)
    this.listen()
  }

  private listen(): void {
    const track = this.viewing?.audio
    const on = this.soundOn.peek() && track !== undefined
    this.audio.muted = !on
    if (on && track) {
      if ((this.audio.srcObject as MediaStream | null)?.getTracks()[0] !== track) this.audio.srcObject = new MediaStream([track])
      this.audio.play().catch(() => { this.soundOn.value = false })
    } else this.audio.pause()
  }
}
