import type { Placed } from './mapping'
import type { Reel } from './reel'

/** What plays a reel in a video element. */
export interface Engine {
  /** Where the pieces lie on the element's clock. */
  placed(): readonly Placed[]
  /** Says how fast it will play: what is fetched ahead follows it. */
  pace(rate: number): void
  dispose(): void
}

export interface Told {
  /** A part was refused, or the browser cannot show it; status 0 says that no answer came. */
  failed(status: number, what: 'network' | 'media'): void
}

/** Start makes an engine that begins at a media second. */
export type Start = (video: HTMLVideoElement, reel: Reel, at: number, told: Told) => Engine

/** mse says whether the browser takes media piece by piece (ManagedMediaSource: phones of Apple). */
export function mse(w: { MediaSource?: unknown; ManagedMediaSource?: unknown } = window as never): boolean {
  return w.MediaSource !== undefined || w.ManagedMediaSource !== undefined
}

let loaded: Promise<Start> | undefined

/** player loads what this browser plays recordings with: hls.js, or its own HLS where Media Source is missing. */
export function player(): Promise<Start> {
  loaded ??= (mse() ? import('./hls').then(m => m.hlsEngine) : import('./native').then(m => m.nativeEngine)).catch(e => {
    loaded = undefined // what could not be fetched is tried again by the next who asks
    throw e
  })
  return loaded
}
