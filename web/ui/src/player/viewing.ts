import type { ViewingAPI } from '../api/api'
import type { ClientMessage, ServerMessage } from '../api/messages'
import { asProblem, Problem } from '../api/problem'
import type { TileState, TileWant } from '../api/wire'
import { Backoff } from './backoff'
import { elapsed } from './elapsed'
import { Peer } from './peer'

export interface ViewingConfig {
  api: ViewingAPI
  /** Sends on the tab's socket; false when it is down. */
  send(m: ClientMessage): boolean
  onTile(s: TileState): void
  onConnected(connected: boolean): void
  /** Tracks may have changed: ask track() again. */
  onTracks(): void
  /** The server answered after it could not be reached: whoever waits for it may try now. */
  onReached?(): void
  /** Opening failed; it is tried again unless `final`. */
  onProblem(p: Problem | undefined, final: boolean): void
}

/** A connection that does not stand after this tries a detour, ms. */
const detourAfter = 4000
/** How long the server may take to answer an offer, ms: what got lost in a dead network is asked again. */
const answerWithin = 5000
/** A connection that was mended must stand again after this, ms, else another one is made. */
const mendWithin = 4000
/** Between two looks whether anything still comes, ms. */
const silence = 700

/**
 * Viewing is one viewing session: it opens it, keeps it told what to show, and
 * makes a new one when the server or the network has lost it. It survives a
 * lost socket: after the next hello the server sends one whole snapshot. It
 * survives a change of network too: the same connection takes another way.
 * However many tiles there are, one offer at a time is on its way.
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
  private mending: ReturnType<typeof setTimeout> | undefined
  private mended = Number.NEGATIVE_INFINITY // when it was tried last
  private asking: AbortController | undefined // an offer that waits for its answer
  private asked = 0 // since when
  private reached = Number.NEGATIVE_INFINITY // when the server was last known to answer
  private notBefore = 0 // the server asked to wait until then
  private frozen = new Set<number>() // cells the server froze
  private parked = false // frozen, and the session is gone: nobody watches
  private ghost: string | undefined // a session that may not know that it has ended
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

  /** report is what the browser counts of a mid; asked for only while somebody looks at it. */
  report(mid: string | undefined): Promise<RTCStatsReport | undefined> {
    return this.peer?.report(mid) ?? Promise.resolve(undefined)
  }

  get audio(): MediaStreamTrack | undefined {
    return this.peer?.audio
  }

  /** hello is called when the tab's socket is up: the server can be reached. */
  hello(): void {
    this.exorcise()
    this.reached = elapsed()
    // A question that went into a network that is no more is asked again.
    if (this.reached - this.asked > 1000) this.asking?.abort()
    if (this.id === undefined) {
      this.config.send({ type: 'hello' })
      this.hurry()
      return
    }
    if (this.peer?.weak) this.mend()
    this.config.send({ type: 'hello', viewing: this.id, seq: this.seq })
    if (this.opened !== this.version) this.push()
    if (this.sound !== null) this.config.send({ type: 'sound', cell: this.sound })
    this.config.send({ type: 'visible', visible: document.visibilityState !== 'hidden' })
  }

  /**
   * check looks whether the connection still carries anything: after a sleep, a
   * change of network, or when pictures stand. If not, it takes another way.
   */
  async check(): Promise<void> {
    const { peer } = this
    if (!peer || this.id === undefined) {
      this.hurry()
      return
    }
    if (!peer.connected && !peer.weak) return // it is on its way
    if (peer.connected) {
      const before = await peer.received()
      await new Promise(r => setTimeout(r, silence))
      if (this.peer !== peer || await peer.received() > before) return
    }
    this.mend()
  }

  /** resume ends a freeze; false when the session must be told so. */
  resume(): boolean {
    if (!this.parked) return false
    this.parked = false
    this.frozen.clear()
    this.push()
    return true
  }

  /** reopen begins again after close: the page was put away and is back. */
  reopen(): void {
    if (this.running || this.tiles.length === 0) return
    this.running = true
    this.push()
  }

  /** receive handles what the server says about this viewing session. */
  receive(m: ServerMessage): void {
    if ('viewing' in m && m.viewing !== undefined && m.viewing !== this.id) return
    switch (m.type) {
      case 'tile':
        this.seq = Math.max(this.seq, m.seq)
        this.state(m, m.version)
        break
      case 'tiles':
        this.seq = m.seq
        this.frozen.clear()
        for (const s of m.tiles) this.state(s, m.version)
        break
      case 'viewing_gone':
        if (this.id !== undefined) this.again()
        break
      case 'link_removed':
        // The server has ended it already; the pictures go at once.
        this.running = false
        this.wait(undefined)
        this.drop(false)
    }
  }

  /** close ends it for good. */
  close(): void {
    this.running = this.parked = false
    this.wait(undefined)
    this.ready?.peer.close()
    this.ready = undefined
    this.drop(true)
  }

  private state(s: TileState, version: number): void {
    // Without a camera's id only the version tells a late word about an earlier list.
    if (s.camera === undefined && version < this.version) return
    if (s.state === 'frozen') this.frozen.add(s.cell)
    else this.frozen.delete(s.cell)
    this.config.onTile(s)
  }

  private push(): void {
    if (this.busy || this.parked) return
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
      const res = await this.ask(signal => this.config.api.open({ sdp, version, tiles }, signal))
      if (this.peer !== peer || !this.running) {
        peer.close()
        void this.config.api.close(res.id).catch(() => {})
        this.busy = false
        if (this.running) this.push()
        return
      }
      await peer.answer(res.sdp)
      this.id = res.id
      this.opened = version
      this.seq = 0
      this.config.onProblem(undefined, false)
      this.config.onTracks()
      this.frozen.clear()
      for (const s of res.tiles) this.state(s, version)
      this.busy = false
      this.hello()
      const { ice_servers: servers } = res
      if (servers?.length && this.servers.length === 0) this.rescue = setTimeout(() => void this.detour(peer, servers), detourAfter)
    } catch (e) {
      this.busy = false
      if (this.peer === peer) this.failed(asProblem(e))
      else if (this.running) this.push()
    }
  }

  /** detour tries TURN servers for a connection that does not come; the next ones begin with them. */
  private async detour(peer: Peer, servers: RTCIceServer[]): Promise<void> {
    if (this.peer !== peer || this.id === undefined || peer.connected || this.busy) return
    this.servers = servers
    await this.renew(peer, () => peer.detour(servers))
  }

  /** mend looks for another way for the same connection. */
  private mend(): void {
    const { peer } = this
    if (!peer || this.id === undefined || this.busy) return
    clearTimeout(this.mending)
    const soon = this.mended + 1500 - elapsed()
    if (soon > 0) {
      this.mending = setTimeout(() => { if (this.peer === peer && peer.weak) this.mend() }, soon)
      return
    }
    this.mended = elapsed()
    void this.renew(peer, () => peer.restart()).then(answered => {
      if (this.peer !== peer) return
      clearTimeout(this.mending)
      this.mending = setTimeout(() => {
        if (this.peer !== peer || peer.connected) return
        // It was answered and does not stand: the server's end may be another one. Not answered: the network is not back.
        if (answered) this.again()
        else this.mend()
      }, answered ? mendWithin : this.soon(1000 + Math.random() * 1000))
    })
  }

  /** renew takes a further offer of the same connection to the server; whether it was answered. */
  private async renew(peer: Peer, offer: () => Promise<string>): Promise<boolean> {
    const { id } = this
    if (id === undefined) return false
    this.busy = true
    let answered = false
    let gone = false
    try {
      const sdp = await offer()
      const res = await this.ask(signal => this.config.api.renegotiate(id, sdp, signal))
      this.config.onReached?.()
      if (this.peer === peer) await peer.answer(res.sdp)
      answered = true
    } catch (e) {
      gone = asProblem(e).status === 404
      if (gone) {
        this.reached = elapsed() // it answers: there is nothing to wait for
        this.config.onReached?.()
      }
    }
    this.busy = false
    if (this.peer !== peer) {
      if (this.running) this.push()
      return false
    }
    if (gone) this.again()
    else if (this.opened !== this.version) this.push()
    return answered
  }

  /** ask bounds how long an answer may take. */
  private async ask<T>(request: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const asking = new AbortController()
    this.asking = asking
    this.asked = elapsed()
    const timer = setTimeout(() => asking.abort(), answerWithin)
    try {
      return await request(asking.signal)
    } catch (e) {
      if (asking.signal.aborted) throw new Problem({ status: 0, code: 'network' })
      throw e
    } finally {
      clearTimeout(timer)
      if (this.asking === asking) this.asking = undefined
    }
  }

  private connection(): Peer {
    const peer: Peer = new Peer({
      onState: s => {
        if (this.peer !== peer) return
        if (s === 'lost') this.again()
        else {
          if (s === 'connected') this.backoff.reset()
          this.config.onConnected(s === 'connected')
          if (s === 'weak') this.mend()
        }
      },
    }, this.servers)
    return peer
  }

  private async grow(): Promise<void> {
    const { peer, id } = this
    if (!peer || id === undefined) return
    this.busy = true
    try {
      const sdp = await peer.offer(this.pool)
      const res = await this.ask(signal => this.config.api.renegotiate(id, sdp, signal))
      if (this.peer === peer) {
        await peer.answer(res.sdp)
        this.config.onTracks()
      }
    } catch {
      this.busy = false
      if (this.peer === peer) this.again()
      else if (this.running) this.push()
      return
    }
    this.busy = false
    this.push()
  }

  private failed(p: Problem): void {
    const final = p.status === 401 || p.status === 403 || p.status === 410
    this.drop(false)
    this.config.onProblem(p, final)
    if (final) return
    const asked = (p.retryAfter ?? 0) * 1000
    this.notBefore = asked > 0 ? elapsed() + asked : 0
    this.wait(asked > 0 ? Math.max(this.backoff.next(), asked) : this.soon(this.backoff.next()))
  }

  // A new session after the old one is gone; a little apart from everybody else's.
  private again(): void {
    this.parked = this.frozen.size > 0
    this.drop(true)
    if (this.running && !this.parked) this.wait(this.backoff.attempt === 0 ? this.soon(100 + Math.random() * 400) : this.backoff.next())
    this.backoff.attempt ||= 1
  }

  /** soon shortens a wait for the network when it has just come back. */
  private soon(ms: number): number {
    return elapsed() - this.reached < 500 ? Math.random() * 150 : ms
  }

  /** hurry ends a wait: the server can be reached again. A wait that it asked for stays. */
  private hurry(): void {
    if (this.retry === undefined || elapsed() < this.notBefore) return
    this.wait(Math.random() * 150)
  }

  private wait(ms: number | undefined): void {
    clearTimeout(this.retry)
    this.retry = ms === undefined ? undefined : setTimeout(() => {
      this.retry = undefined
      if (this.running && !this.busy) void this.open()
    }, ms)
  }

  private drop(tell: boolean): void {
    clearTimeout(this.rescue)
    clearTimeout(this.mending)
    this.mended = Number.NEGATIVE_INFINITY
    const { id, peer } = this
    this.id = undefined
    this.peer = undefined
    peer?.close()
    this.config.onConnected(false)
    this.config.onTracks()
    if (!tell || id === undefined) return
    this.config.api.close(id).catch(e => { if (asProblem(e).status === 0) this.ghost = id })
  }

  /** exorcise ends a session that could not be told its end: it would count as one more screen. */
  private exorcise(): void {
    const { ghost } = this
    this.ghost = undefined
    if (ghost !== undefined && ghost !== this.id) void this.config.api.close(ghost).catch(() => {})
  }
}
