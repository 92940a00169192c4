import { send } from '../api/http'
import type { ID, Time } from '../api/wire'
import type { Schedule } from '../share/schedule'

export type Mode = 'off' | 'continuous' | 'schedule' | 'notice'
export type Layer = 'main' | 'sub'

/** How a camera is recorded. */
export interface Policy {
  mode: Mode
  layer: Layer
  hours?: Schedule
  pre_roll_s: number
  post_roll_s: number
  /** 0: no limit. */
  keep_days: number
  keep_bytes: number
  sound: boolean
}

export interface Recording {
  policy: Policy
  version: number
  status: {
    recording: boolean
    since?: Time
    /** Code of why it should record and does not. */
    error?: string
    sound?: string
    bytes: number
    oldest?: Time
    newest?: Time
    disk?: string
    gaps: number
  }
  available: boolean
  /** The server that records, where it is another one: it alone knows the status. */
  node?: string
}

export type Sensitivity = 'off' | 'low' | 'medium' | 'high'

/** How a stream is watched for movement; by: what tells, 'rate' where the server decodes no pictures. */
export interface Motion {
  sensitivity: Sensitivity
  by: 'pictures' | 'rate'
}

export interface Hook {
  /** "" while there is none. */
  key: string
  url: string
}

const at = (id: ID, what: string): string => `/api/v1/cameras/${encodeURIComponent(id)}/${what}`

export const recording = {
  get: (id: ID) => send<Recording>('GET', at(id, 'recording')),
  change: (id: ID, version: number, policy: Policy) => send<Recording>('PUT', at(id, 'recording'), { policy, version }),
  motion: (id: ID) => send<Motion>('GET', at(id, 'motion')),
  setMotion: (id: ID, sensitivity: Sensitivity) => send<Motion>('PUT', at(id, 'motion'), { sensitivity }),
  hook: (id: ID) => send<Hook>('GET', at(id, 'hook')),
  newHook: (id: ID) => send<Hook>('POST', at(id, 'hook')),
  removeHook: (id: ID) => send<void>('DELETE', at(id, 'hook')),
}
