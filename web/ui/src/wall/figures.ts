/** What the browser counts of one tile's pictures at one moment. */
export interface Counted {
  at: number
  bytes: number
  packets: number
  lost: number
  frames: number
  /** ms */
  jitter: number | undefined
  /** ms */
  trip: number | undefined
  width: number
  height: number
  codec: string | undefined
}

/** What happened between two moments. */
export interface Figures {
  codec: string | undefined
  width: number
  height: number
  fps: number
  bits: number
  /** Share of packets, 0 to 1. */
  loss: number
  jitter: number | undefined
  trip: number | undefined
}

interface Row {
  type: string
  id: string
  timestamp: number
  [key: string]: unknown
}

const number = (v: unknown): number | undefined => (typeof v === 'number' && Number.isFinite(v) ? v : undefined)

/** count reads a report (W3C webrtc-stats); undefined where it has no pictures. */
export function count(report: ReadonlyMap<string, unknown>): Counted | undefined {
  const rows = [...report.values()] as Row[]
  const rtp = rows.find(r => r.type === 'inbound-rtp' && r.kind === 'video')
  if (!rtp) return undefined
  const codec = report.get(String(rtp.codecId)) as Row | undefined
  const transport = rows.find(r => r.type === 'transport')
  const pair = (report.get(String(transport?.selectedCandidatePairId)) ?? rows.find(r => r.type === 'candidate-pair' && r.nominated === true)) as Row | undefined
  const jitter = number(rtp.jitter)
  const trip = number(pair?.currentRoundTripTime)
  return {
    at: rtp.timestamp,
    bytes: number(rtp.bytesReceived) ?? 0,
    packets: number(rtp.packetsReceived) ?? 0,
    lost: number(rtp.packetsLost) ?? 0,
    frames: number(rtp.framesDecoded) ?? 0,
    jitter: jitter === undefined ? undefined : jitter * 1000,
    trip: trip === undefined ? undefined : trip * 1000,
    width: number(rtp.frameWidth) ?? 0,
    height: number(rtp.frameHeight) ?? 0,
    codec: codecName(codec),
  }
}

function codecName(c: Row | undefined): string | undefined {
  const mime = typeof c?.mimeType === 'string' ? c.mimeType : ''
  const name = mime.split('/')[1]
  if (!name) return undefined
  const profile = /profile-level-id=([0-9a-f]{6})/i.exec(String(c?.sdpFmtpLine ?? ''))?.[1]
  return profile && /h264/i.test(name) ? `${name} ${profile}` : name
}

/** between is what happened from one moment to another; undefined when another stream took the place meanwhile. */
export function between(a: Counted, b: Counted): Figures | undefined {
  const s = (b.at - a.at) / 1000
  if (s <= 0 || b.bytes < a.bytes || b.frames < a.frames) return undefined
  const lost = Math.max(0, b.lost - a.lost)
  const all = lost + Math.max(0, b.packets - a.packets)
  return {
    codec: b.codec, width: b.width, height: b.height,
    fps: (b.frames - a.frames) / s,
    bits: ((b.bytes - a.bytes) * 8) / s,
    loss: all === 0 ? 0 : lost / all,
    jitter: b.jitter, trip: b.trip,
  }
}
