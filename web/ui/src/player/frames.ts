/** Painted is one frame on the screen: its RTP timestamp and when it is shown (performance.now()), where the browser knows. */
export type Painted = (rtpTimestamp: number | undefined, shown?: number) => void

/**
 * watchFrames calls `painted` for every frame the browser presents on a video
 * element, with the frame's RTP timestamp where the browser knows it. Where
 * requestVideoFrameCallback is missing it looks at the frame counter instead.
 * A frame that is only drawn again (the window was resized) is none.
 */
export function watchFrames(video: HTMLVideoElement, painted: Painted): () => void {
  if ('requestVideoFrameCallback' in video) {
    let id = 0
    let before = -1
    const next = (_: number, meta: VideoFrameCallbackMetadata): void => {
      id = video.requestVideoFrameCallback(next)
      if (meta.presentedFrames === before) return
      before = meta.presentedFrames
      painted(meta.rtpTimestamp, meta.expectedDisplayTime)
    }
    id = video.requestVideoFrameCallback(next)
    return () => video.cancelVideoFrameCallback(id)
  }
  const el: HTMLVideoElement = video
  let count = -1
  const timer = setInterval(() => {
    const n = el.getVideoPlaybackQuality().totalVideoFrames
    if (n > count && count >= 0) painted(undefined)
    count = n
  }, 200)
  return () => clearInterval(timer)
}

/**
 * keepPlaying starts a video again that something paused: a browser saving
 * power, a key for media, a sleep. Muted video may always start. Returns a
 * function that stops it.
 */
export function keepPlaying(video: HTMLVideoElement): () => void {
  const play = (): void => { if (video.srcObject && document.visibilityState !== 'hidden') video.play().catch(() => {}) }
  const shown = (): void => { if (video.paused) play() }
  video.addEventListener('pause', play)
  document.addEventListener('visibilitychange', shown)
  return () => {
    video.removeEventListener('pause', play)
    document.removeEventListener('visibilitychange', shown)
  }
}

const keptWidth = 960

/** lastFrame is what a video shows now, as a small image; undefined where it shows nothing. */
export async function lastFrame(video: HTMLVideoElement): Promise<Blob | undefined> {
  if (!video.videoWidth) return undefined
  try {
    const c = document.createElement('canvas')
    c.width = Math.min(keptWidth, video.videoWidth)
    c.height = Math.round((c.width * video.videoHeight) / video.videoWidth)
    c.getContext('2d')?.drawImage(video, 0, 0, c.width, c.height)
    return (await new Promise<Blob | null>(done => c.toBlob(done, 'image/jpeg', 0.85))) ?? undefined
  } catch {
    return undefined // a picture less
  }
}
