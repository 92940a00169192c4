import { send } from './http'
import type { Time } from './wire'

export type DiskState = 'ok' | 'disk_full' | 'disk_failed'

/** A folder of recordings; sizes in bytes. */
export interface Disk {
  path: string
  state: DiskState
  /** Of a state that is not ok. */
  since?: Time
  /** The system's words for it, in English. */
  cause?: string
  slow: boolean
  /** It could not be opened at the start. */
  absent: boolean
  /** All its footage is counted. */
  listed: boolean
  free: number
  total: number
  bytes: number
  oldest?: Time
  reserve: number
  /** 0: none. */
  limit: number
  /** What may come before the oldest footage goes. */
  room: number
}

export interface Bucket {
  name: string
  state: DiskState
  since?: Time
  cause?: string
  bytes: number
  waiting: number
  oldest?: Time
}

/** Where one server keeps recordings and images. */
export interface Storage {
  server: string
  available: boolean
  /** The server that records, where it is another one. */
  node?: string
  recording: number
  wanted: number
  /** Times footage was lost since the start. */
  gaps: number
  disks: Disk[]
  bucket?: Bucket
  images: { kind: 'disk' | 's3'; state: DiskState; free?: number; reserve: number }
}

export const storage = {
  get: () => send<Storage>('GET', '/api/v1/instance/storage'),
}
