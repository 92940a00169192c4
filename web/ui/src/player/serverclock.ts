import { elapsed } from './elapsed'

/**
 * ServerClock is the server's clocks as this browser can know them: of the
 * pings so far the one with the shortest round trip sets the offsets.
 */
export class ServerClock {
  private offset = 0
  private mediaOffset: number | undefined
  private best = Number.POSITIVE_INFINITY

  /**
   * sample takes one ping as it comes back: sent and received by our clock, and
   * the server's wall and media clock in between. All ms.
   */
  sample(sent: number, received: number, server: number, media?: number): void {
    const trip = received - sent
    if (trip < 0) return
    const offset = media === undefined ? undefined : media - (elapsed() - trip / 2)
    // Another server, or the same one started again, has another media clock: nothing of before holds.
    const stepped = offset !== undefined && this.mediaOffset !== undefined && Math.abs(offset - this.mediaOffset) > (trip + this.best) / 2 + 250
    if (trip <= this.best || stepped) {
      this.best = trip
      this.offset = server - (sent + trip / 2)
      this.mediaOffset = offset ?? this.mediaOffset
    } else {
      this.best *= 1.02 // so that a clock that drifts is measured anew some time
    }
  }

  now(): number {
    return Date.now() + this.offset
  }

  /** media is the server's media clock, which never steps, at a performance.now() reading; undefined before it is known. */
  media(at: number): number | undefined {
    return this.mediaOffset === undefined ? undefined : at + (elapsed() - performance.now()) + this.mediaOffset
  }
}
