import { send } from '../api/http'
import type { ID, Time } from '../api/wire'

export type Layer = 'main' | 'sub'

export interface DaysAnswer {
  /** The camera's own zone; the days are its days. */
  zone: string
  days: { date: string; bytes?: number }[]
}

/** What is recorded of a camera in a stretch of time, as far as this person may see it. */
export interface CoverageAnswer {
  layer: Layer
  /** Of which there is footage. */
  layers: Layer[]
  now: Time
  /** The newest moment this person may see. */
  edge: Time
  spans: { from: Time; to: Time }[]
  /** Why not everything is seen; delay_s: so old it has to be. */
  bounds?: { from?: Time; only_hours?: boolean; delay_s?: number }
}

/** Something a camera reported, or that was found in its pictures. */
export interface CameraEvent {
  id: ID
  kind: string
  source: string
  text?: string
  from: Time
  /** Absent while it goes on. */
  to?: Time
}

const v1 = '/api/v1/cameras'
const id = encodeURIComponent
const iso = (ms: number): string => new Date(ms).toISOString()
const span = (from: number, to: number, layer?: Layer): string => new URLSearchParams({ from: iso(from), to: iso(to), ...(layer && { layer }) }).toString()

/** playlistURL is the list of what was recorded between two moments; `to` may lie ahead: then the list grows. */
export function playlistURL(camera: ID, from: number, to: number, layer: Layer): string {
  return `${v1}/${id(camera)}/archive/playlist.m3u8?${span(from, to, layer)}`
}

/** stillURL is a small picture of a moment: the key frame at or before it. */
export function stillURL(camera: ID, at: number, width: number): string {
  return `${v1}/${id(camera)}/archive/still?${new URLSearchParams({ at: iso(at), width: String(width) })}`
}

/** archivePage is the page of one camera's recordings, or of several in sync, at a moment or at the newest. */
export function archivePage(cameras: readonly ID[], at?: number): string {
  const q = new URLSearchParams()
  if (cameras.length !== 1) q.set('cameras', cameras.join(','))
  if (at !== undefined) q.set('at', iso(at))
  const query = q.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
  return `/archive${cameras.length === 1 ? `/${id(cameras[0] ?? '')}` : ''}${query ? `?${query}` : ''}`
}

export const archive = {
  days: (c: ID, signal?: AbortSignal) => send<DaysAnswer>('GET', `${v1}/${id(c)}/archive/days`, undefined, { signal }),
  coverage: (c: ID, from: number, to: number, layer?: Layer, signal?: AbortSignal) =>
    send<CoverageAnswer>('GET', `${v1}/${id(c)}/archive/coverage?${span(from, to, layer)}`, undefined, { signal }),
  events: (c: ID, from: number, to: number, after?: string, signal?: AbortSignal) =>
    send<{ events: CameraEvent[]; next?: string }>('GET', `${v1}/${id(c)}/events?${span(from, to)}&limit=500${after ? `&after=${id(after)}` : ''}`, undefined, { signal }),
}
