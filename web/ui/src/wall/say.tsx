import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import type { Shown } from '../player/state'
import type { Wall } from './wall'
import { stateWord, summary } from './words'

/** One tile as it is listened to. */
export interface Heard {
  camera: string
  name: string
  state: Shown
}

/** A camera that comes and goes is said to be offline once in this, ms. */
const again = 60_000

/** More changes than this are said in figures. */
const each = 3

/**
 * Voice turns what tiles show into what is read out: each change once, politely,
 * by the camera's name; offline at once, but only once a minute a camera. That a
 * page begins, and that a tile is on its way, is not news.
 */
export class Voice {
  private readonly said = new Map<string, Shown>()
  private readonly alerted = new Map<string, number>()

  /** next is what is to be said of the tiles as they are now. */
  next(tiles: readonly Heard[], now: number): { polite: string; alert: string } {
    const news: Heard[] = []
    const gone: Heard[] = []
    for (const v of tiles) {
      const before = this.said.get(v.camera)
      if (v.state === before || v.state === 'connecting') continue
      this.said.set(v.camera, v.state)
      if (v.state === 'offline') {
        const last = this.alerted.get(v.camera)
        if (last !== undefined && now - last < again) continue
        this.alerted.set(v.camera, now)
        gone.push(v)
      } else if (before !== undefined || (v.state !== 'live' && v.state !== 'image')) news.push(v)
    }
    for (const camera of this.said.keys()) if (!tiles.some(v => v.camera === camera)) this.said.delete(camera)
    return { polite: words(news), alert: words(gone) }
  }
}

function words(list: readonly Heard[]): string {
  if (list.length > each) return summary(list.map(v => v.state)).map(s => s.text).join(', ')
  return list.map(v => t('tile.label', { name: v.state === 'restricted' ? t('msg.restricted') : v.name, state: stateWord(v.state) })).join('. ')
}

/** A state must last this long to be said, ms: what flickers is not. */
const settle = 700

/** Announcer reads the wall's changes out. */
export function Announcer({ wall }: { wall: Wall }) {
  const voice = useRef<Voice>(undefined)
  const [said, say] = useState({ polite: '', alert: '' })
  const tiles: Heard[] = []
  for (const { slot } of wall.positions.value) {
    if (slot < 0) continue
    const v = wall.view(slot).value
    if (v.camera !== undefined) tiles.push({ camera: v.camera, name: v.name, state: v.state })
  }
  const sign = tiles.map(v => `${v.camera}=${v.state}`).join()
  useEffect(() => {
    voice.current ??= new Voice()
    const timer = setTimeout(() => {
      const next = voice.current?.next(tiles, Date.now())
      if (next && (next.polite || next.alert)) say(next)
    }, settle)
    return () => clearTimeout(timer)
  }, [sign])
  return (
    <>
      <span class="vh" role="status">{said.polite}</span>
      <span class="vh" role="alert">{said.alert}</span>
    </>
  )
}
