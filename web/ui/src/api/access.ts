import type { Schedule } from '../share/schedule'
import { send } from './http'
import type { ID, Link, Time } from './wire'


export type Level = 'online' | 'archive' | 'notices' | 'download'
export type Right = 'sound' | 'ptz'

/** Somebody else, as far as one may know him: the e-mail is masked unless it was typed in full. */
export interface Person {
  id: ID
  name: string
  email_masked: string
}

export type GrantState = 'offered' | 'accepted' | 'declined' | 'expired'

/** One row of a camera's access table. A grant that waits for a registration has an e-mail and no account. */
export interface AccessRow {
  grant_id: ID
  account: Person
  email?: string
  state: GrantState
  levels: Level[]
  rights?: Right[]
  schedule?: Schedule
  until?: Time
  message?: string
  only_hours?: boolean
  only_from?: boolean
  watching?: boolean
  waiting?: boolean
}

export interface AccessTable {
  version: number
  rows: AccessRow[]
  /** The invitations a Save made; one that was not mailed has a link to be handed over. */
  invited?: { email: string; url?: string; mailed?: boolean }[]
}

/** One row of a Save: an existing grant, a known account, or an e-mail typed in full. */
export interface AccessEdit {
  grant_id?: ID
  account?: ID
  email?: string
  invite?: boolean
  levels: Level[]
  rights: Right[]
  schedule: Schedule
  until?: Time
  message?: string
  only_hours: boolean
  only_from: boolean
}

/** What a grantee sees now, decided by the same function that decides for him. */
export interface Sight {
  allowed: boolean
  reason: string
  until?: Time
  next?: Time
  levels: Level[]
  rights?: Right[]
  zone?: string
}

export interface GroupCamera {
  id: ID
  name: string
  owner: { id: ID; name: string }
  mine: boolean
  images_only: boolean
}

export interface SharedGroup {
  id: ID
  name: string
  role: 'administrator' | 'member' | 'viewer'
  participants: number
  cameras: GroupCamera[]
}

export interface LinkOptions {
  starts?: Time
  /** null takes the end away. */
  ends?: Time | null
  password?: string
  max_viewers?: number
  sound?: boolean
  note?: string
}

const v1 = '/api/v1'
const id = encodeURIComponent

export const access = {
  get: (c: ID) => send<AccessTable>('GET', `${v1}/cameras/${id(c)}/access`),
  save: (c: ID, version: number, rows: AccessEdit[]) => send<AccessTable>('PUT', `${v1}/cameras/${id(c)}/access`, { version, rows }),
  people: (q: string, c: ID, signal?: AbortSignal) =>
    send<{ people: Person[] }>('GET', `${v1}/people?q=${id(q)}&camera=${id(c)}`, undefined, { signal }),
  seeAs: (c: ID, grant: ID) => send<Sight>('GET', `${v1}/cameras/${id(c)}/see_as?grant=${id(grant)}`),
}

export const cameraLinks = {
  list: (c: ID) => send<{ links: Link[] }>('GET', `${v1}/links?camera=${id(c)}`),
  add: (c: ID, name: string, o: LinkOptions) =>
    send<Link>('POST', `${v1}/links`, { kind: 'temporary', cameras: [c], ...(name ? { name } : {}), ...o }),
  change: (l: ID, o: LinkOptions & { cameras?: ID[] }) => send<Link>('PATCH', `${v1}/links/${id(l)}`, o),
  mail: (l: ID, to: string, text: string) => send<unknown>('POST', `${v1}/links/${id(l)}/mail`, text ? { to, text } : { to }),
}

export const cameraGroups = {
  list: () => send<{ groups: SharedGroup[] }>('GET', `${v1}/groups`),
  share: (g: ID, c: ID, images_only: boolean) => send<unknown>('PUT', `${v1}/groups/${id(g)}/cameras/${id(c)}`, { images_only }),
  unshare: (g: ID, c: ID) => send<unknown>('DELETE', `${v1}/groups/${id(g)}/cameras/${id(c)}`),
}
