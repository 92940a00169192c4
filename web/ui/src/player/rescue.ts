import type { TileView } from './tile'

export interface RescueConfig {
  /** What each cell shows now. */
  tiles(): Iterable<readonly [cell: number, view: TileView]>
  /** Asks the server to send a cell's stream anew. */
  tryNow(cell: number): void
  /** Looks whether the connection still carries anything. */
  check(): void
}

/** A tile that stands still is given so long to come back by itself, ms, then so long between tries. */
const tries = [2000, 4000, 8000, 15000]

/**
 * Rescue looks after pictures that stand still although the server sends them:
 * a decoder that lost its way gets its stream anew, one tile in two seconds (the
 * server takes no more); where all of them stand, the connection itself is looked at.
 */
export class Rescue {
  private readonly stuck = new Map<number, { since: number; tries: number }>()
  private asked = Number.NEGATIVE_INFINITY
  private readonly timer: ReturnType<typeof setInterval>
  private readonly config: RescueConfig

  constructor(config: RescueConfig) {
    this.config = config
    this.timer = setInterval(() => this.look(), 1000)
  }

  stop(): void {
    clearInterval(this.timer)
  }

  private look(): void {
    if (document.visibilityState === 'hidden') {
      this.stuck.clear()
      return
    }
    const now = performance.now()
    let sent = 0
    let still = 0
    let due: number | undefined
    for (const [cell, v] of this.config.tiles()) {
      const ought = v.camera !== undefined && v.server?.state === 'live'
      if (ought) sent++
      if (!ought || v.state !== 'stalled') {
        this.stuck.delete(cell)
        continue
      }
      still++
      const s = this.stuck.get(cell) ?? { since: now, tries: 0 }
      this.stuck.set(cell, s)
      const wait = tries[Math.min(s.tries, tries.length - 1)] ?? 15000
      if (due === undefined && now - s.since >= wait) due = cell
    }
    if (due === undefined || now - this.asked < 2000) return
    this.asked = now
    if (sent === still) this.config.check()
    const s = this.stuck.get(due)
    if (s) this.stuck.set(due, { since: now, tries: s.tries + 1 })
    this.config.tryNow(due)
  }
}
