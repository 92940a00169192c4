import { text } from '../api/http'
import { Problem } from '../api/problem'
import { playlistURL, type Layer } from './api'
import { append, end, parse, type Piece } from './playlist'

/** How much is listed at once: a little behind the moment asked for, and more ahead, ms. */
const behind = 120_000
const ahead = 15 * 60_000
const further = 45 * 60_000

export interface ReelConfig {
  camera: string
  layer: Layer
  /** The newest moment that may be asked for, ms. */
  now(): number
  list?: (url: string, signal?: AbortSignal) => Promise<string>
}

/**
 * Reel is the list of one camera's footage around a moment. It is opened with
 * what lies near and grows forward while it is played, so that a seek waits for
 * little and nothing ends in the middle.
 */
export class Reel {
  readonly pieces: Piece[] = []
  readonly camera: string
  readonly layer: Layer
  /** Asked for up to here, ms. */
  private asked = 0
  private busy: Promise<boolean> | undefined
  private readonly waiting = new Set<() => void>()
  private readonly stop = new AbortController()
  private readonly config: ReelConfig

  constructor(config: ReelConfig) {
    this.config = config
    this.camera = config.camera
    this.layer = config.layer
  }

  /** open lists what there is around a moment; rejects with a Problem. */
  async open(at: number): Promise<void> {
    await this.fetch(at - behind, at + ahead)
  }

  /** grow lists more: from the end of what is known on, or from a moment behind a gap. Says whether there was something. */
  async grow(from?: number): Promise<boolean> {
    const last = this.pieces.at(-1)
    if (!last) return false
    const begin = from === undefined || from <= end(last) ? last.at : from
    this.busy ??= this.fetch(begin, Math.max(begin, this.asked) + further).finally(() => { this.busy = undefined })
    return this.busy
  }

  /** left is how much of what is listed lies after a moment's piece, ms of media. */
  left(media: number): number {
    return this.seconds - media
  }

  get seconds(): number {
    return this.pieces.reduce((n, p) => n + p.seconds, 0)
  }

  /** covers says whether the list has been asked for a moment. */
  covers(t: number): boolean {
    const first = this.pieces[0]
    const last = this.pieces.at(-1)
    return first !== undefined && last !== undefined && t >= first.at && t < end(last)
  }

  /** more resolves when there is more than `count` pieces. */
  more(count: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (this.pieces.length <= count) return
        this.waiting.delete(look)
        resolve()
      }
      this.waiting.add(look)
      signal.addEventListener('abort', () => {
        this.waiting.delete(look)
        reject(signal.reason)
      }, { once: true })
      look()
    })
  }

  dispose(): void {
    this.stop.abort()
    this.waiting.clear()
  }

  /** list is what the server lists; nothing where there is nothing. */
  private async list(url: string): Promise<Piece[]> {
    try {
      return parse(await (this.config.list ?? text)(url, this.stop.signal), new URL(url, location.href).href).pieces
    } catch (e) {
      if (e instanceof Problem && e.status === 404) return []
      throw e
    }
  }

  private async fetch(from: number, to: number): Promise<boolean> {
    // A stretch that has ended is listed to its last second; of one that grows, what is not whole yet is held back.
    const until = Math.min(to, this.config.now() - 100)
    const url = playlistURL(this.camera, Math.min(from, until - 1000), until, this.layer)
    const pieces = await this.list(url)
    const before = this.pieces.length
    const all = append(this.pieces, pieces)
    this.pieces.push(...all.slice(before))
    this.asked = Math.max(this.asked, until)
    for (const look of [...this.waiting]) look()
    return this.pieces.length > before
  }
}
