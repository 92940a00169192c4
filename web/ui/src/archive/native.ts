import { playlistURL } from './api'
import type { Engine, Told } from './engine'
import { inLine } from './mapping'
import { end } from './playlist'
import type { Reel } from './reel'

/** nativeEngine plays by the browser's own HLS, where it has no Media Source: one window of the list at a time. */
export function nativeEngine(video: HTMLVideoElement, reel: Reel, at: number, told: Told): Engine {
  const first = reel.pieces[0]
  const last = reel.pieces.at(-1)
  const pieces = [...reel.pieces]
  const failed = (): void => told.failed(0, video.error?.code === MediaError.MEDIA_ERR_DECODE || video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? 'media' : 'network')
  const begin = (): void => { video.currentTime = at }
  video.addEventListener('error', failed)
  video.addEventListener('loadedmetadata', begin, { once: true })
  if (first && last) video.src = playlistURL(reel.camera, first.at, end(last), reel.layer)
  return {
    placed: () => inLine(pieces),
    pace() {},
    dispose() {
      video.removeEventListener('error', failed)
      video.removeEventListener('loadedmetadata', begin)
      video.removeAttribute('src')
      video.load()
    },
  }
}
