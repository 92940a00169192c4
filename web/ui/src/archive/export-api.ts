import { send } from '../api/http'
import { Problem } from '../api/problem'
import type { ID, Time } from '../api/wire'
import type { Layer } from './api'

export type ExportState = 'ready' | 'waiting' | 'running' | 'failed'

/** Why a stretch of time is not in the file. */
export type LeftReason = 'no_footage' | 'before_access' | 'outside_hours' | 'too_new' | 'key_frame' | 'codec_changed' | 'closed'

export interface Left {
  from: Time
  to: Time
  reason: LeftReason
}

/** A file of footage that this person asked for. */
export interface Export {
  id: ID
  name: string
  camera: ID
  camera_name: string
  layer: Layer
  from: Time
  to: Time
  seconds: number
  bytes: number
  gaps: number
  left_out: Left[]
  /** For another file: the camera's codec changed. */
  rest?: { from: Time; to: Time }
  watermark: boolean
  state: ExportState
  progress: number
  error?: string
  url: string
  created: Time
  expires: Time
  requests: number
}

export interface ExportLimits {
  longest_s: number
  /** 0: this server makes no watermarks. */
  watermark_s: number
  /** Below 0: no limit. */
  day_s: number
  day_left_s: number
  day_bytes: number
  day_left_bytes: number
}

export interface ExportLook {
  bytes: number
  seconds: number
  from: Time | null
  to: Time | null
  gaps: number
  left_out: Left[]
  limits: ExportLimits
}

const id = encodeURIComponent
const iso = (ms: number): string => new Date(ms).toISOString()
const of = (camera: ID): string => `/api/v1/cameras/${id(camera)}/archive/exports`

export const exportsAPI = {
  look: (camera: ID, from: number, to: number, layer: Layer, signal?: AbortSignal) =>
    send<ExportLook>('GET', `${of(camera)}?${new URLSearchParams({ from: iso(from), to: iso(to), layer })}`, undefined, { signal }),
  make: (camera: ID, from: number, to: number, layer: Layer, watermark: boolean) =>
    send<Export>('POST', of(camera), { from: iso(from), to: iso(to), layer, watermark }),
  list: () => send<{ exports: Export[]; limits: ExportLimits }>('GET', '/api/v1/exports'),
  remove: (x: ID) => send<void>('DELETE', `/api/v1/exports/${id(x)}`),
}

/**
 * take has the browser save an export's file. It asks for the first byte itself:
 * a browser that is refused a file says nothing of why.
 */
export async function take(x: Pick<Export, 'url' | 'name'>): Promise<void> {
  let res: Response
  try {
    res = await fetch(x.url, { headers: { Range: 'bytes=0-0', 'X-Sightline': '1' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
  } catch {
    throw new Problem({ status: 0, code: 'network' })
  }
  if (!res.ok) {
    const p = (await res.json().catch(() => ({}))) as { code?: string; detail?: string; retry_after_s?: number }
    throw new Problem({ status: res.status, code: p.code ?? 'internal', detail: p.detail ?? '', ...(p.retry_after_s !== undefined && { retryAfter: p.retry_after_s }) })
  }
  await res.body?.cancel()
  const a = document.createElement('a')
  a.href = x.url
  a.download = x.name
  a.click()
}
