/** Painted is one frame on the screen: its RTP timestamp and when it is shown (performance.now()), where the browser knows. */
export type Painted = (rtpTimestamp: number | undefined, shown?: number) => void

/**
 * watchFrames calls `painted` for every frame the browser presents on a video
 * element, with the frame's RTP timestamp where the browser knows it. Where
 * requestVideoFrameCallback is missing it looks at the frame counter instead.
 */
export function watchFrames(video: HTMLVideoElement, painted: Painted): () => void {
  if ('requestVideoFrameCallback' in video) {
    let id = 0
    const next = (_: number, meta: VideoFrameCallbackMetadata): void => {
      id = video.requestVideoFrameCallback(next)
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
