import { send } from '../api/http'

/** How one wants to be told (api.md, Notices). */
export interface Ways {
  feed: boolean
  mail: boolean
  push: boolean
  webhook: boolean
}

export type Way = keyof Ways
export type Digest = 'off' | 'hourly' | 'daily'

export interface Preferences {
  quiet: { on: boolean; from: string; to: string; zone: string }
  digest: Digest
  kinds: Record<string, Ways>
  version: number
}

const path = '/api/v1/me/notices/preferences'

export const preferences = {
  get: () => send<Preferences>('GET', path),
  put: (p: Preferences) => send<Preferences>('PUT', path, p),
}
