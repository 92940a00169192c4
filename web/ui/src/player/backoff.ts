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
