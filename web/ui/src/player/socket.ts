import { parseMessage, type ClientMessage, type ServerMessage } from '../api/messages'
import { Backoff } from './backoff'

const pingEvery = 5000
const deafAfter = 15000

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
 * Socket is the one socket of a tab. It comes back by itself with growing,
 * jittered waits until the server says stop; what is said meanwhile is not
 * kept, since whoever speaks says everything again after onUp.
 */
export class Socket {
  private ws: WebSocket | undefined
  private stopped = true
  private retry: ReturnType<typeof setTimeout> | undefined
  private ping: ReturnType<typeof setInterval> | undefined
  private heard = 0
  private readonly backoff: Backoff
  private readonly config: SocketConfig

  constructor(config: SocketConfig) {
    this.config = config
    this.backoff = new Backoff(config.random)
  }

  get up(): boolean {
    return this.ws?.readyState === 1
  }

  start(): void {
    if (!this.stopped) return
    this.stopped = false
    addEventListener('online', this.now)
    document.addEventListener('visibilitychange', this.now)
    this.connect()
  }

  stop(): void {
    this.stopped = true
    removeEventListener('online', this.now)
    document.removeEventListener('visibilitychange', this.now)
    clearTimeout(this.retry)
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

  /** now ends a wait: the network is back, or somebody looks at the page again. */
  readonly now = (): void => {
    if (this.stopped || this.ws || document.visibilityState === 'hidden') return
    clearTimeout(this.retry)
    this.connect()
  }

  private connect(): void {
    const ws = new WebSocket(absolute(this.config.url))
    this.ws = ws
    let opened = false
    this.heard = Date.now()
    ws.onopen = () => {
      opened = true
      this.heard = Date.now()
      this.ping = setInterval(() => this.beat(ws), pingEvery)
      this.config.onUp()
      this.beat(ws)
    }
    ws.onmessage = e => {
      this.heard = Date.now()
      const m = typeof e.data === 'string' ? parseMessage(e.data) : null
      if (!m) return
      this.backoff.reset()
      this.config.onMessage(m)
    }
    ws.onclose = e => {
      if (this.ws !== ws) return
      this.gone(opened, e.code)
    }
  }

  private gone(opened: boolean, code: number): void {
    this.ws = undefined
    clearInterval(this.ping)
    if (this.stopped) return
    if (code >= 4500 && code <= 4999) {
      this.stop()
      this.config.onStop(code)
      return
    }
    this.retry = setTimeout(() => this.connect(), this.backoff.next())
    this.config.onDown(opened)
  }

  private beat(ws: WebSocket): void {
    if (Date.now() - this.heard >= deafAfter) {
      // A connection whose other end is gone may take minutes to close: leave it now.
      ws.onclose = null
      ws.close()
      this.gone(true, 4002)
      return
    }
    this.send({ type: 'ping', t: Date.now() })
  }
}

function absolute(url: string): string {
  if (/^wss?:/.test(url)) return url
  return `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}${url}`
}
