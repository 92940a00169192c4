import { elapsed } from './elapsed'
import { stallAfter } from './state'

/**
 * FreshnessClock knows whether the picture is the present. Only painted frames
 * drive it, never a connection event; `onStale` is called once, four seconds
 * after the last frame, and takes the live state away.
 */
export class FreshnessClock {
  private last: number | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private readonly onStale: () => void
  private readonly now: () => number

  constructor(onStale: () => void, now: () => number = elapsed) {
    this.onStale = onStale
    this.now = now
  }

  /** When the newest frame was painted; undefined before the first. */
  get painted(): number | undefined {
    return this.last
  }

  get fresh(): boolean {
    return this.last !== undefined && this.now() - this.last < stallAfter
  }

  /** paint records that a frame is on the screen now. */
  paint(): void {
    this.last = this.now()
    this.timer ??= setTimeout(this.check, stallAfter)
  }

  /** reset forgets: another source, or none. */
  reset(): void {
    this.last = undefined
    clearTimeout(this.timer)
    this.timer = undefined
  }

  // One timer for all frames: when it fires too early it sleeps for the rest.
  private readonly check = (): void => {
    this.timer = undefined
    if (this.last === undefined) return
    const left = this.last + stallAfter - this.now()
    if (left > 0) this.timer = setTimeout(this.check, left)
    else this.onStale()
  }
}
