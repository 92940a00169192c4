import { batch, effect, signal, untracked } from '@preact/signals'
import { cells } from './grid'
import { keyOf, type Wall, type WallItem } from './wall'

/** How long a page is shown, s (row R94): what a new device begins with, and the bounds. */
export const patrolDefault = 30
export const patrolLeast = 5
export const patrolMost = 120
/** What one can choose from. */
export const patrolTimes: readonly number[] = [5, 10, 15, 20, 30, 45, 60, 90, 120]

/** The next page is begun so long before it is seen, ms. */
export const warmFor = 3000
/** How long an event holds its page when nobody answers it, ms. */
export const eventHolds = 20_000
/** One viewing session has at most so many tiles. */
const tilesMost = 16

/** Why the page stays: the time left stands still meanwhile. */
export type Hold = 'hover' | 'focus' | 'event' | 'full' | 'frozen'

export interface PatrolConfig {
  wall: Wall
  /** Monotonic ms; tests set it. */
  now?: () => number
}

/** clampTime is a time to show a page that is allowed, s. */
export function clampTime(s: number): number {
  return Number.isFinite(s) ? Math.min(patrolMost, Math.max(patrolLeast, Math.round(s))) : patrolDefault
}

/**
 * Patrol turns the pages of a wall by itself. It knows nothing of the screen:
 * whoever draws the wall says what holds it. One object a wall.
 */
export class Patrol {
  readonly on = signal(false)
  readonly seconds = signal(patrolDefault)
  /** Whole seconds until the next page. */
  readonly left = signal(patrolDefault)
  /** How much of the time of this page has gone, 0 to 1. */
  readonly gone = signal(0)
  readonly held = signal<Hold | undefined>(undefined)
  /** Whether Space turns it on and off (SC 2.1.4: whoever is signed in may turn single keys off). */
  keys = true
  private readonly holds = new Map<Hold, number>() // until when, ms
  private spent = 0
  private last = 0
  private page = -1
  private timer: ReturnType<typeof setInterval> | undefined
  private users = 0
  private stop: (() => void) | undefined
  private readonly wall: Wall
  private readonly now: () => number

  constructor(config: PatrolConfig) {
    this.wall = config.wall
    this.now = config.now ?? (() => performance.now())
  }

  /** use keeps it running while its controls are on the screen. Returns what ends that. */
  use(): () => void {
    this.users++
    return () => {
      if (--this.users === 0) this.set(false)
    }
  }

  set(on: boolean): void {
    if (on === this.on.peek() || (on && this.wall.pages.peek() < 2)) return
    this.on.value = on
    clearInterval(this.timer)
    this.stop?.()
    this.stop = undefined
    this.wall.warm.value = []
    if (!on) return
    this.restart()
    this.timer = setInterval(() => this.beat(), 250)
    this.stop = effect(() => {
      // A page that somebody turned to by hand has its whole time.
      const { value: page } = this.wall.page
      const { value: pages } = this.wall.pages
      untracked(() => {
        if (pages < 2) this.set(false)
        else if (page !== this.page) this.restart()
      })
    })
  }

  toggle(): void {
    this.set(!this.on.peek())
  }

  setSeconds(s: number): void {
    this.seconds.value = clampTime(s)
    this.tell()
  }

  /** hold makes the page stay, for good or for ms; another call with the same reason counts anew. */
  hold(why: Hold, ms = Number.POSITIVE_INFINITY): void {
    this.holds.set(why, this.now() + ms)
    this.tell()
  }

  release(why: Hold): void {
    this.holds.delete(why)
    this.tell()
  }

  /** beat lets time pass. Called by its own timer; tests call it. */
  beat(): void {
    const now = this.now()
    const passed = now - this.last
    this.last = now
    for (const [why, until] of this.holds) if (until <= now) this.holds.delete(why)
    if (this.reason() === undefined) this.spent += passed
    if (this.spent >= this.seconds.peek() * 1000) this.turn()
    this.warm()
    this.tell()
  }

  private turn(): void {
    batch(() => {
      this.wall.turn(1)
      this.restart()
      this.wall.warm.value = []
    })
  }

  private restart(): void {
    this.page = this.wall.page.peek()
    this.spent = 0
    this.last = this.now()
    this.tell()
  }

  private reason(): Hold | undefined {
    if (this.wall.full.peek() !== undefined) return 'full'
    if (this.frozen()) return 'frozen'
    return order.find(h => this.holds.has(h))
  }

  private frozen(): boolean {
    return this.wall.positions.peek().some(p => p.slot >= 0 && this.wall.view(p.slot).peek().state === 'frozen')
  }

  /** warm begins the next page in the last seconds, if the connection carries what is shown already. */
  private warm(): void {
    const due = this.seconds.peek() * 1000 - this.spent <= warmFor && this.reason() === undefined && !this.tight()
    const next = due ? nextPage(this.wall) : []
    const was = this.wall.warm.peek()
    if (next.length !== was.length || next.some((item, i) => keyOf(item) !== keyOf(was[i] as WallItem))) this.wall.warm.value = next
  }

  /** tight: something on the screen is reduced or stopped for want of bandwidth. */
  private tight(): boolean {
    return this.wall.positions.peek().some(p => {
      const s = p.slot >= 0 ? this.wall.view(p.slot).peek().server : undefined
      return s?.reason === 'low_bandwidth' || s?.layer_why === 'bandwidth'
    })
  }

  private tell(): void {
    const whole = this.seconds.peek() * 1000
    batch(() => {
      this.held.value = this.on.peek() ? this.reason() : undefined
      this.left.value = Math.max(0, Math.ceil((whole - this.spent) / 1000))
      this.gone.value = Math.min(1, this.spent / whole)
    })
  }
}

/** Of several reasons the one that says most. */
const order: readonly Hold[] = ['event', 'hover', 'focus']

/** nextPage is what stands on the page after this one, as far as a viewing session has room for it. */
export function nextPage(wall: Wall): WallItem[] {
  const n = cells(wall.grid.peek())
  const pages = wall.pages.peek()
  const at = (Math.min(wall.page.peek(), pages - 1) + 1) % pages
  const items = wall.items.peek().slice(at * n, at * n + n).filter(i => i !== undefined)
  const shown = wall.positions.peek().filter(p => p.item).length
  return items.slice(0, Math.max(0, tilesMost - shown))
}

const patrols = new WeakMap<Wall, Patrol>()

/** patrolOf is the one patrol of a wall. */
export function patrolOf(wall: Wall): Patrol {
  let p = patrols.get(wall)
  if (!p) {
    p = new Patrol({ wall })
    patrols.set(wall, p)
  }
  return p
}
