import { signal, type Signal } from '@preact/signals'
import type { ClientMessage, ServerMessage, SteerState } from '../api/messages'

/** A speed: each -1 to 1; pan to the right, tilt up and zoom in are positive. */
export interface Velocity {
  pan: number
  tilt: number
  zoom: number
}

/** The server stops a camera it hears nothing of for 0.8 s. */
const repeatEvery = 250
/** A hand that draws circles must not flood the socket. */
const changeEvery = 100

export interface SteerConfig {
  camera: string
  send(m: ClientMessage): boolean
}

/**
 * Steer holds one camera for one tab. While a direction is held it is said again
 * and again; when it is let go, or the page is left, stop is said. What is not
 * said in time the server takes for stop, so nothing here has to be trusted.
 */
export class Steer {
  readonly state: Signal<SteerState>
  /** There is no connection: the server has stopped the camera. */
  readonly lost = signal(false)
  /** What is held now. */
  readonly held = signal<Velocity | undefined>(undefined)
  private timer: ReturnType<typeof setInterval> | undefined
  private soon: ReturnType<typeof setTimeout> | undefined
  private saidAt = 0
  private readonly config: SteerConfig

  constructor(config: SteerConfig) {
    this.config = config
    this.state = signal<SteerState>({ camera: config.camera, moving: false })
    addEventListener('blur', this.release)
    addEventListener('pagehide', this.release)
    document.addEventListener('visibilitychange', this.hidden)
  }

  /** up: a connection is there, or there again. */
  readonly up = (): void => {
    this.lost.value = false
    this.state.value = { camera: this.config.camera, moving: false }
    this.config.send({ type: 'ptz', camera: this.config.camera, watch: true })
  }

  readonly message = (m: ServerMessage): void => {
    if (m.type !== 'ptz' || m.ptz.camera !== this.config.camera) return
    this.state.value = m.ptz
    if (m.ptz.ended || m.ptz.reason !== undefined) this.forget()
  }

  /** hold begins a movement or changes it. */
  hold(v: Velocity): void {
    if (v.pan === 0 && v.tilt === 0 && v.zoom === 0) {
      this.release()
      return
    }
    const first = this.held.peek() === undefined
    this.held.value = v
    if (first) {
      this.say()
      this.timer = setInterval(() => this.say(), repeatEvery)
      return
    }
    const wait = this.saidAt + changeEvery - performance.now()
    if (wait <= 0) this.say()
    else this.soon ??= setTimeout(() => this.say(), wait)
  }

  /** release stops what is held. */
  readonly release = (): void => {
    if (this.held.peek() === undefined) return
    this.forget()
    this.lost.value = !this.config.send({ type: 'ptz', camera: this.config.camera, stop: true })
  }

  /** go moves to a position that the camera keeps, or home. */
  go(preset: string | undefined): void {
    this.forget()
    this.lost.value = !this.config.send({ type: 'ptz', camera: this.config.camera, ...(preset === undefined ? { home: true } : { preset }) })
  }

  close(): void {
    removeEventListener('blur', this.release)
    removeEventListener('pagehide', this.release)
    document.removeEventListener('visibilitychange', this.hidden)
    this.release()
    this.config.send({ type: 'ptz', camera: this.config.camera, watch: false })
  }

  private readonly hidden = (): void => {
    if (document.visibilityState === 'hidden') this.release()
  }

  /** forget lets go without a word. */
  private forget(): void {
    clearInterval(this.timer)
    clearTimeout(this.soon)
    this.soon = undefined
    this.held.value = undefined
  }

  private say(): void {
    clearTimeout(this.soon)
    this.soon = undefined
    const move = this.held.peek()
    if (!move) return
    this.saidAt = performance.now()
    if (this.config.send({ type: 'ptz', camera: this.config.camera, move })) return
    this.forget()
    this.lost.value = true
  }
}

/** toward is the speed of a hand on the pad: x to the right and y down from its middle, 1 at its edge. */
export function toward(x: number, y: number): Velocity {
  const r = Math.hypot(x, y)
  if (r < 0.16) return { pan: 0, tilt: 0, zoom: 0 }
  const speed = Math.min(1, r) / r
  // Straight is meant where it is nearly straight.
  const straight = (a: number, b: number): number => (Math.abs(a) < Math.abs(b) * 0.25 ? 0 : Math.round(a * speed * 100) / 100)
  return { pan: straight(x, y), tilt: straight(-y, x) || 0, zoom: 0 }
}

/** byKeys is the speed of the arrows and zoom keys that are down. */
export function byKeys(keys: ReadonlySet<string>, fast: boolean): Velocity {
  const s = fast ? 1 : 0.5
  const axis = (plus: string[], minus: string[]): number => (plus.some(k => keys.has(k)) ? s : 0) - (minus.some(k => keys.has(k)) ? s : 0)
  return { pan: axis(['ArrowRight'], ['ArrowLeft']), tilt: axis(['ArrowUp'], ['ArrowDown']), zoom: axis(['+', '='], ['-', '−']) }
}
