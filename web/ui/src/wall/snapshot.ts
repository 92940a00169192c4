import { parts } from '../i18n/stamp'

/** What a file may not be called on some system, and what a name does not need. */
// eslint-disable-next-line no-control-regex
const bad = /[\u0000-\u001f\u007f<>:"/\\|?*\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g

/** fileName is camera and time of the frame, in the zone the wall shows: "Gate 2026-11-22 14-05-09.jpg". */
export function fileName(camera: string, at: number, zone: string, type: SnapshotType): string {
  const name = camera.replace(bad, ' ').replace(/\s+/g, ' ').replace(/^[ .]+|[ .]+$/g, '').slice(0, 80) || 'camera'
  const p = parts(at, zone)
  return `${name} ${p.year}-${p.month}-${p.day} ${p.hour}-${p.minute}-${p.second}.${type === 'image/png' ? 'png' : 'jpg'}`
}

export type SnapshotType = 'image/jpeg' | 'image/png'

/** snapshot is the frame a video element shows, in the size the camera sent it; undefined where it shows none. */
export async function snapshot(video: HTMLVideoElement, type: SnapshotType): Promise<Blob | undefined> {
  const { videoWidth: width, videoHeight: height } = video
  if (!width || !height || video.readyState < 2) return undefined
  const canvas = document.createElement('canvas')
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.drawImage(video, 0, 0, width, height)
  return new Promise(resolve => canvas.toBlob(b => resolve(b ?? undefined), type, 0.92))
}

/** save hands a blob to the browser as a file. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob)
  const a = document.createElement('a')
  a.href = url
  a.download = name
  a.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}
