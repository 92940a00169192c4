import type { LinkOptions } from './access'
import { picture, send, type Poster } from './http'
import type {
  Account, Camera, CameraDraft, ID, Instance, InstanceAccount, Invitation, Link, Login, Me, Opened, Probe, Status,
  TileWant, Token, View, Visit,
} from './wire'

const v1 = '/api/v1'
const id = encodeURIComponent

/** Anybody. */
export const open = {
  status: () => send<Status>('GET', `${v1}/status`),
  setupCheck: (code: string) =>
    send<{ networks: string[]; loopback_cameras: boolean; host_names: string[] }>('POST', `${v1}/setup/check`, { code }),
  setup: (b: SetupRequest) => send<{ account: Account }>('POST', `${v1}/setup`, b),
  login: (email: string, password: string) => send<{ account: Account }>('POST', `${v1}/login`, { email, password }),
  reset: (email: string) => send<void>('POST', `${v1}/reset`, { email }),
  resetRedeem: (token: string, password: string) => send<void>('POST', `${v1}/reset/redeem`, { token, password }),
  invitation: (token: string) => send<{ email: string; expires_at: string }>('POST', `${v1}/invitations/check`, { token }),
  invitationRedeem: (b: { token: string } & Person) => send<{ account: Account }>('POST', `${v1}/invitations/redeem`, b),
  register: (b: { email: string } & Person) => send<void>('POST', `${v1}/register`, b),
  verify: (token: string) => send<void>('POST', `${v1}/verify`, { token }),
}

export interface Person {
  name: string
  password: string
  language: string
  zone: string
}

export interface SetupRequest extends Person {
  code: string
  email: string
  networks: string[]
  loopback_cameras: boolean
}

/** Whoever is signed in. */
export const me = {
  get: () => send<Me>('GET', `${v1}/me`),
  patch: (b: Partial<Pick<Account, 'name' | 'language' | 'zone' | 'theme' | 'shortcuts' | 'discoverable' | 'usage_mails'>>) =>
    send<{ account: Account }>('PATCH', `${v1}/me`, b),
  password: (current: string, password: string) => send<void>('POST', `${v1}/me/password`, { current, password }),
  logout: () => send<void>('POST', `${v1}/logout`, {}),
  logins: () => send<{ logins: Login[] }>('GET', `${v1}/me/logins`),
  endLogin: (login: ID) => send<void>('DELETE', `${v1}/me/logins/${id(login)}`),
  tokens: () => send<{ tokens: Token[] }>('GET', `${v1}/me/tokens`),
  addToken: (name: string, expires_in_days?: number) =>
    send<{ id: ID; name: string; token: string }>('POST', `${v1}/me/tokens`, { name, expires_in_days }),
  endToken: (token: ID) => send<void>('DELETE', `${v1}/me/tokens/${id(token)}`),
}

export const cameras = {
  list: () => send<{ cameras: Camera[] }>('GET', `${v1}/cameras`),
  get: (c: ID) => send<Camera>('GET', `${v1}/cameras/${id(c)}`),
  add: (b: CameraDraft) => send<Camera>('POST', `${v1}/cameras`, b),
  change: (c: ID, b: Partial<CameraDraft>) => send<Camera>('PATCH', `${v1}/cameras/${id(c)}`, b),
  remove: (c: ID) => send<void>('DELETE', `${v1}/cameras/${id(c)}`),
  test: (b: Partial<CameraDraft> & { camera?: ID }) => send<{ main: Probe; sub?: Probe }>('POST', `${v1}/cameras/test`, b),
  order: (ids: ID[]) => send<void>('PUT', `${v1}/cameras/order`, { ids }),
}

export const views = {
  list: () => send<{ views: View[] }>('GET', `${v1}/views`),
  add: (b: Omit<View, 'id'>) => send<View>('POST', `${v1}/views`, b),
  save: (v: ID, b: Omit<View, 'id'>) => send<View>('PUT', `${v1}/views/${id(v)}`, b),
  remove: (v: ID) => send<void>('DELETE', `${v1}/views/${id(v)}`),
}

export const links = {
  list: () => send<{ links: Link[]; used: number; cap: number }>('GET', `${v1}/links`),
  add: (name: string, cams: ID[], o: LinkOptions) =>
    send<Link>('POST', `${v1}/links`, { kind: 'share', name, cameras: cams, acknowledge_risk: true, ...o }),
  pause: (l: ID) => send<unknown>('POST', `${v1}/links/${id(l)}/pause`, {}),
  resume: (l: ID) => send<unknown>('POST', `${v1}/links/${id(l)}/resume`, {}),
  remove: (l: ID) => send<unknown>('DELETE', `${v1}/links/${id(l)}`),
}

/** The person who runs the server. */
export const instance = {
  get: () => send<Instance>('GET', `${v1}/instance`),
  patch: (b: Partial<Pick<Instance, 'registration' | 'networks' | 'loopback_cameras'>>) => send<Instance>('PATCH', `${v1}/instance`, b),
  accounts: () => send<{ accounts: InstanceAccount[] }>('GET', `${v1}/instance/accounts`),
  patchAccount: (a: ID, b: { plan?: string; state?: 'active' | 'suspended' }) =>
    send<unknown>('PATCH', `${v1}/instance/accounts/${id(a)}`, b),
  resetAccount: (a: ID) => send<{ url?: string; mailed: boolean }>('POST', `${v1}/instance/accounts/${id(a)}/reset`, {}),
  invitations: () => send<{ invitations: Invitation[] }>('GET', `${v1}/instance/invitations`),
  invite: (email: string) => send<Invitation>('POST', `${v1}/instance/invitations`, { email }),
  uninvite: (i: ID) => send<void>('DELETE', `${v1}/instance/invitations/${id(i)}`),
}

/** Where a viewing session is opened and its socket found: the account's, or one link's. */
export interface ViewingAPI {
  open(b: { sdp: string; version: number; tiles: TileWant[] }, signal?: AbortSignal): Promise<Opened>
  renegotiate(viewing: ID, sdp: string, signal?: AbortSignal): Promise<{ sdp: string }>
  close(viewing: ID): Promise<void>
  /** A still of a camera and when it was taken (ms); undefined where there is none to be had. */
  poster(camera: ID): Promise<Poster | undefined>
  socket: string
}

export function viewingAPI(base: string): ViewingAPI {
  return {
    open: (b, signal) => send<Opened>('POST', `${base}/viewing`, b, { signal }),
    renegotiate: (v, sdp, signal) => send<{ sdp: string }>('PUT', `${base}/viewing/${id(v)}/sdp`, { sdp }, { signal }),
    close: v => send<void>('DELETE', `${base}/viewing/${id(v)}`, undefined, { keepalive: true }),
    poster: c => picture(`${base}/cameras/${id(c)}/poster`),
    socket: `${base}/socket`,
  }
}

export const accountViewing = viewingAPI(v1)

/** Guests (ruling 4): the secret is exchanged once and never kept. */
export const guest = {
  exchange: (secret: string) => send<{ link: ID; ticket: string }>('POST', '/g/exchange', { secret }),
  visit: (link: ID, ticket?: string) => send<Visit>('POST', `/g/${id(link)}/visit`, { ticket }),
  password: (link: ID, password: string) => send<Visit>('POST', `/g/${id(link)}/password`, { password }),
  see: (link: ID) => send<Visit>('GET', `/g/${id(link)}/visit`),
  viewing: (link: ID) => viewingAPI(`/g/${id(link)}`),
}
