import { viewingAPI } from './api'
import { send } from './http'
import type { ID, Theme, Time } from './wire'

/** What a kiosk shows: its view with every cell resolved by the server. */
export interface Kiosk {
  id: ID
  name: string
  view: {
    /** Empty: all cameras. */
    name: string
    rows: number
    columns: number
    layout: 'grid' | '1+5'
    cells: { camera?: ID; name?: string }[]
  }
  patrol_s: number
  language: string
  zone: string
  theme: Theme
  server_time: Time
}

const base = '/api/v1/kiosk'
const id = encodeURIComponent

/** A screen on a wall: its cookie opens these and nothing else. */
export const kiosk = {
  get: () => send<Kiosk>('GET', base),
  exchange: (secret: string) => send<Kiosk>('POST', `${base}/exchange`, { secret }),
}

export const kioskViewing = viewingAPI(base)

/** Whoever is signed in makes one of a view; "default" is all cameras. */
export const makeKiosk = (view: ID, name: string, patrol: number, days?: number) =>
  send<{ url: string; token_id: ID; open_by: Time }>('POST', `/api/v1/views/${id(view)}/kiosk`, { name, patrol_s: patrol, ...(days ? { days } : {}) })
