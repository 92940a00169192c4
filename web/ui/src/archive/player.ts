import { batch, signal } from '@preact/signals'
import type { Layer } from './api'
import { Deck } from './deck'
import { player, type Start } from './engine'
import { Footage, type FootageConfig } from './footage'
import { before, join, next, type Span } from './spans'

/** What can be chosen; browsers play no faster than 16. */
export const speeds = [0.5, 1, 2, 4, 8, 16] as const

/** A stretch without footage that was jumped over. */
export interface Jump {
  from: number
  to: number
}

export interface PlayerConfig {
  cameras: readonly string[]
  /** Where it begins; undefined is the newest. */
  at: number | undefined
  api?: FootageConfig['api']
  start?: () => Promise<Start>
}

/** How often the clock is looked at, ms. */
const beat = 100
/** A tile that has no picture holds the others back for so long, ms. */
const patience = 2000
/** At the newest end, where it comes piece by piece, so much has to lie ahead before it goes on, s; and how near that is, ms. */
const supply = 3
const nearEnd = 9000
/** How often it is asked what has been recorded since, ms. */
const refreshEvery = 5000
/** A jump that is worth a sentence, ms. */
const worth = 1500

/**
 * Player plays one camera's recordings, or several in sync. One clock says which
 * moment is shown. With one camera the clock is that of its pictures; with several it
 * runs by itself, waits a little for who is late, and every tile follows it.
 */
export class Player {
  /** The moment shown, ms. */
  readonly now = signal(0)
  readonly playing = signal(true)
  readonly rate = signal(1)
  /** The gap that was jumped over last. */
  readonly jumped = signal<Jump | undefined>(undefined)
  /** It plays, and there is nothing newer yet. */
  readonly atEdge = signal(false)
  /** While the pointer drags, no clock runs. */
  readonly scrubbing = signal(false)
  readonly decks: readonly Deck[]
  private base = { wall: 0, at: 0 }
  private running = false
  private readonly timer: ReturnType<typeof setInterval>
  private refreshed = 0
  private stepping = 0
  private placed = false
  private throttle: ReturnType<typeof setTimeout> | undefined
  private wanted: number | undefined

  constructor(c: PlayerConfig) {
    const prefer: Layer = c.cameras.length > 1 ? 'sub' : 'main'
    this.decks = c.cameras.map(camera => new Deck(new Footage({ camera, prefer, api: c.api }), c.start))
    this.now.value = c.at ?? Date.now()
    this.base = { wall: this.now.peek(), at: performance.now() }
    this.placed = c.at !== undefined
    // The player is fetched beside the first answers.
    void (c.start ?? player)().catch(() => {})
    const near: Span = { from: this.now.peek() - 60_000, to: this.now.peek() + 60_000 }
    for (const d of this.decks) {
      void d.footage.loadDays()
      void d.footage.look(near).then(() => this.begin())
    }
    this.timer = setInterval(() => this.tick(), beat)
  }

  /** spans is all there is of any of the cameras. */
  spans(): Span[] {
    return join(this.decks.map(d => d.footage.spans.value))
  }

  /** edge is the newest moment that may be seen of any camera. */
  edge(): number {
    return Math.max(...this.decks.map(d => d.footage.edge()))
  }

  /** seek shows a moment. While it is dragged only the newest wish counts. */
  seek(t: number): void {
    const to = Math.min(t, this.edge())
    this.placed = true
    this.running = false // until the pictures of that moment are there, the clock stands
    batch(() => {
      this.jumped.value = undefined
      this.atEdge.value = false
      this.now.value = to
    })
    this.anchor(to)
    if (this.scrubbing.peek()) {
      this.wanted = to
      this.throttle ??= setTimeout(() => {
        this.throttle = undefined
        if (this.wanted !== undefined) this.send(this.wanted)
      }, 120)
      return
    }
    this.wanted = undefined
    this.send(to)
  }

  /** scrub begins and ends a drag: the clock stands meanwhile. */
  scrub(on: boolean): void {
    if (on === this.scrubbing.peek()) return
    this.scrubbing.value = on
    if (on) return
    clearTimeout(this.throttle)
    this.throttle = undefined
    this.wanted = undefined
    this.send(this.now.peek())
    this.anchor(this.now.peek())
  }

  /** skip goes back or ahead by so many seconds. */
  skip(seconds: number): void {
    this.seek(this.now.peek() + seconds * 1000)
  }

  play(on: boolean): void {
    this.playing.value = on
    this.anchor(this.now.peek())
    if (!on) for (const d of this.decks) d.halt()
    this.tick()
  }

  setRate(rate: number): void {
    this.rate.value = rate
    this.anchor(this.now.peek())
    this.tick()
  }

  /** step shows the next frame, or the one before, of the camera chosen, and stands still. */
  step(by: 1 | -1, of = 0): void {
    const deck = this.decks[of] ?? this.decks[0]
    // A key that is held down goes as fast as frames are painted.
    if (!deck || (!deck.settled && performance.now() - this.stepping < 300)) return
    this.stepping = performance.now()
    if (this.playing.peek()) {
      this.play(false)
      const t = deck.view.peek().at
      if (t !== undefined) {
        this.now.value = t
        this.anchor(t)
      }
    }
    const to = deck.stepTarget(by)
    if (to === undefined) return
    this.now.value = to
    this.anchor(to)
    for (const d of this.decks) d.seek(to)
  }

  /** look says what the timeline shows, so that it is known what there is. */
  look(view: Span): void {
    for (const d of this.decks) void d.footage.look(view)
  }

  dispose(): void {
    clearInterval(this.timer)
    clearTimeout(this.throttle)
    for (const d of this.decks) d.dispose()
  }

  /** begin goes to the newest footage where no moment was asked for. */
  private begin(): void {
    if (!this.placed) {
      const all = this.decks.filter(d => d.footage.known.peek())
      if (all.length < this.decks.length) return
      const last = this.spans().at(-1)
      this.placed = true
      if (last) {
        this.seek(Math.max(last.from, last.to - 10_000))
        return
      }
    }
    this.send(this.now.peek())
  }

  private send(t: number): void {
    for (const d of this.decks) if (d.footage.known.peek()) d.seek(t)
  }

  private anchor(wall: number): void {
    this.base = { wall, at: performance.now() }
  }

  private tick(): void {
    if (performance.now() - this.refreshed > refreshEvery) {
      this.refreshed = performance.now()
      for (const d of this.decks) if (d.footage.known.peek() && !d.footage.problem.peek()) void d.footage.refresh()
    }
    if (this.scrubbing.peek()) {
      for (const d of this.decks) d.halt()
      return
    }
    const single = this.decks.length === 1
    if (this.running) this.advance(single)
    const t = this.now.peek()
    const playing = this.playing.peek()
    let run = playing
    if (playing && this.placed) {
      const due = this.decks.filter(d => d.due(t))
      const late = due.filter(d => !d.ready)
      const now = performance.now()
      if (due.length === 0) {
        run = false
        this.over(t)
      } else if (late.length > 0 && (single || late.some(d => d.waiting === undefined || now - d.waiting < patience))) run = false
      if (run && !this.running && t > this.edge() - nearEnd && due.some(d => d.ahead(t) < supply)) run = false
      if (due.length > 0) this.atEdge.value = false
    }
    if (run !== this.running) this.anchor(this.now.peek())
    this.running = run
    const rate = this.rate.peek()
    for (const d of this.decks) d.follow(this.now.peek(), run, rate, single)
  }

  /** advance moves the clock: with the pictures of the only camera, else by itself. */
  private advance(single: boolean): void {
    const t = this.now.peek()
    if (!single) {
      this.now.value = this.base.wall + (performance.now() - this.base.at) * this.rate.peek()
      return
    }
    const wall = this.decks[0]?.wall()
    if (wall === undefined) return
    const moved = wall - t
    const could = (performance.now() - this.base.at) * this.rate.peek()
    if (moved > could + worth) this.jumped.value = { from: t, to: wall }
    this.anchor(wall)
    this.now.value = wall
  }

  /** over jumps over what nobody has footage of; at the end of everything it waits. */
  private over(t: number): void {
    if (this.decks.some(d => !d.footage.known.peek() || (!d.footage.has(t) && t < d.footage.edge() - worth))) return
    const starts = this.decks.map(d => d.resume(t)).filter(x => x !== undefined && x > t) as number[]
    const to = starts.length ? Math.min(...starts) : undefined
    if (to === undefined || to > this.edge()) {
      this.atEdge.value = true
      return
    }
    const from = before(this.spans(), t)?.to ?? t
    if (to - t <= worth) {
      this.now.value = to
      this.anchor(to)
      return
    }
    this.seek(to)
    this.jumped.value = { from: Math.min(from, t), to }
  }
}

/** gapAt is the stretch without footage around a moment, as far as it is known. */
export function gapAt(spans: readonly Span[], t: number): { from?: number; to?: number } {
  return { from: before(spans, t)?.to, to: next(spans, t)?.from }
}
