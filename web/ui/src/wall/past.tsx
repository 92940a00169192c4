import { signal, type Signal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { keyOf, type Wall } from './wall'

/** What a tile of the live wall shows of the recordings, in its place, until it goes back to live. */
export interface Past {
  camera: string
  /** Where it begins, ms. */
  begin: number
  /** When the picture on the screen was taken, ms; undefined until there is one. */
  at: Signal<number | undefined>
  /** Goes back or ahead once it plays. */
  skip?(seconds: number): void
}

/** Pasts is which tiles of one wall show recordings, and of which cameras they may. */
export interface Pasts {
  shown: Signal<ReadonlyMap<string, Past>>
  may: Signal<ReadonlySet<string>>
}

const all = new WeakMap<Wall, Pasts>()

/** pastsOf is the one of a wall. */
export function pastsOf(wall: Wall): Pasts {
  let p = all.get(wall)
  if (!p) {
    p = { shown: signal(new Map()), may: signal(new Set()) }
    all.set(wall, p)
  }
  return p
}

/** toLive takes a camera's tile back to its live picture, which went on underneath. */
export function toLive(wall: Wall, camera: string): void {
  const { shown } = pastsOf(wall)
  if (!shown.peek().has(camera)) return
  const next = new Map(shown.peek())
  next.delete(camera)
  shown.value = next
}

/** chosen is the camera in full screen, else the selected one. */
function chosen(wall: Wall): string | undefined {
  const full = wall.full.peek()
  const positions = wall.positions.peek()
  return (full === undefined ? positions[wall.selected.peek()] : positions.find(p => p.item && keyOf(p.item) === full))?.item?.camera
}

/** skipChosen goes back in the chosen tile, from live into its recording, or ahead, and so to live again. */
export function skipChosen(wall: Wall, seconds: number, camera = chosen(wall)): void {
  const { shown, may } = pastsOf(wall)
  if (camera === undefined || !may.peek().has(camera)) return
  const past = shown.peek().get(camera)
  if (past) past.skip?.(seconds)
  else if (seconds < 0) shown.value = new Map(shown.peek()).set(camera, { camera, begin: wall.clock.now() + seconds * 1000, at: signal(undefined) })
}

/** liveChosen takes the chosen tile back to live. */
export function liveChosen(wall: Wall): void {
  const camera = chosen(wall)
  if (camera !== undefined) toLive(wall, camera)
}

export interface PastProps {
  wall: Wall
  past: Past
  zone: string
}

let loaded: FunctionComponent<PastProps> | undefined

/** PastPicture lies over a live tile; what plays recordings is fetched when it is first asked for. */
export function PastPicture(p: PastProps) {
  const [, turn] = useState(0)
  useEffect(() => {
    if (!loaded) import('../archive/past').then(m => { loaded = m.PastPlayer; turn(n => n + 1) }, () => toLive(p.wall, p.past.camera))
  }, [])
  const Player = loaded
  return Player ? <Player {...p} /> : null
}
