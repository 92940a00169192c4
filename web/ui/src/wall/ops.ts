import { signal, type Signal } from '@preact/signals'
import { toast } from '../kit/toast'
import { t } from '../i18n/i18n'
import type { Highlights } from './highlight'
import { fileName, save, snapshot, type SnapshotType } from './snapshot'
import { pastsOf } from './past'
import { keyOf, type Wall } from './wall'

/** Ops is what may be done with the tiles of one wall; nothing of it exists for guests and kiosks. */
export interface Ops {
  /** Cameras of which a picture may be taken away. */
  takes: Signal<ReadonlySet<string>>
  /** Cameras that may be steered. */
  steers: Signal<ReadonlySet<string>>
  zone: Signal<string>
  highlights: Signal<Highlights | undefined>
}

const all = new WeakMap<Wall, Ops>()

/** opsOf is the one of a wall. */
export function opsOf(wall: Wall): Ops {
  let o = all.get(wall)
  if (!o) {
    o = { takes: signal(new Set<string>()), steers: signal(new Set<string>()), zone: signal('UTC'), highlights: signal(undefined) }
    all.set(wall, o)
  }
  return o
}

/** mayTake says whether there is a frame to keep and the right to keep it. */
export function mayTake(wall: Wall, slot: number): boolean {
  const v = wall.view(slot).value
  const past = v.camera === undefined ? undefined : pastsOf(wall).shown.value.get(v.camera)
  if (v.camera !== undefined && past) return past.at.value !== undefined && opsOf(wall).takes.value.has(v.camera)
  return v.camera !== undefined && v.picture !== 'none' && v.at !== undefined && !v.poster && opsOf(wall).takes.value.has(v.camera)
}

/** take saves what a tile shows as a file named by camera and time. */
export async function take(wall: Wall, slot: number, type: SnapshotType = 'image/jpeg'): Promise<void> {
  if (!mayTake(wall, slot)) return
  const v = wall.view(slot).peek() // the time belongs to the frame that is on the screen now
  const past = v.camera === undefined ? undefined : pastsOf(wall).shown.peek().get(v.camera)
  const at = past ? past.at.peek() : v.at
  const video = document.querySelector<HTMLVideoElement>(`.tile[data-slot="${slot}"] ${past ? '.ar-past ' : ''}video`)
  const blob = video ? await snapshot(video, type) : undefined
  if (!blob || at === undefined) return
  const name = fileName(v.name, at, opsOf(wall).zone.peek(), type)
  save(blob, name)
  toast(t('snapshot.saved', { name }))
}

/** takeSelected is take for the tile in full screen, else for the selected one. */
export function takeSelected(wall: Wall, type: SnapshotType): void {
  const full = wall.full.peek()
  const positions = wall.positions.peek()
  const at = full === undefined ? positions[wall.selected.peek()] : positions.find(p => p.item && keyOf(p.item) === full)
  if (at && at.slot >= 0) void take(wall, at.slot, type)
}

/** maySteer says whether a camera can be steered here. */
export function maySteer(wall: Wall, camera: string): boolean {
  return opsOf(wall).steers.value.has(camera)
}
