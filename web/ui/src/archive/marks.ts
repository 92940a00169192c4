import { signal } from '@preact/signals'
import { asProblem } from '../api/problem'
import { parseTime } from '../i18n/time'
import { images as imageAPI } from '../gallery/api'
import { archive, type CameraEvent } from './api'
import { holds, replace, type Span } from './spans'
import { eventWord } from './words'

/** Mark is something that happened at a camera: an event it reported, or an image of the gallery. */
export interface Mark {
  id: string
  kind: 'event' | 'image'
  from: number
  /** Where it ended; the same moment where it has no length. */
  to: number
  text: string
}

const most = 2000

/** Marks knows what happened at one camera, where this person may know. What is refused is not asked again. */
export class Marks {
  readonly list = signal<readonly Mark[]>([])
  private readonly camera: string
  private loaded: Span[] = []
  private busy = false
  private next: Span | undefined
  private events = true
  private images = true
  private readonly stop = new AbortController()

  constructor(camera: string) {
    this.camera = camera
  }

  /** look makes sure that what happened in a stretch is known; `fresh` asks for its newest hour again. */
  async look(view: Span, now: number, fresh = false): Promise<void> {
    if (!this.events && !this.images) return
    const want = { from: view.from, to: Math.min(view.to, now) }
    if (want.from >= want.to) return
    const known = this.loaded.find(s => holds([s], want.from) && s.to >= want.to)
    if (known && !fresh) return
    if (this.busy) {
      this.next = view
      return
    }
    this.busy = true
    const ask = known ? { from: Math.max(want.from, want.to - 600_000), to: want.to } : { from: want.from - 3_600_000, to: Math.min(want.to + 3_600_000, now) }
    const found = (await Promise.all([this.ofEvents(ask), this.ofImages(ask)])).flat()
    this.busy = false
    if (this.stop.signal.aborted) return
    const kept = this.list.peek().filter(m => m.from < ask.from || m.from >= ask.to)
    this.list.value = [...kept, ...found.filter(f => !kept.some(k => k.id === f.id))].sort((a, b) => a.from - b.from)
    this.loaded = replace(this.loaded, ask, [ask])
    const again = this.next
    this.next = undefined
    if (again) void this.look(again, now)
  }

  dispose(): void {
    this.stop.abort()
  }

  private async ofEvents(s: Span): Promise<Mark[]> {
    const out: Mark[] = []
    let after: string | undefined
    try {
      while (this.events && out.length < most) {
        const page = await archive.events(this.camera, s.from, s.to, after, this.stop.signal)
        out.push(...page.events.map(mark))
        after = page.next
        if (!after) break
      }
    } catch (e) {
      if (asProblem(e).status === 403 || asProblem(e).status === 404) this.events = false
    }
    return out
  }

  private async ofImages(s: Span): Promise<Mark[]> {
    if (!this.images) return []
    const q = new URLSearchParams({ camera: this.camera, from: new Date(s.from).toISOString(), to: new Date(s.to).toISOString(), limit: '200' })
    try {
      const { images } = await imageAPI.list(q, this.stop.signal)
      return images.flatMap(i => {
        const at = parseTime(i.taken_at ?? undefined) ?? parseTime(i.received_at)
        return at === undefined ? [] : [{ id: i.id, kind: 'image' as const, from: at, to: at, text: '' }]
      })
    } catch (e) {
      if (asProblem(e).status === 403 || asProblem(e).status === 404) this.images = false
      return []
    }
  }
}

function mark(e: CameraEvent): Mark {
  const from = Date.parse(e.from)
  return { id: e.id, kind: 'event', from, to: parseTime(e.to) ?? from, text: eventWord(e) }
}

/** near is the mark closest to a moment within `reach` ms. */
export function near(list: readonly Mark[], t: number, reach: number): Mark | undefined {
  let best: Mark | undefined
  let least = reach
  for (const m of list) {
    const off = t < m.from ? m.from - t : t > m.to ? t - m.to : 0
    if (off <= least && (best === undefined || off < least || m.kind === 'event')) {
      best = m
      least = off
    }
  }
  return best
}

/** neighbour is the event before or after a moment. */
export function neighbour(list: readonly Mark[], t: number, by: 1 | -1): Mark | undefined {
  const events = list.filter(m => m.kind === 'event')
  return by > 0 ? events.find(m => m.from > t + 500) : events.findLast(m => m.from < t - 2000)
}
