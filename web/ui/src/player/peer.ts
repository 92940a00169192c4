export interface PeerConfig {
  /**
   * connected: media flows; weak: nothing is heard of the other end, which a new
   * way there may mend; lost: make a new one. Called at most once with lost.
   */
  onState(s: 'connected' | 'weak' | 'lost'): void
}

/**
 * Peer is the one peer connection of a viewing session: a pool of receive-only
 * video transceivers and one for sound. The browser always offers, and does not
 * wait for its own candidates: the server learns them from the first packets.
 */
export class Peer {
  private readonly pc: RTCPeerConnection
  private readonly config: PeerConfig
  private closed = false
  private videos = 0
  private end: (e: Error) => void = () => {}
  private readonly ended = new Promise<never>((_, no) => { this.end = no })

  constructor(config: PeerConfig, iceServers: RTCIceServer[] = []) {
    this.config = config
    this.ended.catch(() => {})
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceServers })
    this.pc.onconnectionstatechange = () => this.changed()
  }

  /** How many video transceivers there are. */
  get size(): number {
    return this.videos
  }

  /** A browser never settles what was under way when its connection was closed; this fails then. */
  private alive<T>(step: Promise<T>): Promise<T> {
    return Promise.race([step, this.ended])
  }

  /** offer makes the pool at least `videos` large and gives the SDP to send. */
  async offer(videos: number): Promise<string> {
    const first = this.videos === 0
    while (this.videos < videos) {
      prefer(this.pc.addTransceiver('video', { direction: 'recvonly' }))
      this.videos++
    }
    if (first) this.pc.addTransceiver('audio', { direction: 'recvonly' })
    await this.alive(this.pc.setLocalDescription(await this.alive(this.pc.createOffer())))
    return this.pc.localDescription?.sdp ?? ''
  }

  /** detour makes an offer of the same connection by way of TURN servers. */
  async detour(iceServers: RTCIceServer[]): Promise<string> {
    this.pc.setConfiguration({ bundlePolicy: 'max-bundle', rtcpMuxPolicy: 'require', iceServers })
    return this.restart()
  }

  /** restart makes an offer of the same connection by whatever way there is now. */
  async restart(): Promise<string> {
    this.pc.restartIce()
    return this.offer(0)
  }

  /** received is how many bytes of media have come so far. */
  async received(): Promise<number> {
    let bytes = 0
    ;(await this.pc.getStats()).forEach((s: { type: string; bytesReceived?: number }) => {
      if (s.type === 'inbound-rtp') bytes += s.bytesReceived ?? 0
    })
    return bytes
  }

  /** weak is a connection that stood and from whose other end nothing is heard. */
  get weak(): boolean {
    return this.pc.connectionState === 'disconnected' || this.pc.connectionState === 'failed'
  }

  get connected(): boolean {
    return this.pc.connectionState === 'connected'
  }

  async answer(sdp: string): Promise<void> {
    await this.alive(this.pc.setRemoteDescription({ type: 'answer', sdp }))
  }

  /** track is what a mid carries; undefined for an unknown mid. */
  track(mid: string | undefined): MediaStreamTrack | undefined {
    if (mid === undefined) return undefined
    return this.pc.getTransceivers().find(t => t.mid === mid)?.receiver.track
  }

  /** report is what the browser counts of a mid, with the path it came by. */
  async report(mid: string | undefined): Promise<RTCStatsReport | undefined> {
    const receiver = mid === undefined ? undefined : this.pc.getTransceivers().find(t => t.mid === mid)?.receiver
    return receiver?.getStats().catch(() => undefined)
  }

  /** audio is the one sound track. */
  get audio(): MediaStreamTrack | undefined {
    return this.pc.getTransceivers().find(t => t.receiver.track.kind === 'audio')?.receiver.track
  }

  close(): void {
    this.closed = true
    this.pc.onconnectionstatechange = null
    this.pc.close()
    this.end(new Error('the connection is closed'))
  }

  private changed(): void {
    switch (this.pc.connectionState) {
      case 'connected':
        this.config.onState('connected')
        break
      case 'disconnected':
        this.config.onState('weak')
        break
      case 'failed':
      case 'closed':
        this.lose()
    }
  }

  private lose(): void {
    if (this.closed) return
    this.close()
    this.config.onState('lost')
  }
}

/**
 * prefer leaves in the offer what this server may send: a browser offers some
 * forty formats a place, and writing and reading them all takes longer than
 * the first picture does.
 */
function prefer(t: RTCRtpTransceiver): void {
  if (typeof RTCRtpReceiver === 'undefined' || typeof t.setCodecPreferences !== 'function') return
  const ours = RTCRtpReceiver.getCapabilities('video')?.codecs.filter(playable) ?? []
  if (!ours.some(c => /h26[45]$/i.test(c.mimeType))) return
  try {
    t.setCodecPreferences(ours)
  } catch {
    // The whole list does as well.
  }
}

function playable(c: { mimeType: string; sdpFmtpLine?: string }): boolean {
  const type = c.mimeType.toLowerCase()
  if (type === 'video/h264') return /packetization-mode=1/.test(c.sdpFmtpLine ?? '')
  return type === 'video/h265' || type === 'video/rtx'
}
