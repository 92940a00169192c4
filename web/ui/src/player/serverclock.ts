/**
 * ServerClock is the server's wall clock as this browser can know it: of the
 * pings so far the one with the shortest round trip sets the offset.
 */
export class ServerClock {
  private offset = 0
  private best = Number.POSITIVE_INFINITY

  /** sample takes one ping: sent and received by our clock, and the server's time in between. All ms. */
  sample(sent: number, received: number, server: number): void {
    const trip = received - sent
    if (trip < 0) return
    if (trip <= this.best) {
      this.best = trip
      this.offset = server - (sent + trip / 2)
    } else {
      this.best *= 1.02 // so that a clock that drifts is measured anew some time
    }
  }

  now(): number {
    return Date.now() + this.offset
  }
}
