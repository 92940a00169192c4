import type { ViewingAPI } from '../api/api'
import type { ClientMessage, ServerMessage } from '../api/messages'
import { asProblem, type Problem } from '../api/problem'
import type { TileState, TileWant } from '../api/wire'
import { Backoff } from './backoff'
import { Peer } from './peer'

export interface ViewingConfig {
  api: ViewingAPI
  /** Sends on the tab's socket; false when it is down. */
  send(m: ClientMessage): boolean
  onTile(s: TileState): void
  onConnected(connected: boolean): void
  /** Tracks may have changed: ask track() again. */
  onTracks(): void
  /** Opening failed; it is tried again unless `final`. */
  onProblem(p: Problem | undefined, final: boolean): void
}

/** A connection that does not stand after this tries a detour, ms. */
const detourAfter = 4000

/**
 * Viewing is one viewing session: it opens it, keeps it told what to show, and
 * makes a new one when the server or the network has lost it. It survives a
 * lost socket: after the next hello the server sends one whole snapshot.
 */
export class Viewing {
  private peer: Peer | undefined
  private ready: { peer: Peer; size: number; sdp: Promise<string> } | undefined
  private id: string | undefined
  private tiles: TileWant[] = []
  private pool = 0
  private version = 0
  private opened = 0 // the version the server has
  private seq = 0
  private busy = false
  private running = false
  private sound: number | null = null
  private retry: ReturnType<typeof setTimeout> | undefined
  private servers: RTCIceServer[] = [] // what a connection begins with, once it could not do without
  private rescue: ReturnType<typeof setTimeout> | undefined
  private readonly backoff = new Backoff()
  private readonly config: ViewingConfig

  constructor(config: ViewingConfig) {
    this.config = config
  }

  /**
   * prepare makes the connection and its offer before it is known what to show:
   * what takes a tenth of a second is then done while lists load.
   */
  prepare(pool: number): void {
    if (this.ready || this.peer) return
    const peer = this.connection()
    const sdp = peer.offer(pool)
    sdp.catch(() => {}) // open says it
    this.ready = { peer, size: pool, sdp }
  }

  /** show sets the complete tile list; the pool grows to `pool` and never shrinks. */
  show(tiles: TileWant[], pool: number): void {
    this.tiles = tiles
    this.pool = Math.max(this.pool, pool)
    this.version++
    this.running = true
    this.push()
  }

  /** hear asks the server for the sound of one cell, or of none. */
  hear(cell: number | null): void {
    this.sound = cell
    if (this.id !== undefined) this.config.send({ type: 'sound', cell })
  }

  /** track is the media of a mid of the present connection. */
  track(mid: string | undefined): MediaStreamTrack | undefined {
    return this.peer?.track(mid)
  }

  get audio(): MediaStreamTrack | undefined {
    return this.peer?.audio
  }

  /** hello is called when the tab's socket is up. */
  hello(): void {
    if (this.id === undefined) {
      this.config.send({ type: 'hello' })
      return
    }
    this.config.send({ type: 'hello', viewing: this.id, seq: this.seq })
    if (this.opened !== this.version) this.push()
    if (this.sound !== null) this.config.send({ type: 'sound', cell: this.sound })
    this.config.send({ type: 'visible', visible: document.visibilityState !== 'hidden' })
  }

  /** receive handles what the server says about this viewing session. */
  receive(m: ServerMessage): void {
    switch (m.type) {
      case 'tile':
        this.seq = Math.max(this.seq, m.seq)
        this.state(m, m.version)
        break
      case 'tiles':
        this.seq = m.seq
        for (const s of m.tiles) this.state(s, m.version)
        break
      case 'viewing_gone':
        if (this.id !== undefined) this.again()
        break
      case 'link_removed':
        // The server has ended it already; the pictures go at once.
        this.running = false
        clearTimeout(this.retry)
        this.drop(false)
    }
  }

  /** close ends it for good. */
  close(): void {
    this.running = false
    clearTimeout(this.retry)
    this.ready?.peer.close()
    this.ready = undefined
    this.drop(true)
  }

  private state(s: TileState, version: number): void {
    // Without a camera's id only the version tells a late word about an earlier list.
    if (s.camera === undefined && version < this.version) return
    this.config.onTile(s)
  }

  private push(): void {
    if (this.busy) return
    if (this.id === undefined) {
      if (this.retry === undefined) void this.open()
    } else if (this.peer && this.peer.size < this.pool) void this.grow()
    else if (this.config.send({ type: 'tiles', version: this.version, tiles: this.tiles })) this.opened = this.version
  }

  private async open(): Promise<void> {
    this.busy = true
    const prepared = this.ready
    this.ready = undefined
    const fits = prepared !== undefined && prepared.size >= this.pool
    if (!fits) prepared?.peer.close()
    const peer = fits ? prepared.peer : this.connection()
    this.peer = peer
    const { version } = this
    try {
      const sdp = await (fits ? prepared.sdp : peer.offer(this.pool))
      const { tiles } = this
      const res = await this.config.api.open({ sdp, version, tiles })
      if (this.peer !== peer || !this.running) {
        peer.close()
        void this.config.api.close(res.id).catch(() => {})
        this.busy = false
        return
      }
      await peer.answer(res.sdp)
      this.id = res.id
      this.opened = version
      this.seq = 0
      this.config.onProblem(undefined, false)
      this.config.onTracks()
      for (const s of res.tiles) this.state(s, version)
      this.busy = false
      this.hello()
      const { ice_servers: servers } = res
      if (servers?.length && this.servers.length === 0) this.rescue = setTimeout(() => void this.detour(peer, servers), detourAfter)
    } catch (e) {
      this.busy = false
      if (this.peer !== peer) return
      this.failed(asProblem(e))
    }
  }

  /** detour tries TURN servers for a connection that does not come; the next ones begin with them. */
  private async detour(peer: Peer, servers: RTCIceServer[]): Promise<void> {
    if (this.peer !== peer || this.id === undefined || peer.connected || this.busy) return
    this.servers = servers
    this.busy = true
    try {
      const res = await this.config.api.renegotiate(this.id, await peer.detour(servers))
      if (this.peer === peer) await peer.answer(res.sdp)
    } catch {
      // The connection's own end says it.
    }
    this.busy = false
    if (this.opened !== this.version) this.push()
  }

  private connection(): Peer {
    const peer: Peer = new Peer({
      onState: s => {
        if (this.peer !== peer) return
        if (s === 'connected') {
          this.backoff.reset()
          this.config.onConnected(true)
        } else this.again()
      },
    }, this.servers)
    return peer
  }

  private async grow(): Promise<void> {
    const { peer, id } = this
    if (!peer || id === undefined) return
    this.busy = true
    try {
      const res = await this.config.api.renegotiate(id, await peer.offer(this.pool))
      if (this.peer === peer) {
        await peer.answer(res.sdp)
        this.config.onTracks()
      }
    } catch {
      this.busy = false
      if (this.peer === peer) this.again()
      return
    }
    this.busy = false
    this.push()
  }

  private failed(p: Problem): void {
    const final = p.status === 401 || p.status === 403 || p.status === 410
    this.drop(false)
    this.config.onProblem(p, final)
    if (!final) this.later(Math.max(this.backoff.next(), (p.retryAfter ?? 0) * 1000))
  }

  // A new session after the old one is gone; a little apart from everybody else's.
  private again(): void {
    this.drop(true)
    if (this.running) this.later(this.backoff.attempt === 0 ? 100 + Math.random() * 400 : this.backoff.next())
    this.backoff.attempt ||= 1
  }

  private later(ms: number): void {
    clearTimeout(this.retry)
    this.retry = setTimeout(() => {
      this.retry = undefined
      if (this.running) void this.open()
    }, ms)
  }

  private drop(tell: boolean): void {
    clearTimeout(this.rescue)
    const { id, peer } = this
    this.id = undefined
    this.peer = undefined
    peer?.close()
    this.config.onConnected(false)
    this.config.onTracks()
    if (tell && id !== undefined) void this.config.api.close(id).catch(() => {})
  }
}
