import type { TileState } from '../api/wire'
import { FreshnessClock } from './freshness'
import { Delay } from './delay'
import { watchFrames } from './frames'
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
  /** How long a frame takes from the server to the screen, ms, while the picture is live. */
  delay?: number
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
    this.now = config.now ?? (() => performance.now())
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
    this.stopFrames = watchFrames(video, (ts, shown) => this.frame(ts, shown))
    this.play()
  }

  /** setTrack binds the media of a mid; another track means that the picture so far is gone. */
  setTrack(track: MediaStreamTrack | undefined): void {
    if (this.track === track) return
    this.track = track
    this.forget()
    this.play()
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
    if (s.state === 'live' && this.server?.state !== 'live') this.since = this.now()
    if (s.first_ts !== this.server?.first_ts) this.delay.reset()
    // What the server held back begins anew: until its first frame it is on its way, not standing still.
    if (s.state === 'live' && this.server?.state === 'stalled') this.clock.reset()
    // A camera without a stream: what it shows is its newest image.
    if (s.state === 'image' && this.want.camera !== undefined && s.last_frame_at !== this.server?.last_frame_at) this.standIn?.renew(this.want.camera)
    this.server = s
    if (pictureOf(s.state) === 'none') {
      this.standIn?.drop()
      this.uncover('none')
    }
    else if (this.holds !== 'own') {
      if (s.state === 'offline' || s.state === 'reconnecting') this.uncover('none')
      // The media may have overtaken this message.
      else if (s.first_ts !== undefined && this.lastTS !== undefined && reached(this.lastTS, s.first_ts)) this.uncover('own')
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

  /** frame is called for every painted frame. */
  frame(ts: number | undefined, shown?: number): void {
    this.lastTS = ts
    const media = shown === undefined ? undefined : this.config.media?.(shown)
    if (ts !== undefined && media !== undefined && this.holds === 'own') this.delay.add(ts, media, this.server)
    if (this.holds !== 'own' && this.isOwn(ts)) this.uncover('own')
    else if (this.holds === 'own') this.clock.paint()
    else return
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

  private isOwn(ts: number | undefined): boolean {
    const s = this.server
    if (!s || pictureOf(s.state) === 'none') return false
    if (s.first_ts !== undefined && ts !== undefined) return reached(ts, s.first_ts)
    return s.state === 'live' || s.state === 'throttled'
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
      this.standIn?.drop()
      this.clock.paint()
      this.paintedAt = this.wall()
    }
    this.update()
  }

  private forget(): void {
    this.lastTS = undefined
    this.uncover('none')
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
    const state = this.holds === 'old' ? 'live' : this.computed()
    this.wantStill(state)
    const poster = this.holds === 'none' && pictureOf(state) !== 'none' ? this.standIn?.picture : undefined
    const picture = this.pictured(state, poster !== undefined)
    const at = (state === 'image' ? undefined : this.paintedAt) ?? poster?.at ?? time(this.server?.last_frame_at)
    const delay = state === 'live' && this.holds === 'own' ? this.delay.ms : undefined
    const v: TileView = { ...this.shownAs, state, picture, at, server: this.holds === 'old' ? undefined : this.server, poster, delay }
    const sign = `${v.camera}|${v.name}|${state}|${picture}|${at === undefined ? '' : Math.floor(at / 1000)}|${poster?.url ?? ''}|${JSON.stringify(v.server ?? null)}`
    if (sign === this.last) return
    this.last = sign
    this.config.onChange(v)
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
    const f = { server: this.server?.state, painted: this.clock.painted, since: this.since, connected: this.connected }
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
