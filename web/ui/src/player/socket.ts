import { parseMessage, type ClientMessage, type ServerMessage } from '../api/messages'
import { Probing } from './backoff'
import { elapsed } from './elapsed'

const pingEvery = 3000
/** A connection that has not said anything for so long is left, ms: every ping is answered. */
const deafAfter = 8000
/** How long one attempt may take, ms. */
const attemptFor = 4000
/**
 * On a line that opened quicker, so little: what a dead network has swallowed is
 * sent again by TCP after 1 and 3 s, a new attempt is sooner.
 */
const briefly = 1000
/** Every so manyth attempt may take its whole time: the line may be a slower one now. */
const patiently = 4
/** What must be heard within this after a network change or a sleep, ms. */
const proveWithin = 1500

export interface SocketConfig {
  /** Path on this host, or a whole ws: URL. */
  url: string
  onMessage(m: ServerMessage): void
  /** A connection is up; say hello first. */
  onUp(): void
  /** It is down. `opened` tells a lost connection from one that was refused. */
  onDown(opened: boolean): void
  /** The server said stop (close codes 4500-4999). There is no further attempt. */
  onStop(code: number): void
  random?: () => number
}

/**
 * Socket is the one socket of a tab. It comes back by itself, for a minute with
 * an attempt about every second and then ever later, until the server says stop; what is said meanwhile is not
 * kept, since whoever speaks says everything again after onUp.
 */
export class Socket {
  private ws: WebSocket | undefined
  private stopped = true
  private retry: ReturnType<typeof setTimeout> | undefined
  private ping: ReturnType<typeof setInterval> | undefined
  private limit: ReturnType<typeof setTimeout> | undefined
  private heard = 0
  private begun = 0
  private took: number | undefined // how long the last opening took
  private misses = 0 // attempts in a row that nobody answered
  private readonly probing: Probing
  private readonly config: SocketConfig

  constructor(config: SocketConfig) {
    this.config = config
    this.probing = new Probing(elapsed, config.random)
  }

  get up(): boolean {
    return this.ws?.readyState === 1
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    addEventListener('online', this.now)
    document.addEventListener('visibilitychange', this.now)
    document.addEventListener('resume', this.now)
    this.connect()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.now)
    document.removeEventListener('visibilitychange', this.now)
    document.removeEventListener('resume', this.now)
    clearTimeout(this.retry)
    clearTimeout(this.limit)
    clearInterval(this.ping)
    const ws = this.ws
    this.ws = undefined
    ws?.close(1000)
  }

  /** send says whether the message went out. */
  send(m: ClientMessage): boolean {
    if (!this.up) return false
    this.ws?.send(JSON.stringify(m))
    return true
  }

  /**
   * now ends a wait: the network is back, or somebody looks at the page again. A
   * connection from before must prove at once that it is still one.
   */
  readonly now = (): void => {
    if (this.stopped || document.visibilityState === 'hidden') return
    const { ws } = this
    if (!ws) {
      clearTimeout(this.retry)
      this.connect()
    } else if (ws.readyState === 0) {
      // Its first packets may have gone into a network that is no more.
      if (elapsed() - this.begun > 1000) this.leave(ws, 0)
    } else if (ws.readyState === 1) {
      this.beat(ws)
      if (this.ws === ws) this.prove(ws)
    }
  }

  private connect(): void {
    const ws = new WebSocket(absolute(this.config.url))
    this.ws = ws
    let opened = false
    this.heard = this.begun = elapsed()
    clearTimeout(this.limit)
    this.limit = setTimeout(() => { if (this.ws === ws && !opened) this.miss(ws) }, this.allowed())
    ws.onopen = () => {
      opened = true
      clearTimeout(this.limit)
      this.heard = elapsed()
      this.took = this.heard - this.begun
      this.misses = 0
      this.ping = setInterval(() => this.beat(ws), pingEvery)
      this.config.onUp()
      this.beat(ws)
    }
    ws.onmessage = e => {
      this.heard = elapsed()
      const m = typeof e.data === 'string' ? parseMessage(e.data) : null
      if (!m) return
      this.probing.reset()
      this.config.onMessage(m)
    }
    ws.onclose = e => {
      if (this.ws !== ws) return
      this.gone(opened, e.code)
    }
  }

  /** allowed is how long the next attempt may take, ms. */
  private allowed(): number {
    if (this.took === undefined || this.misses % patiently === patiently - 1) return attemptFor
    return Math.min(attemptFor, Math.max(briefly, 4 * this.took + 500))
  }

  /** miss ends an attempt that nobody answers; what it took is part of the wait for the next one. */
  private miss(ws: WebSocket): void {
    this.misses++
    const spent = elapsed() - this.begun
    this.leave(ws, Math.max(50 + 100 * (this.config.random ?? Math.random)(), this.probing.next() - spent))
  }

  /** leave gives a connection up whose other end does not answer: it may take minutes to close by itself. */
  private leave(ws: WebSocket, wait?: number): void {
    const opened = ws.readyState === 1
    ws.onclose = ws.onopen = ws.onmessage = null
    ws.close()
    this.gone(opened, 4002, wait)
  }

  private gone(opened: boolean, code: number, wait = this.probing.next()): void {
    this.ws = undefined
    clearInterval(this.ping)
    clearTimeout(this.limit)
    if (this.stopped) return
    if (code >= 4500 && code <= 4999) {
      this.stop()
      this.config.onStop(code)
      return
    }
    clearTimeout(this.retry)
    this.retry = setTimeout(() => this.connect(), wait)
    this.config.onDown(opened)
  }

  private beat(ws: WebSocket): void {
    if (elapsed() - this.heard >= deafAfter) this.leave(ws)
    else this.send({ type: 'ping', t: Date.now() })
  }

  private prove(ws: WebSocket): void {
    const asked = elapsed()
    clearTimeout(this.limit)
    this.limit = setTimeout(() => { if (this.ws === ws && this.heard < asked) this.leave(ws, 0) }, proveWithin)
  }
}

function absolute(url: string): string {
  if (/^wss?:/.test(url)) return url
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${url}`
}
