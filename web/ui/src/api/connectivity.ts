import { send } from './http'
import type { ID } from './wire'

/** How one way between this browser and the server did. */
export const pairCodes = ['in_use', 'works', 'handshake', 'one_way', 'no_answer', 'untried', 'not_dialed'] as const
export type PairCode = (typeof pairCodes)[number]

export interface Pair {
  local: string
  remote: string
  protocol: string
  kind: string
  code: PairCode
  says: string
  checks_sent: number
  checks_answered: number
  checks_arrived: number
  rtt_seconds?: number
}

export interface Connectivity {
  state: 'connecting' | 'connected' | 'closed'
  says: string
  offered: string[]
  hidden: number
  pairs: Pair[]
}

export const connectivity = {
  begin: (sdp: string) => send<{ id: ID; sdp: string; ice_servers?: RTCIceServer[] }>('POST', '/api/v1/connectivity', { sdp }),
  report: (test: ID) => send<Connectivity>('GET', `/api/v1/connectivity/${encodeURIComponent(test)}`),
}
