import type { TileState } from '../api/wire'

/** Frames one reading is made of: at 25 a second, one each second. */
const window = 25

/**
 * Delay measures how old the picture on the screen is: from a frame's arrival
 * at the server, which the tile's first_ts and first_ms tell, to its display.
 * The camera's own delay is not in it. A reading is the median of its frames.
 */
export class Delay {
  private samples: number[] = []
  private reading: number | undefined

  /** The last reading, ms; undefined while there is none. */
  get ms(): number | undefined {
    return this.reading
  }

  /** add takes one shown frame; `media` is the server's media clock at its display. */
  add(ts: number, media: number, s: TileState | undefined): void {
    if (s?.first_ts === undefined || s.first_ms === undefined) return
    const age = arrival(ts, media, s.first_ts, s.first_ms)
    this.samples.push(media - age)
    if (this.samples.length < window) return
    this.samples.sort((a, b) => a - b)
    this.reading = this.samples[window >> 1]
    this.samples = []
  }

  reset(): void {
    this.samples = []
    this.reading = undefined
  }
}

/** arrival is when a frame came to the server, on its media clock: the instant nearest to `now` that its 32-bit timestamp can mean. */
export function arrival(ts: number, now: number, firstTS: number, firstMS: number): number {
  const expected = firstTS + (now - firstMS) * 90
  const late = Math.round(expected - ts) | 0 // on the circle: how far behind the present
  return now - late / 90
}
