import { send } from '../api/http'
import type { ID, Time } from '../api/wire'

/** An image of one's gallery: of an own camera, or a copy received from somebody. */
export interface GalleryImage {
  id: ID
  camera: ID
  /** As the camera was called when the image came. */
  camera_name: string
  /** Who it was received from; null: of an own camera. The name is "" when that account is closed. */
  sender: { id: ID; name: string } | null
  taken_at: Time | null
  received_at: Time
  width: number
  height: number
  bytes: number
  favourite: boolean
  tags: string[]
}

export interface ImageDetail extends GalleryImage {
  via: string
  details: { make?: string; model?: string; place?: { lat: number; lon: number } }
}

export interface DayCount {
  /** yyyy-mm-dd in the account's zone. */
  day: string
  count: number
}

export interface QuotaPart {
  id: ID
  name: string
  bytes: number
  count: number
}

export interface Quota {
  /** Bytes. */
  limit: number
  used: number
  count: number
  cameras: QuotaPart[]
  senders: QuotaPart[]
  /** Images that found no room since there was some. */
  skipped: number
  skipped_since?: Time
}

export type BatchDo = 'delete' | 'restore' | 'favourite' | 'unfavourite' | 'tag' | 'untag'

export interface BatchAnswer {
  done: ID[]
  failed: { id: ID; code: string }[]
}

/** An image as a guest sees it: nothing but the picture and its time. */
export interface GuestImage {
  id: ID
  camera: ID
  taken_at: Time
  width: number
  height: number
}

export interface GuestGalleryPage {
  as_of: Time
  images: GuestImage[]
  next?: string
  /** When it can be refreshed again; until then it is the list of as_of. */
  throttled?: Time
}

const v1 = '/api/v1/images'
const id = encodeURIComponent

export const images = {
  list: (query: URLSearchParams, signal?: AbortSignal) => send<{ images: GalleryImage[]; next?: string }>('GET', `${v1}?${query}`, undefined, { signal }),
  days: () => send<{ days: DayCount[] }>('GET', `${v1}/days`),
  tags: () => send<{ tags: string[] }>('GET', `${v1}/tags`),
  quota: () => send<Quota>('GET', `${v1}/quota`),
  get: (image: ID) => send<ImageDetail>('GET', `${v1}/${id(image)}`),
  change: (image: ID, b: { favourite?: boolean; tags?: string[] }) => send<ImageDetail>('PATCH', `${v1}/${id(image)}`, b),
  batch: (ids: readonly ID[], what: BatchDo, tag?: string) => send<BatchAnswer>('POST', `${v1}/batch`, { ids, do: what, tag }),
  original: (image: ID) => `${v1}/${id(image)}/original`,
  download: (image: ID) => `${v1}/${id(image)}/original?download=true`,
  thumbnail: (image: ID) => `${v1}/${id(image)}/thumbnail`,
}

export const guestImages = (link: ID) => {
  const base = `/g/${id(link)}`
  return {
    refresh: () => send<GuestGalleryPage>('POST', `${base}/gallery`, {}),
    page: (after: ID) => send<GuestGalleryPage>('GET', `${base}/gallery?after=${id(after)}`),
    recent: () => send<{ images: GuestImage[] }>('GET', `${base}/recent`),
    picture: (image: ID) => `${base}/images/${id(image)}`,
    thumbnail: (image: ID) => `${base}/images/${id(image)}/thumbnail`,
  }
}

/** How images of a camera come in. */
export interface Intake {
  /** Whether it takes images at all; before the first saving it does not, and there is no key. */
  takes: boolean
  key: string
  upload_url: string
  /** The whole address; "" while the server takes no mail. */
  mail: string
  ftp: { host: string; port: number; user: string } | null
  every_minutes: number
  on_notice: boolean
  tell: boolean
  snapshot_url: string
}

export const intake = {
  get: (camera: ID) => send<Intake>('GET', `/api/v1/cameras/${id(camera)}/intake`),
  change: (camera: ID, b: Partial<Pick<Intake, 'every_minutes' | 'on_notice' | 'tell' | 'snapshot_url'>>) =>
    send<Intake>('PUT', `/api/v1/cameras/${id(camera)}/intake`, b),
  renew: (camera: ID) => send<Intake>('POST', `/api/v1/cameras/${id(camera)}/intake/renew`, {}),
  /** Cuts a still now; new is false when it was there already. */
  still: (camera: ID) => send<{ image: ID; new: boolean }>('POST', `/api/v1/cameras/${id(camera)}/images`, {}),
}
