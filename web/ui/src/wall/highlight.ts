import { signal } from '@preact/signals'
import type { NoticeRow } from '../api/sharing'
import { eventHolds } from './patrol'

/** A notice older than this when the wall hears of it is news no more, ms. */
export const freshFor = 60_000

/** Mark is what happened at a camera and nobody has answered yet. */
export interface Mark {
  notice: string
  camera: string
  /** Its sentence, in the language shown. */
  text: string
  /** When it happened, ms. */
  at: number
  /** Until when the dot pulses, ms of the same clock. */
  pulses: number
}

export interface HighlightsConfig {
  list(): Promise<readonly NoticeRow[]>
  read(id: string): Promise<unknown>
  text(n: NoticeRow): string
  /** The server's wall clock, ms. */
  now(): number
  /** Something new stands at a camera. */
  onMark?(m: Mark): void
}

/**
 * Highlights are the tiles whose camera has a fresh notice. A mark stays until
 * somebody answers it; a newer one of the same camera takes its place. What was
 * there before the wall was opened is in the list of notices, not here.
 */
export class Highlights {
  readonly marks = signal<ReadonlyMap<string, Mark>>(new Map())
  private readonly known = new Set<string>()
  private begun = false
  private asking = false
  private again = false
  private readonly config: HighlightsConfig

  constructor(config: HighlightsConfig) {
    this.config = config
  }

  /** look asks for the notices; calls while one runs become one more look after it. */
  async look(): Promise<void> {
    if (this.asking) {
      this.again = true
      return
    }
    this.asking = true
    try {
      this.take(await this.config.list())
    } catch {
      // The next change asks again.
    }
    this.asking = false
    if (this.again) {
      this.again = false
      void this.look()
    }
  }

  /** answer takes a camera's mark away and tells the server that it was seen. */
  answer(camera: string): void {
    const m = this.marks.peek().get(camera)
    if (!m) return
    const rest = new Map(this.marks.peek())
    rest.delete(camera)
    this.marks.value = rest
    this.config.read(m.notice).catch(() => {}) // it stays unread in the list
  }

  private take(rows: readonly NoticeRow[]): void {
    const now = this.config.now()
    const next = new Map(this.marks.peek())
    const unread = new Set(rows.filter(n => !n.read).map(n => n.id))
    // Answered on another screen.
    for (const [camera, m] of next) if (rows.some(n => n.id === m.notice) && !unread.has(m.notice)) next.delete(camera)
    const fresh: Mark[] = []
    for (const n of [...rows].reverse()) {
      if (this.known.has(n.id)) continue
      this.known.add(n.id)
      const at = Date.parse(n.at)
      if (!this.begun || n.read || !n.camera || Number.isNaN(at) || now - at > freshFor) continue
      const m: Mark = { notice: n.id, camera: n.camera.id, text: this.config.text(n), at, pulses: now + eventHolds }
      next.set(m.camera, m)
      fresh.push(m)
    }
    this.begun = true
    this.marks.value = next
    for (const m of fresh) this.config.onMark?.(m)
  }
}
