/**
 * What the server says, in its own names (snake_case). Times are RFC 3339 UTC
 * strings, ids are 26 characters. Only messages that steer the player are
 * checked field by field (messages.ts); answers to requests are trusted to have
 * their documented shape, as both come from one program of one version.
 */

export type ID = string
export type Time = string

export type Theme = 'system' | 'dark' | 'light'
export type Registration = 'closed' | 'invite' | 'open'

export interface Status {
  setup_required: boolean
  registration: Registration
  mail: boolean
  version: string
  insecure_http: boolean
  languages: string[]
}

export interface Account {
  id: ID
  email: string
  email_verified: boolean
  name: string
  language: string
  zone: string
  theme: Theme
  shortcuts: boolean
  /** Whether others find this person by name or part of the e-mail. */
  discoverable?: boolean
  /** Whether a mail comes too when what guests may use of a link is nearly or all used. */
  usage_mails?: boolean
  plan: string
  instance_admin: boolean
}

export interface Me {
  account: Account
  badges: { offers: number; notices: number }
  login_id: ID
  server_time: Time
}

export type LayerStatus = 'idle' | 'connecting' | 'live' | 'reconnecting' | 'offline'

export interface LayerState {
  status: LayerStatus
  reason?: string
  since?: Time
  last_frame_at?: Time
  attempt?: number
  next_at?: Time
  codec?: string
  profile?: string
  width?: number
  height?: number
  fps?: number
  bits_per_second?: number
  key_interval_s?: number
}

export type Transport = 'tcp' | 'udp'

export interface CameraSource {
  main: string
  sub: string
  user: string
  has_password: boolean
  transport: Transport | ''
  fingerprint: string
  /** Address of its ONVIF device service, or empty. */
  onvif: string
}

export interface Camera {
  id: ID
  name: string
  kind: 'rtsp' | 'still'
  zone: string
  mine: boolean
  owner: { id: ID; name: string }
  order: number
  enabled: boolean
  sound: boolean
  shared?: boolean
  access: { allowed: boolean; reason: string; until?: Time; next?: Time }
  /** Whether a frame of it may be kept as a file. */
  snapshot?: boolean
  /** Whether it may be steered. */
  ptz?: boolean
  /** Whether its recordings may be seen now. */
  archive?: boolean
  aspect?: number
  source?: CameraSource
  state?: { layers?: { main?: LayerState; sub?: LayerState }; audio?: boolean }
}

export interface CameraDraft {
  kind?: 'rtsp' | 'still'
  name: string
  main?: string
  sub?: string
  user?: string
  password?: string
  transport?: Transport
  fingerprint?: string
  onvif?: string
  zone: string
  sound?: boolean
  enabled?: boolean
}

export interface Probe {
  ok: boolean
  codec?: string
  profile?: string
  width?: number
  height?: number
  fps?: number
  key_interval_s?: number
  audio?: string
  error?: { code: string; detail: string }
}

export interface View {
  id: ID
  name: string
  rows: number
  columns: number
  layout?: 'grid' | '1+5'
  cells: ViewCell[]
  default_for?: ('desktop' | 'phone')[]
  version: number
}

export interface ViewCell {
  camera?: ID
  any?: number
}

export interface Link {
  id: ID
  kind: 'share' | 'temporary'
  name: string
  cameras: { id: ID; name: string }[]
  state: string
  created_at: Time
  watching: number
  last_opened_at?: Time
  starts?: Time
  ends?: Time
  has_password?: boolean
  max_viewers?: number
  sound?: boolean
  note?: string
  /** When the state began. */
  since?: Time
  url: string
}

/** Of a kiosk: a screen that shows a view and may do nothing else. */
export interface LoginKiosk {
  name: string
  /** Absent: all cameras. */
  view?: ID
  /** Its address was not opened yet. */
  waits: boolean
  ends_at?: Time
  patrol_s: number
}

export interface Login {
  id: ID
  current: boolean
  browser: string
  ip: string
  created_at: Time
  last_seen_at: Time
  kiosk?: LoginKiosk
}

export interface Token {
  id: ID
  name: string
  created_at: Time
  last_used_at?: Time
  expires_at?: Time
}

export interface Instance {
  registration: Registration
  networks: string[]
  loopback_cameras: boolean
  mail: { configured: boolean; host?: string }
  store: 'bolt' | 'redis'
  version: string
  public_url: string
}

export interface InstanceAccount {
  id: ID
  email: string
  name: string
  plan: string
  state: 'active' | 'suspended'
  created_at: Time
  cameras: number
  instance_admin: boolean
}

export interface Invitation {
  id: ID
  email: string
  expires_at: Time
  url?: string
  mailed?: boolean
}

/** The server's half of a tile's state; of "stalled" it says only what it does on purpose. */
export const serverStates = [
  'connecting', 'live', 'reconnecting', 'offline', 'off', 'closed', 'restricted',
  'ended', 'throttled', 'frozen', 'unsupported', 'image', 'stalled',
] as const
export type ServerState = (typeof serverStates)[number]

/** Why a tile has the layer it has. */
export const layerWhys = ['size', 'focus', 'tiles', 'bandwidth', 'only', 'starting', 'asked', 'budget'] as const
export type LayerWhy = (typeof layerWhys)[number]

export interface TileState {
  cell: number
  camera?: ID
  mid?: string
  state: ServerState
  reason?: string
  until?: Time
  next?: Time
  first_ts?: number
  /** first_ts on the server's media clock, ms. */
  first_ms?: number
  /** How long the camera itself takes from capture to the server, ms; absent where that cannot be known. */
  camera_ms?: number
  layer?: 'sub' | 'main'
  layer_why?: LayerWhy
  attempt?: number
  retry_at?: Time
  since?: Time
  last_frame_at?: Time
  name?: string
  sound?: string
}

/** What one cell wants; px is its width in device pixels. */
export interface TileWant {
  cell: number
  camera?: ID
  still?: number
  px: number
  focus: boolean
  /** Begun before it is seen: the sub layer, first to give way. */
  warm?: boolean
}

export interface Opened {
  id: ID
  sdp: string
  tiles: TileState[]
  /** TURN servers, for who does not get through without. */
  ice_servers?: RTCIceServer[]
}

export const visitStates = ['not_yet', 'live', 'paused', 'ended', 'password_required', 'throttled'] as const
export type VisitState = (typeof visitStates)[number]

export interface Visit {
  state: VisitState
  reason?: string
  since?: Time
  until?: Time
  name: string
  owner_name: string
  language: string
  zone: string
  cameras: { id: ID; name: string; aspect?: number }[]
  sound: boolean
  /** Whether the link has a gallery. */
  gallery?: boolean
  /** The owner's words to his guests. */
  note?: string
  server_time: Time
}
