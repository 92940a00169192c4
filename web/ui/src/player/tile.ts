import type { TileState } from '../api/wire'
import { elapsed } from './elapsed'
import { FreshnessClock } from './freshness'
import { arrival, Delay } from './delay'
import { keepPlaying, lastFrame, watchFrames } from './frames'
import { StandIn, type FetchStill, type Still } from './standin'
import { reached } from './rtp'
import { pictureOf, shownState, type Picture, type Shown } from './state'

/** How long the old picture and name may stand in for a camera that does not come. */
const coverFor = 1000

/** What a tile looks like now. `at` is the wall-clock time of the newest painted frame, ms. */
export interface TileView {
  camera: string | undefined
  name: string
  state: Shown
  picture: Picture
  at: number | undefined
  server: TileState | undefined
  /** A still that stands in where nothing of this camera has been painted. */
  poster?: Still
  /** How old the picture is, ms, while it is live: from the server to the screen, and the camera's own part where that is known. */
  delay?: number
  /** The camera's own part of it. */
  cameraDelay?: number
}

export interface TileConfig {
  onChange(v: TileView): void
  /** Monotonic ms; tests set it. */
  now?: () => number
  /** Server wall clock, ms. */
  wall?: () => number
  /** The server's media clock at a performance.now() reading. */
  media?: (at: number) => number | undefined
  /** Gets a still of a camera; without it there are none. */
  still?: FetchStill
}

/** A picture that comes within this needs no still before it, ms. */
const stillAfter = 350

/**
 * Tile joins one cell's three stories: what is wanted, what the server says,
 * and what the browser paints. Name and picture change together: after a swap
 * the old pair stays until a frame at or after the new source's first RTP
 * timestamp is on the screen, at most a second. Framework-free.
 */
export class Tile {
  private want: { camera: string | undefined; name: string } = { camera: undefined, name: '' }
  private shownAs = { camera: undefined as string | undefined, name: '' }
  /** Whose picture the video element holds: nobody's, the wanted camera's, or the one before. */
  private holds: 'none' | 'own' | 'old' = 'none'
  /** Whether a picture of the wanted camera was shown before. */
  private seen = false
  private server: TileState | undefined
  private since: number
  private connected = false
  private lastTS: number | undefined
  private paintedAt: number | undefined
  private cover: ReturnType<typeof setTimeout> | undefined
  private settle: ReturnType<typeof setTimeout> | undefined
  private readonly clock: FreshnessClock
  private readonly config: TileConfig
  private readonly now: () => number
  private readonly wall: () => number
  private video: HTMLVideoElement | undefined
  private stopFrames: (() => void) | undefined
  private track: MediaStreamTrack | undefined
  private last = ''
  private readonly delay = new Delay()
  private readonly standIn: StandIn | undefined

  constructor(config: TileConfig) {
    this.config = config
    this.now = config.now ?? elapsed
    this.wall = config.wall ?? (() => Date.now())
    this.since = this.now()
    this.clock = new FreshnessClock(() => this.update(), this.now)
    this.standIn = config.still && new StandIn(config.still, () => this.update())
  }

  /** attach gives the tile its video element, or takes it away (null). */
  attach(video: HTMLVideoElement | null): void {
    this.stopFrames?.()
    this.stopFrames = undefined
    this.video = video ?? undefined
    if (!video) return
    const stops = [watchFrames(video, (ts, shown) => this.frame(ts, shown)), keepPlaying(video)]
    this.stopFrames = () => { for (const stop of stops) stop() }
    this.play()
  }

  /**
   * setTrack binds the media of a mid. Without one the connection is lost: the
   * last picture stays, dimmed, until another track has something to show.
   */
  setTrack(track: MediaStreamTrack | undefined): void {
    if (this.track === track) return
    if (this.holds === 'own' && this.track) this.remember()
    this.track = track
    this.lastTS = undefined
    this.clock.reset()
    if (track === undefined && this.holds === 'own') this.lose()
    else {
      this.uncover('none')
      this.play()
    }
    this.update()
  }

  /** setWant names what the cell is to show. Another camera covers the tile until its first frame. */
  setWant(camera: string | undefined, name: string): void {
    if (camera === this.want.camera) {
      this.want = { camera, name }
      if (this.holds !== 'old') this.shownAs = this.want
      this.update()
      return
    }
    this.want = { camera, name }
    this.server = undefined
    this.seen = false
    this.standIn?.drop()
    this.since = this.now()
    if (this.holds !== 'none' && camera !== undefined && this.clock.fresh) {
      this.holds = 'old'
      clearTimeout(this.cover)
      this.cover = setTimeout(() => this.uncover('none'), coverFor)
    } else {
      this.uncover('none')
    }
    this.update()
  }

  /** setServer takes the server's word about the wanted camera; words about another one are dropped. */
  setServer(s: TileState): void {
    if (s.camera !== undefined && s.camera !== this.want.camera) return
    const before = this.server
    this.server = s
    if (s.state === 'live' && before?.state !== 'live') {
      this.since = this.now()
      // What stood still begins anew: until its first frame it is on its way.
      if (!this.clock.fresh) this.clock.reset()
    }
    if (s.first_ts !== before?.first_ts) {
      this.delay.reset()
      // What is on the screen came before: it says nothing about the stream that begins here.
      if (this.holds === 'own' && s.first_ts !== undefined && !(this.lastTS !== undefined && this.isOwn(this.lastTS))) this.clock.reset()
    }
    // What the server held back, or let through one by one, is not the present.
    if (s.state === 'live' && (before?.state === 'stalled' || before?.state === 'throttled')) this.clock.reset()
    // A camera without a stream: what it shows is its newest image.
    if (s.state === 'image' && this.want.camera !== undefined && s.last_frame_at !== before?.last_frame_at) this.standIn?.renew(this.want.camera)
    if (pictureOf(s.state) === 'none') {
      this.standIn?.drop()
      this.seen = false
      this.uncover('none')
    }
    else if (this.holds !== 'own') {
      if (s.state === 'offline' || s.state === 'reconnecting') this.uncover('none')
      // The media may have overtaken this message.
      else if (s.first_ts !== undefined && this.lastTS !== undefined && this.isOwn(this.lastTS)) this.uncover('own')
    }
    this.update()
  }

  /** setConnected says whether the peer connection carries media. */
  setConnected(connected: boolean): void {
    if (this.connected === connected) return
    this.connected = connected
    if (connected) this.since = this.now()
    this.update()
  }

  /** setVisible says whether the page can be seen. What was painted before it was hidden is not the present when it is shown again. */
  setVisible(visible: boolean): void {
    this.clock.reset()
    if (visible) this.since = this.now()
    this.update()
  }

  /** look computes the state anew: time may have passed that no timer saw. */
  look(): void {
    this.update()
  }

  /** clear takes the picture away, whatever it is: the right to it has ended. */
  clear(): void {
    this.standIn?.drop()
    this.seen = false
    this.uncover('none')
    this.play()
  }

  /** frame is called for every painted frame. */
  frame(ts: number | undefined, shown?: number): void {
    if (ts !== undefined && ts === this.lastTS) return
    this.lastTS = ts
    const media = shown === undefined ? undefined : this.config.media?.(shown)
    if (!this.isOwn(ts, media)) {
      if (this.holds === 'old') this.clock.paint()
      return
    }
    if (this.holds !== 'own') this.uncover('own')
    else this.clock.paint()
    if (ts !== undefined && media !== undefined) this.delay.add(ts, media, this.server)
    this.paintedAt = this.wall()
    this.update()
  }

  dispose(): void {
    this.attach(null)
    this.clock.reset()
    clearTimeout(this.cover)
    clearTimeout(this.settle)
    this.standIn?.drop()
    this.config.onChange = () => {}
  }

  /** isOwn says whether a frame is of the stream the server speaks of. A connection lives longer than the 6 h in which a bare timestamp tells before from after. */
  private isOwn(ts: number | undefined, media = this.config.media?.(performance.now())): boolean {
    const s = this.server
    if (!s || pictureOf(s.state) === 'none') return false
    if (s.first_ts === undefined || ts === undefined) return s.state === 'live' || s.state === 'throttled'
    if (reached(ts, s.first_ts)) return true
    return s.first_ms !== undefined && media !== undefined && arrival(ts, media, s.first_ts, s.first_ms) > s.first_ms - 1
  }

  /** lose: the connection is gone, and with it what the server said of what it sends. */
  private lose(): void {
    const s = this.server?.state
    if (s === 'live' || s === 'connecting' || s === 'stalled' || s === 'throttled') this.server = undefined
    this.since = this.now()
  }

  /** remember keeps the last frame as an image: the element forgets it with its next track. */
  private remember(): void {
    const { video, standIn, paintedAt } = this
    const { camera } = this.want
    if (!video || !standIn || camera === undefined || paintedAt === undefined || pictureOf(this.computed()) === 'none') return
    void lastFrame(video).then(blob => {
      if (blob && this.seen && this.want.camera === camera && !this.clock.fresh) standIn.put(camera, blob, paintedAt)
    })
  }

  private uncover(holds: 'none' | 'own'): void {
    clearTimeout(this.cover)
    this.cover = undefined
    this.holds = holds
    this.shownAs = this.want
    this.clock.reset()
    this.delay.reset()
    this.paintedAt = undefined
    if (holds === 'own') {
      this.seen = true
      this.standIn?.drop()
      this.clock.paint()
      this.paintedAt = this.wall()
    }
    this.update()
  }

  private play(): void {
    const v = this.video
    if (!v) return
    v.srcObject = this.track ? new MediaStream([this.track]) : null
    // Muted video may always start; a refusal (element taken away meanwhile) is answered by the next attach.
    if (this.track) v.play().catch(() => {})
  }

  /** update tells the listener when what a person sees has changed, at most once a second for the clock alone. */
  private update(): void {
    const state = this.holds === 'old' && this.clock.fresh ? 'live' : this.computed()
    this.wantStill(state)
    const poster = this.holds === 'none' && pictureOf(state) !== 'none' ? this.standIn?.picture : undefined
    const picture = this.pictured(state, poster !== undefined)
    const delay = state === 'live' && this.holds === 'own' ? this.delay.ms : undefined
    const cameraDelay = delay === undefined ? undefined : this.server?.camera_ms
    const v: TileView = {
      ...this.shownAs, state, picture, at: this.taken(state, poster), server: this.holds === 'old' ? undefined : this.server, poster,
      delay: delay === undefined ? undefined : delay + (cameraDelay ?? 0), cameraDelay,
    }
    const sign = `${v.camera}|${v.name}|${state}|${picture}|${v.at === undefined ? '' : Math.floor(v.at / 1000)}|${poster?.url ?? ''}|${JSON.stringify(v.server ?? null)}`
    if (sign === this.last) return
    this.last = sign
    this.config.onChange(v)
  }

  /** taken is when what is shown was the present. A camera that is away may have its last pictures played: they are not newer for that. */
  private taken(state: Shown, poster: Still | undefined): number | undefined {
    const told = time(this.server?.last_frame_at)
    const at = (state === 'image' ? undefined : this.paintedAt) ?? poster?.at
    if (at === undefined || told === undefined) return at ?? told
    return state === 'offline' || state === 'reconnecting' || state === 'throttled' ? Math.min(at, told) : at
  }

  /** pictured: a still is never shown as if it were the present. */
  private pictured(state: Shown, still: boolean): Picture {
    if (this.holds !== 'none') return pictureOf(state)
    if (!still) return 'none'
    return pictureOf(state) === 'full' && state !== 'image' ? 'dim' : pictureOf(state)
  }

  /** wantStill asks for a still where no picture of the camera comes, and not before the server let it in. */
  private wantStill(state: Shown): void {
    const { camera } = this.want
    if (this.holds !== 'none' || camera === undefined || this.server === undefined || !stillStates.has(state)) return
    this.standIn?.ask(camera, state === 'offline' || state === 'reconnecting' || state === 'image' ? 0 : stillAfter)
  }

  private computed(): Shown {
    const f = { server: this.server?.state, painted: this.clock.painted, since: this.since, connected: this.connected, seen: this.seen }
    const s = shownState(f, this.now())
    // A tile that waits for its first frame is looked at again when waiting becomes standing still.
    clearTimeout(this.settle)
    if (s === 'connecting') this.settle = setTimeout(() => this.update(), 5050)
    return s
  }
}

/** States in which the last still says more than an empty tile. */
const stillStates: ReadonlySet<Shown> = new Set<Shown>(['connecting', 'stalled', 'reconnecting', 'offline', 'frozen', 'throttled', 'image'])

function time(s: string | undefined): number | undefined {
  const ms = s ? Date.parse(s) : Number.NaN
  return Number.isNaN(ms) ? undefined : ms
}
