import { signal } from '@preact/signals'
import { asProblem, Problem } from '../api/problem'
import { player, type Engine, type Start } from './engine'
import type { Footage } from './footage'
import { end } from './playlist'
import { inLine, mediaOf, wallOf, type Found, type Placed } from './mapping'
import { Reel } from './reel'

/** What a tile of the archive shows. Live is never one of them. */
export type DeckState = 'loading' | 'recorded' | 'gap' | 'ahead' | 'restricted' | 'failed' | 'unsupported'

export interface DeckView {
  state: DeckState
  /** Wall clock of the picture on the screen, ms. */
  at?: number
  problem?: Problem
}

/** How far a picture may be from the common clock before it is put right: by pace, and by a seek, s. */
const trimFrom = 0.02
const seekFrom = 0.6
/** Less than this apart is the same frame, s. */
const same = 0.012
/** After so long without a picture it is looked whether a sliver is in the way, ms; and how long that may be, s. */
const stuckAfter = 600
const sliver = 0.6
/** A list ends so long before what is being recorded at most; and after so long it is asked for anew where it was empty, ms. */
const tail = 20_000
const again = 1500
/** So long before its end the list is made longer, s of media at normal speed; and how often at the newest end, ms. */
const growAt = 240
const growEvery = 1000

/** Deck plays the recordings of one camera in one video element, at the moment it is told. Framework-free. */
export class Deck {
  readonly view = signal<DeckView>({ state: 'loading' })
  readonly footage: Footage
  /** When it began to wait for media of a moment of which there is footage; undefined while it has it. */
  waiting: number | undefined
  private video: HTMLVideoElement | undefined
  private cover: HTMLCanvasElement | undefined
  private reel: Reel | undefined
  private engine: Engine | undefined
  private opening: { at: number; of: number } | undefined
  private turn = 0
  private target: number | undefined
  private asked: number | undefined
  private painted: number | undefined
  private lastMedia: number | undefined
  private frame = 1 / 25
  private readonly steps: number[] = []
  private grew = 0
  /** A moment of which nothing was listed though there should be something, and until when that is believed. */
  private empty: { at: number; until: number } | undefined
  private failures = 0
  private off: (() => void) | undefined
  private readonly start: () => Promise<Start>

  constructor(footage: Footage, start: () => Promise<Start> = player) {
    this.footage = footage
    this.start = start
  }

  /** attach gives it the element it paints on, or takes it away. */
  attach(video: HTMLVideoElement | null, cover: HTMLCanvasElement | null = null): void {
    this.off?.()
    this.off = undefined
    this.close()
    this.video = video ?? undefined
    this.cover = cover ?? undefined
    if (!video) return
    video.muted = true
    video.playsInline = true
    // A change of speed must not wait for the pitch to be corrected, and nobody hears several cameras.
    video.preservesPitch = false
    const tells = 'requestVideoFrameCallback' in HTMLVideoElement.prototype
    let handle = 0
    const frames = (_: number, m: VideoFrameCallbackMetadata): void => {
      this.frames(m)
      handle = video.requestVideoFrameCallback(frames)
    }
    if (tells) handle = video.requestVideoFrameCallback(frames)
    // Where a seek ends on the frame that is on the screen already, nothing is painted anew.
    let late: ReturnType<typeof setTimeout> | undefined
    const seeked = (): void => {
      if (!tells) this.paint(video.currentTime)
      clearTimeout(late)
      late = setTimeout(() => {
        if (this.target !== undefined && !video.seeking && video.readyState >= 2) this.paint(this.onScreen(video.currentTime))
      }, 400)
    }
    video.addEventListener('seeked', seeked)
    video.addEventListener('timeupdate', seeked)
    this.off = () => {
      clearTimeout(late)
      if (handle) video.cancelVideoFrameCallback(handle)
      video.removeEventListener('seeked', seeked)
      video.removeEventListener('timeupdate', seeked)
    }
  }

  /** element is what it paints on. */
  get element(): HTMLVideoElement | undefined {
    return this.video
  }

  /** wall is the clock of the element's place now, ms; undefined while nothing is loaded. */
  wall(): number | undefined {
    return this.video && this.engine && this.settled ? wallOf(this.engine.placed(), this.video.currentTime) : undefined
  }

  /** settled says whether the picture of the last seek is on the screen. */
  get settled(): boolean {
    return this.engine !== undefined && this.target === undefined && !(this.video?.seeking ?? true)
  }

  /** due says whether there is footage of a moment, as far as anybody knows. */
  due(t: number): boolean {
    const found = this.find(t)
    return found ? !found.gap : this.lists(t)
  }

  /** resume is where footage goes on from a moment in a gap, ms; undefined when there is none ahead that is known. */
  resume(t: number): number | undefined {
    const placed = this.engine?.placed() ?? []
    const listed = placed.find(p => p.piece.at > t)?.piece.at
    const span = this.footage.next(t)
    const known = span && Math.max(span.from, t)
    return listed === undefined ? known : known === undefined ? listed : Math.min(listed, known)
  }

  /** ahead is how much of what is listed lies after a moment, s. */
  ahead(t: number): number {
    const placed = this.engine?.placed() ?? []
    return this.length(placed) - (mediaOf(placed, t)?.media ?? this.length(placed))
  }

  /** ready says whether the element can go on at once. */
  get ready(): boolean {
    return this.settled && (this.video?.readyState ?? 0) >= 3
  }

  /** seek goes to a moment and paints it. What is not loaded is fetched. */
  seek(t: number): void {
    this.asked ??= performance.now()
    const found = this.find(t)
    if (found && !found.gap) {
      this.goto(found.media)
      this.set({ ...this.view.peek(), state: this.view.peek().state === 'recorded' ? 'recorded' : 'loading', problem: undefined })
    } else if (this.footage.holds(t) || !this.footage.has(t)) void this.open(t)
    else this.rest(t, found)
  }

  /**
   * follow keeps the picture at the common clock: paused at its moment, or
   * running with it at `rate`. The one that leads sets the clock and is not corrected.
   */
  follow(t: number, running: boolean, rate: number, leads: boolean): void {
    const { video, engine } = this
    this.feed(t, rate)
    const problem = this.footage.problem.peek()
    if (problem && problem.status >= 400 && problem.status < 500 && problem.status !== 429) {
      this.close()
      this.set({ state: 'restricted', problem })
      return
    }
    const found = this.find(t)
    if (!found || found.gap) {
      if (!found && this.lists(t)) {
        this.waiting ??= performance.now()
        if (!this.soon(t)) void this.open(t)
        return
      }
      this.waiting = undefined
      if (!this.opening) this.rest(t, found)
      return
    }
    if (!video || !engine) return
    engine.pace(rate)
    const ready = this.ready
    if (ready) this.waiting = undefined
    else {
      this.waiting ??= performance.now()
      if (performance.now() - this.waiting > stuckAfter) {
        this.nudge()
        this.arrive(found.media)
      }
    }
    if (this.view.peek().state !== 'recorded' && this.settled && this.painted !== undefined) this.set({ state: 'recorded', at: this.painted })
    const off = (video.currentTime - found.media) // s ahead of the clock
    if (!running) {
      this.halt()
      if (!leads && this.settled && Math.abs(off) > same) this.goto(found.media)
      return
    }
    if (this.target === undefined) {
      if (leads) this.rate(rate)
      else if (Math.abs(off) > seekFrom * Math.max(1, rate) && this.settled) this.goto(found.media + 0.12 * rate)
      else this.rate(Math.abs(off) < trimFrom * Math.max(1, rate) ? rate : rate * (1 - Math.max(-0.4, Math.min(0.4, (off / Math.max(1, rate)) * 1.2))))
    }
    if (video.paused) video.play().catch(() => {})
  }

  /** halt stands still where it is. */
  halt(): void {
    if (this.video && !this.video.paused) this.video.pause()
  }

  /** stepTarget is the moment of the next frame, or of the one before, ms. */
  stepTarget(by: 1 | -1): number | undefined {
    const { video, engine } = this
    if (!video || !engine) return undefined
    const placed = engine.placed()
    const here = this.lastMedia ?? video.currentTime
    const to = here + (by > 0 ? 1.5 : -0.5) * this.frame
    if (to < (placed[0]?.start ?? 0) || to > this.length(placed)) return undefined
    return wallOf(placed, to)
  }

  /** retry begins anew where it failed. */
  retry(t: number): void {
    this.failures = 0
    this.empty = undefined
    this.close()
    void this.footage.again({ from: t - 60_000, to: t + 60_000 }).then(() => this.seek(t))
  }

  /** close lets go of all media: the right to it has ended, or it is not looked at. */
  close(): void {
    this.turn++
    this.opening = undefined
    this.engine?.dispose()
    this.engine = undefined
    this.reel?.dispose()
    this.reel = undefined
    this.target = undefined
    this.painted = undefined
    this.lastMedia = undefined
    this.uncover()
  }

  dispose(): void {
    this.attach(null)
    this.footage.dispose()
  }

  /** lists says whether it is worth while to ask for a moment. */
  private lists(t: number): boolean {
    const e = this.empty
    return this.footage.holds(t) && !(e && Math.abs(e.at - t) < 1000 && performance.now() < e.until)
  }

  /** soon says whether a moment lies so near behind the end of the list that it comes with what the list grows by. */
  private soon(t: number): boolean {
    const last = this.engine && this.reel?.pieces.at(-1)
    return last !== undefined && t >= end(last) && t < end(last) + tail
  }

  private length(placed: readonly Placed[]): number {
    const last = placed.at(-1)
    return last ? last.start + last.piece.seconds : 0
  }

  private find(t: number): Found | undefined {
    return this.engine && mediaOf(this.engine.placed(), t)
  }

  /** goto puts the element at a media second; what it shows until then is covered by what it showed. */
  private goto(media: number): void {
    const { video } = this
    if (!video) return
    this.target = media
    video.currentTime = media
  }

  /** nudge goes over a sliver without media: a list's lengths are rounded, and a seek may end just before what was fetched. */
  private nudge(): void {
    const { video } = this
    if (!video || video.seeking && video.readyState > 1) return
    const t = video.currentTime
    for (let i = 0; i < video.buffered.length; i++) {
      const start = video.buffered.start(i)
      if (start > t && start - t < sliver) {
        this.goto(start + 0.01)
        this.waiting = performance.now()
        return
      }
    }
  }

  /**
   * arrive ends a seek whose end was not seen: an element that stands still paints
   * nothing anew and tells nothing more. What is on the screen is taken, or gone to
   * once more where the element has come to lie elsewhere.
   */
  private arrive(media: number): void {
    const { video } = this
    if (!video || this.target === undefined || video.seeking || video.readyState < 2) return
    this.waiting = performance.now()
    if (Math.abs(video.currentTime - media) > same) {
      this.goto(media)
      return
    }
    this.target = media
    this.paint(this.onScreen(video.currentTime))
  }

  private rate(rate: number): void {
    const { video } = this
    if (!video) return
    const want = Math.min(16, Math.max(0.0625, rate))
    if (Math.abs(video.playbackRate - want) > 0.004) video.playbackRate = want
  }

  /** rest shows that there is nothing of this moment, and waits where footage goes on. */
  private rest(t: number, found: Found | undefined): void {
    this.halt()
    this.asked = undefined
    const problem = this.footage.problem.peek()
    if (this.view.peek().state === 'failed' || this.view.peek().state === 'unsupported') return
    if (problem) this.set({ state: 'failed', problem })
    else if (!this.footage.has(t) && t < this.footage.edge()) this.set({ state: 'loading' })
    else this.set({ state: t >= this.footage.edge() - 4000 ? 'ahead' : 'gap' })
    if (found?.gap && this.video && !this.video.seeking && Math.abs(this.video.currentTime - found.media) > same) this.video.currentTime = found.media
  }

  /** feed makes the list longer before it ends, and asks for what is being recorded at its newest end. */
  private feed(t: number, rate: number): void {
    const { reel, engine, video } = this
    if (!reel || !engine || !video || performance.now() - this.grew < growEvery) return
    const placed = engine.placed()
    const length = this.length(placed)
    const found = mediaOf(placed, t)
    const left = length - (found?.media ?? (t > (placed.at(-1)?.piece.at ?? 0) ? length : 0))
    if (left > growAt * Math.max(1, rate)) return
    this.grew = performance.now()
    void reel.grow().catch(() => {}).then(more => {
      if (more || this.reel !== reel) return
      // Nothing goes on from the end of the list: what comes after the gap, when that is near, is listed now.
      const last = reel.pieces.at(-1)
      const next = last && this.footage.next(last.at + last.seconds * 1000 + 1)
      if (next && last && next.from > last.at + last.seconds * 1000) void reel.grow(next.from).catch(() => {})
    })
  }

  private async open(t: number): Promise<void> {
    // What is being fetched reaches a while ahead: a clock that runs on meanwhile asks for nothing else.
    if (this.opening && t > this.opening.of - 60_000 && t < this.opening.of + 600_000) {
      this.opening.at = t
      return
    }
    const mine = ++this.turn
    const opening = { at: t, of: t }
    this.opening = opening
    const before = this.view.peek()
    if (before.state !== 'recorded' && before.state !== 'loading') this.set({ state: 'loading', at: before.at })
    const reel = new Reel({ camera: this.footage.camera, layer: this.footage.layer, now: () => this.footage.now() })
    try {
      const [start] = await Promise.all([this.start(), reel.open(t)])
      if (mine !== this.turn || !this.video) {
        reel.dispose()
        return
      }
      this.opening = undefined
      if (reel.pieces.length === 0) {
        // Coverage said otherwise: it was taken away meanwhile, or is not whole yet.
        this.empty = { at: t, until: performance.now() + again }
        reel.dispose()
        this.rest(t, undefined)
        void this.footage.again({ from: t - 60_000, to: t + 60_000 })
        return
      }
      this.hold()
      this.engine?.dispose()
      this.reel?.dispose()
      this.reel = reel
      this.painted = this.lastMedia = undefined
      this.empty = undefined
      const line = reel.pieces
      const found = mediaOf(inLine(line), opening.at) ?? { media: opening.at < (line[0]?.at ?? 0) ? 0 : Math.max(0, reel.seconds - 0.2), gap: false }
      this.engine = start(this.video, reel, found.media, { failed: (status, what) => this.failed(status, what, opening.at) })
      this.target = (this.engine.placed()[0]?.start ?? 0) + found.media
      if (this.view.peek().state !== 'loading') this.set({ state: 'loading', at: this.view.peek().at })
    } catch (e) {
      reel.dispose()
      if (mine !== this.turn) return
      this.opening = undefined
      const problem = asProblem(e)
      this.close()
      this.set({ state: problem.status >= 400 && problem.status < 500 ? 'restricted' : 'failed', problem })
    }
  }

  /** failed: rights may have ended, footage may have been removed by age, or the browser cannot show it. */
  private failed(status: number, what: 'network' | 'media', t: number): void {
    const at = this.wall() ?? t
    this.close()
    if (what === 'media') {
      this.set({ state: 'unsupported' })
      return
    }
    this.set({ state: 'failed', problem: new Problem({ status, code: status === 0 ? 'network' : 'internal' }) })
    void this.footage.again({ from: at - 60_000, to: at + 60_000 }).then(() => {
      if (this.footage.problem.peek() || ++this.failures > 3) return
      this.set({ state: 'loading' })
      this.seek(at)
    })
  }

  private frames(m: VideoFrameCallbackMetadata): void {
    const step = this.lastMedia === undefined ? 0 : m.mediaTime - this.lastMedia
    // At normal speed two frames that follow each other tell how long one lasts.
    if (step > 0.004 && step < 0.5 && this.video && !this.video.paused && this.video.playbackRate <= 1.3) {
      this.steps.push(step)
      if (this.steps.length > 24) this.steps.shift()
      // Some frames are never painted: their neighbours are further apart than one frame lasts.
      if (this.steps.length > 5) this.frame = [...this.steps].sort((a, b) => a - b)[this.steps.length >> 2] as number
    }
    this.paint(m.mediaTime)
  }

  private paint(media: number): void {
    const { video, engine } = this
    if (!video || !engine) return
    this.lastMedia = media
    const at = wallOf(engine.placed(), media)
    if (this.target !== undefined) {
      if (video.seeking || Math.abs(media - this.target) > Math.max(1.2 * this.frame, 0.25) + 0.05) return
      this.target = undefined
    }
    this.painted = at
    this.failures = 0
    this.uncover()
    if (this.asked !== undefined) {
      performance.measure('archive seek', { start: this.asked, end: performance.now(), detail: this.footage.camera })
      this.asked = undefined
    }
    this.set({ state: 'recorded', at })
  }

  /** onScreen is the media second of the frame that is on the screen when the element is at `media`, as far as it is known. */
  private onScreen(media: number): number {
    const last = this.lastMedia
    return last !== undefined && last <= media + 0.001 && media - last < 1.5 * this.frame ? last : media
  }

  private set(v: DeckView): void {
    const o = this.view.peek()
    if (o.state !== v.state || o.at !== v.at || o.problem !== v.problem) this.view.value = v
  }

  /** hold keeps what is on the screen as a picture until the next is there: the element forgets it. */
  private hold(): void {
    const { cover, video } = this
    if (!cover || !video || video.readyState < 2 || !video.videoWidth) return
    cover.width = Math.min(960, video.videoWidth)
    cover.height = Math.round((cover.width * video.videoHeight) / video.videoWidth)
    cover.getContext('2d')?.drawImage(video, 0, 0, cover.width, cover.height)
    cover.hidden = false
  }

  private uncover(): void {
    if (this.cover && !this.cover.hidden) this.cover.hidden = true
  }
}
