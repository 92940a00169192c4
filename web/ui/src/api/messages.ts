import { layerWhys, serverStates, visitStates, type ServerState, type TileState, type VisitState } from './wire'

/** What the browser says on the socket. */
export type ClientMessage =
  | { type: 'hello'; viewing?: string; seq?: number }
  | { type: 'tiles'; version: number; tiles: { cell: number; camera?: string; still?: number; px: number; focus: boolean }[] }
  | { type: 'sound'; cell: number | null }
  | { type: 'input' }
  | { type: 'visible'; visible: boolean }
  | { type: 'continue' }
  | { type: 'try_now'; cell: number }
  | ({ type: 'ptz'; camera: string } & ({ watch: boolean } | { move: { pan: number; tilt: number; zoom: number } } | { stop: true } | { preset: string } | { home: true }))
  | { type: 'ping'; t: number }

/** What the server says on it. */
export type ServerMessage =
  | { type: 'hello'; node: string; server_time: string }
  | ({ type: 'tile'; viewing?: string; seq: number; version: number } & TileState)
  | { type: 'tiles'; viewing?: string; seq: number; version: number; tiles: TileState[] }
  | { type: 'viewing_gone'; viewing?: string }
  | { type: 'badges'; offers: number; notices: number }
  | { type: 'changed'; what: string }
  | { type: 'visit'; state: VisitState; reason?: string; since?: string; until?: string }
  | { type: 'link_removed' }
  | { type: 'pong'; t: number; server_time_ms: number; media_ms?: number }
  | { type: 'draining' }
  | { type: 'ptz'; ptz: SteerState }

/** What is told of a camera while this tab has it in hand. */
export interface SteerState {
  camera: string
  moving: boolean
  /** Who steers; the name is empty where one does not learn it. */
  by?: { name: string; mine: boolean }
  /** Why the last command was not obeyed, or the right is gone. */
  reason?: string
  ended?: boolean
}

type Fields = Record<string, unknown>

/**
 * parseMessage reads one text message. It gives null for what it does not know
 * (a newer server may say more) and for what is broken; it never throws.
 */
export function parseMessage(text: string): ServerMessage | null {
  let m: unknown
  try {
    m = JSON.parse(text)
  } catch {
    return null
  }
  if (!isFields(m)) return null
  switch (m.type) {
    case 'hello':
      return { type: 'hello', node: str(m.node) ?? '', server_time: str(m.server_time) ?? '' }
    case 'tile': {
      const tile = parseTile(m)
      return tile && { type: 'tile', viewing: str(m.viewing), seq: num(m.seq) ?? 0, version: num(m.version) ?? 0, ...tile }
    }
    case 'tiles': {
      if (!Array.isArray(m.tiles)) return null
      const tiles = m.tiles.map(t => (isFields(t) ? parseTile(t) : null)).filter(t => t !== null)
      return { type: 'tiles', viewing: str(m.viewing), seq: num(m.seq) ?? 0, version: num(m.version) ?? 0, tiles }
    }
    case 'viewing_gone':
      return { type: 'viewing_gone', viewing: str(m.viewing) }
    case 'link_removed':
    case 'draining':
      return { type: m.type }
    case 'badges':
      return { type: 'badges', offers: num(m.offers) ?? 0, notices: num(m.notices) ?? 0 }
    case 'changed':
      return { type: 'changed', what: str(m.what) ?? '' }
    case 'visit': {
      const state = visitStates.find(s => s === m.state)
      return state ? { type: 'visit', state, reason: str(m.reason), since: str(m.since), until: str(m.until) } : null
    }
    case 'ptz': {
      const p = isFields(m.ptz) ? m.ptz : {}
      const camera = str(p.camera)
      if (camera === undefined) return null
      const by = isFields(p.by) ? { name: str(p.by.name) ?? '', mine: p.by.mine === true } : undefined
      return { type: 'ptz', ptz: { camera, moving: p.moving === true, by, reason: str(p.reason), ended: p.ended === true || undefined } }
    }
    case 'pong': {
      const t = num(m.t)
      const at = num(m.server_time_ms)
      return t === undefined || at === undefined ? null : { type: 'pong', t, server_time_ms: at, media_ms: num(m.media_ms) }
    }
  }
  return null
}

/** parseTile reads one tile's state, or null when it names no cell or no state that exists. */
export function parseTile(m: Fields): TileState | null {
  const cell = num(m.cell)
  const state: ServerState | undefined = serverStates.find(s => s === m.state)
  if (cell === undefined || !state) return null
  const layer = m.layer === 'sub' || m.layer === 'main' ? m.layer : undefined
  return {
    cell, state, layer, layer_why: layerWhys.find(w => w === m.layer_why),
    camera: str(m.camera), mid: str(m.mid), reason: str(m.reason), name: str(m.name), sound: str(m.sound),
    until: str(m.until), next: str(m.next), since: str(m.since),
    retry_at: str(m.retry_at), last_frame_at: str(m.last_frame_at),
    first_ts: num(m.first_ts), first_ms: num(m.first_ms), camera_ms: num(m.camera_ms), attempt: num(m.attempt),
  }
}

function isFields(v: unknown): v is Fields {
  return typeof v === 'object' && v !== null && !Array.isArray(v)
}

function str(v: unknown): string | undefined {
  return typeof v === 'string' && v !== '' ? v : undefined
}

function num(v: unknown): number | undefined {
  return typeof v === 'number' && Number.isFinite(v) ? v : undefined
}
