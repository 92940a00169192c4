/** The waits between attempts, ms (spec 3.2). */
const steps = [1000, 2000, 4000, 8000, 15000]

/**
 * Backoff spreads attempts: each wait is half to all of its step, so that many
 * tabs do not come back in one instant.
 */
export class Backoff {
  attempt = 0
  private readonly random: () => number

  constructor(random: () => number = Math.random) {
    this.random = random
  }

  /** next is how long to wait before the next attempt, ms. */
  next(): number {
    const step = steps[Math.min(this.attempt, steps.length - 1)] ?? 15000
    this.attempt++
    return step * (0.5 + this.random() / 2)
  }

  reset(): void {
    this.attempt = 0
  }
}

/** For so long a lost socket is tried about every second, ms. */
const eager = 60_000

/**
 * Probing is how a lost socket comes back: the first attempt soon, then one
 * about every second for a minute, then ever later. Whoever was connected when
 * a server ended comes back within a second of it, and not all in one instant.
 */
export class Probing {
  private began: number | undefined
  private readonly late: Backoff
  private readonly random: () => number
  private readonly now: () => number

  constructor(now: () => number, random: () => number = Math.random) {
    this.now = now
    this.random = random
    this.late = new Backoff(random)
  }

  /** next is how long to wait before the next attempt, ms. */
  next(): number {
    if (this.began === undefined) {
      this.began = this.now()
      return 100 + 500 * this.random()
    }
    if (this.now() - this.began >= eager) return this.late.next()
    this.late.attempt = 1 // after the minute: 2, 4, 8, 15 s
    return 750 + 500 * this.random()
  }

  reset(): void {
    this.began = undefined
    this.late.reset()
  }
}
