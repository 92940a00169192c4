import type { Schedule } from '../share/schedule'
import type { GrantState, GroupCamera, Level, Person, Right, SharedGroup } from './access'
import { send } from './http'
import type { ID, Time } from './wire'

/** What is offered and received, groups, and what one has given: the answers of the API in its own names (wire.ts). */

const v1 = '/api/v1'
const id = encodeURIComponent

interface Named {
  id: ID
  name: string
}

export type Role = SharedGroup['role']
export const roles: readonly Role[] = ['administrator', 'member', 'viewer']

export interface Offer {
  grant_id: ID
  camera: Named
  owner: Named
  state: GrantState
  levels: Level[]
  rights?: Right[]
  schedule?: Schedule
  zone: string
  until?: Time
  message?: string
  offered_at?: Time
}

export const offers = {
  list: () => send<{ offers: Offer[] }>('GET', `${v1}/offers`),
  accept: (g: ID) => send<void>('POST', `${v1}/offers/${id(g)}/accept`, {}),
  /** Rejects an offer; one that was accepted is left. */
  reject: (g: ID, keepalive = false) => send<void>('POST', `${v1}/offers/${id(g)}/reject`, {}, { keepalive }),
  acceptAll: () => send<unknown>('POST', `${v1}/offers/accept_all`, {}),
}

export interface Group extends SharedGroup {
  administrators: number
}

export interface Participant {
  account: Person
  role: Role
  joined_at: Time
  me?: boolean
}

export interface GroupCode {
  id: ID
  role: Role
  code: string
  uses: number
  expires_at: Time
}

export interface GroupInvitation {
  id: ID
  email: string
  expires_at: Time
  /** Only in the answer to making it, where no mail was sent. */
  code?: string
  mailed?: boolean
}

/** One group as its participants see it; codes and invitations only for its administrators. */
export interface GroupPage extends Group {
  people: Participant[]
  codes?: GroupCode[]
  invitations?: GroupInvitation[]
}

export type { GroupCamera, Level, Schedule }

const group = (g: ID): string => `${v1}/groups/${id(g)}`

export const groups = {
  list: () => send<{ groups: Group[] }>('GET', `${v1}/groups`),
  get: (g: ID) => send<GroupPage>('GET', group(g)),
  add: (name: string) => send<Group>('POST', `${v1}/groups`, { name }),
  rename: (g: ID, name: string) => send<unknown>('PATCH', group(g), { name }),
  remove: (g: ID) => send<unknown>('DELETE', group(g)),
  join: (code: string) => send<{ group: Group }>('POST', `${v1}/groups/join`, { code }),
  /** A sole administrator gets 409 sole_administrator unless the group is to be deleted with it. */
  leave: (g: ID, delete_group: boolean) => send<unknown>('POST', `${group(g)}/leave`, delete_group ? { delete_group } : {}),
  role: (g: ID, account: ID, role: Role) => send<unknown>('PATCH', `${group(g)}/people/${id(account)}`, { role }),
  expel: (g: ID, account: ID) => send<unknown>('DELETE', `${group(g)}/people/${id(account)}`),
  addCode: (g: ID, role: Role, days?: number) => send<GroupCode>('POST', `${group(g)}/codes`, { role, days }),
  rotateCode: (g: ID, code: ID) => send<GroupCode>('POST', `${group(g)}/codes/${id(code)}/rotate`, {}),
  revokeCode: (g: ID, code: ID) => send<unknown>('DELETE', `${group(g)}/codes/${id(code)}`),
  invite: (g: ID, email: string) => send<GroupInvitation>('POST', `${group(g)}/invitations`, { email }),
  uninvite: (g: ID, invitation: ID) => send<unknown>('DELETE', `${group(g)}/invitations/${id(invitation)}`),
  share: (g: ID, camera: ID, images_only: boolean) => send<unknown>('PUT', `${group(g)}/cameras/${id(camera)}`, { images_only }),
  unshare: (g: ID, camera: ID) => send<unknown>('DELETE', `${group(g)}/cameras/${id(camera)}`),
}

/** Everything one person has of mine; who was invited by e-mail has no account yet. */
export interface PersonShare {
  account?: Person
  email?: string
  cameras: (Named & { state: GrantState; levels: Level[]; until?: Time })[]
  groups: (Named & { role: Role })[]
}

export const people = {
  list: () => send<{ people: PersonShare[] }>('GET', `${v1}/sharing/people`),
  revoke: (account: ID) => send<unknown>('POST', `${v1}/sharing/people/${id(account)}/revoke`, {}),
}

export interface LinkVisit {
  id: ID
  ip_masked: string
  browser: string
  first_seen: Time
  last_seen: Time
  watching: boolean
  /** The owner himself, signed in on the same browser. */
  owner?: boolean
  stopped?: boolean
}

export const visits = {
  list: (l: ID) => send<{ visits: LinkVisit[] }>('GET', `${v1}/links/${id(l)}/visits`),
  stop: (l: ID, v: ID) => send<unknown>('POST', `${v1}/links/${id(l)}/visits/${id(v)}/stop`, {}),
}

/** What ends with the account. */
export interface Closing {
  groups: (Named & { participants: number })[]
  cameras: number
  links: number
}

export const closing = {
  get: () => send<Closing>('GET', `${v1}/me/closing`),
  close: (password: string) => send<void>('DELETE', `${v1}/me`, { password }),
}

export interface AuditRow {
  id: ID
  at: Time
  who: { id?: ID; name: string; as?: string }
  action: string
  what: { kind: string; id: ID; name?: string }
  detail?: string
}

export const audit = {
  list: (before?: string) => send<{ rows: AuditRow[]; next?: string }>('GET', `${v1}/audit?limit=50${before ? `&before=${id(before)}` : ''}`),
}

export interface NoticeRow {
  id: ID
  kind: string
  at: Time
  /** Named only while one may know of it. */
  camera?: Named
  person?: Named & { email_masked?: string }
  group?: Named
  link?: Named
  answer?: 'accepted' | 'declined' | 'left'
  links?: number
  /** Of link_near and link_used_up. */
  budget?: 'users' | 'gallery_updates' | 'viewer_seconds'
  /** What a hook said. */
  text?: string
  /** Of storage: disk_full, disk_failed, disk_well; of throttle: sub, stills. */
  reason?: string
  disk?: string
  /** Of webhook_off. */
  name?: string
  /** The page of the recording at that moment, where one may see it. */
  archive?: string
  read: boolean
}

/** What a list of notices is narrowed to. */
export interface NoticeQuery {
  before?: string
  unread?: boolean
  kind?: string
  camera?: string
  from?: Time
  to?: Time
}

export const notices = {
  list: (q: NoticeQuery = {}) => {
    const ask = new URLSearchParams(Object.entries(q).filter(([, v]) => v).map(([k, v]) => [k, String(v)])).toString()
    return send<{ notices: NoticeRow[]; next?: string; muted?: ID[] }>('GET', `${v1}/notices${ask && `?${ask}`}`)
  },
  read: (b: { ids: ID[] } | { all: true }) => send<unknown>('POST', `${v1}/notices/read`, b),
  mute: (camera: ID, muted: boolean) => send<unknown>('PUT', `${v1}/cameras/${id(camera)}/mute`, { muted }),
}
