import { send } from '../api/http'
import type { LinkVisit } from '../api/sharing'
import type { ID, Time } from '../api/wire'

/** What guests of share links have used: the answers of the API in its own names (wire.ts). */

export type UseState = 'normal' | 'near' | 'throttled'

/** One budget of a link: pieces, or seconds for viewing. */
export interface Bar {
  used: number
  budget: number
  state: UseState
  /** When what is used frees, the first first, if nothing more is used. */
  frees?: { n: number; at: Time }[]
}

export interface Bars {
  users: Bar
  gallery_updates: Bar
  viewer_seconds: Bar
}

export interface LinkUsage extends Bars {
  state: UseState
  /** Addresses seen in the window, at most 256. */
  addresses: number
  more_addresses: boolean
  /** The window by the clock, oldest first; the first and the last are cut by it. People count in each hour they came. */
  hours: { at: Time; to: Time; users: number; gallery_updates: number; viewer_minutes: number }[]
  /** When budgets were used up in the window; null: it lasts. */
  throttled: { budget: keyof Bars; from: Time; to: Time | null }[]
  window_s: number
  server_time: Time
}

/** One guest's session; the address is never whole, and "" once it was dropped. */
export interface Visit extends LinkVisit {
  viewing_seconds?: number
  gallery_updates?: number
  /** Has one of the places that get live video. */
  slot?: boolean
  /** Gets a still a minute now. */
  throttled?: boolean
  blocked_until?: Time
}

export interface Block {
  id: ID
  ip_masked: string
  until: Time
}

export interface LinkUse extends Bars {
  id: ID
  name: string
  state: UseState
}

/** All links of an account together; totals have no limit but the one on what is sent. */
export interface AccountUsage {
  links: LinkUse[]
  totals: { users: number; addresses: number; gallery_updates: number; viewer_seconds: number }
  /** Live video of one's cameras sent to anybody; sub: the small picture only, stills: one a minute. */
  egress: { used_bytes: number; budget_bytes: number | null; state: 'normal' | 'near' | 'sub' | 'stills'; until?: Time }
  window_s: number
  server_time: Time
}

/** One setting that limits something on this server. */
export interface Limit {
  key: string
  value: string
  default: string
  unit?: 'duration' | 'bytes' | 'percent'
  /** English: the words of the program's own help. */
  help: string
}

const v1 = '/api/v1'
const id = encodeURIComponent
const link = (l: ID): string => `${v1}/links/${id(l)}`

export const usage = {
  account: () => send<AccountUsage>('GET', `${v1}/me/usage`),
  link: (l: ID) => send<LinkUsage>('GET', `${link(l)}/usage`),
  /** 200 a page, last seen first. */
  visits: (l: ID, after?: ID) => send<{ visits: Visit[]; next?: ID }>('GET', `${link(l)}/visits${after ? `?after=${id(after)}` : ''}`),
  stop: (l: ID, visit: ID) => send<unknown>('POST', `${link(l)}/visits/${id(visit)}/stop`, {}),
  /** The whole address; that it was shown is logged. */
  address: (l: ID, visit: ID) => send<{ ip: string }>('POST', `${link(l)}/visits/${id(visit)}/address`, {}),
  blocks: (l: ID) => send<{ blocks: Block[] }>('GET', `${link(l)}/blocks`),
  block: (l: ID, visit: ID) => send<Block>('POST', `${link(l)}/blocks`, { visit }),
  unblock: (l: ID, block: ID) => send<unknown>('DELETE', `${link(l)}/blocks/${id(block)}`),
  limits: () => send<{ limits: Limit[] }>('GET', `${v1}/instance/limits`),
}
