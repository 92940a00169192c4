import type { ServerMessage } from '../api/messages'
import { ServerClock } from './serverclock'
import { Socket } from './socket'

/** Listener is a part of the page that hears what the server says, a wall for one. */
export interface Listener {
  /** A connection is up, or up again: say everything anew. */
  up(): void
  message(m: ServerMessage): void
}

/** Page is what a page does about its connection, before its listeners hear of it. */
export interface Page extends Listener {
  /** The connection is down; `opened` tells a lost one from one that was refused. */
  down(opened: boolean): void
  /** The server said stop (close codes 4500-4999); it may be started again. */
  stop(code: number): void
}

/** Wire is the one socket of a tab, with the server's clock and everybody who listens. */
export class Wire {
  readonly clock = new ServerClock()
  private readonly listeners = new Set<Listener>()
  private socket: Socket | undefined
  private readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** start opens the socket for a page; nothing happens while it is open already. */
  start(page: Page): void {
    if (this.socket) return
    const socket = new Socket({
      url: this.path,
      onUp: () => {
        page.up()
        if (this.listeners.size === 0) socket.send({ type: 'hello' })
        for (const l of this.listeners) l.up()
      },
      onDown: opened => page.down(opened),
      onStop: code => {
        this.socket = undefined
        page.stop(code)
      },
      onMessage: m => {
        if (m.type === 'pong') this.clock.sample(m.t, Date.now(), m.server_time_ms, m.media_ms)
        page.message(m)
        for (const l of this.listeners) l.message(m)
      },
    })
    this.socket = socket
    socket.start()
  }

  stop(): void {
    this.socket?.stop()
    this.socket = undefined
  }

  /** listen adds a listener; if the connection is up, `up` is called now. Returns a stop function. */
  listen(l: Listener): () => void {
    this.listeners.add(l)
    if (this.socket?.up) l.up()
    return () => this.listeners.delete(l)
  }

  /** reached is for who knows otherwise that the server can be reached: a socket that waits tries now. */
  readonly reached = (): void => this.socket?.now()

  /** send says whether there was a connection to send on. */
  readonly send: Socket['send'] = m => this.socket?.send(m) ?? false
}
