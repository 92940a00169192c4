import { signal } from '@preact/signals'
import { asProblem, type Problem } from '../api/problem'
import { parseTime } from '../i18n/time'
import { archive, type DaysAnswer, type Layer } from './api'
import { holds, next, replace, type Span } from './spans'

/** What the server says of a camera's recordings beside when there are some. */
export interface Info {
  layer: Layer
  layers: readonly Layer[]
  /** The newest moment this person may see lies this far behind the server's clock, ms. */
  lag: number
  /** The server's clock ahead of this machine's, ms. */
  ahead: number
  /** What is kept from this person. */
  from?: number
  onlyHours: boolean
  /** So old it has to be, ms (row R13); 0: as new as there is. */
  delay: number
}

export interface FootageConfig {
  camera: string
  /** Which layer, where there is footage of several. */
  prefer: Layer
  api?: Pick<typeof archive, 'days' | 'coverage'>
  /** This machine's clock, ms. */
  now?: () => number
}

/** How much is asked for around what is looked at, and at most at once, ms. */
const margin = 6 * 3_600_000
const most = 30 * 24 * 3_600_000

/**
 * Footage knows when there are recordings of one camera, as far as this person
 * may see them. It asks for what is looked at and remembers it; what is new is
 * asked for again by refresh.
 */
export class Footage {
  readonly camera: string
  readonly spans = signal<readonly Span[]>([])
  readonly info = signal<Info | undefined>(undefined)
  readonly problem = signal<Problem | undefined>(undefined)
  readonly days = signal<DaysAnswer | undefined>(undefined)
  /** Whether the first answer has come. */
  readonly known = signal(false)
  private loaded: Span[] = []
  private busy: Promise<void> | undefined
  private readonly stop = new AbortController()
  private readonly api: Pick<typeof archive, 'days' | 'coverage'>
  private readonly clock: () => number
  private prefer: Layer

  constructor(c: FootageConfig) {
    this.camera = c.camera
    this.prefer = c.prefer
    this.api = c.api ?? archive
    this.clock = c.now ?? Date.now
  }

  get layer(): Layer {
    return this.info.peek()?.layer ?? this.prefer
  }

  /** now is the server's clock, as far as it is known. */
  now(): number {
    return this.clock() + (this.info.peek()?.ahead ?? 0)
  }

  /** edge is the newest moment this person may see. */
  edge(): number {
    return this.now() - Math.max(0, this.info.peek()?.lag ?? 0)
  }

  /** holds says whether there is footage of a moment that may be seen. */
  holds(t: number): boolean {
    return holds(this.spans.peek(), t)
  }

  /** next is the footage that holds t, or that comes after it. */
  next(t: number): Span | undefined {
    return next(this.spans.peek(), t)
  }

  /** has says whether it is known what there is of a moment. */
  has(t: number): boolean {
    return holds(this.loaded, t)
  }

  /** look makes sure that it is known what there is of a stretch and around it. */
  async look(view: Span): Promise<void> {
    const end = this.now()
    const want = { from: Math.min(view.from, end), to: Math.min(view.to, end) }
    if (want.from >= want.to || this.loaded.some(s => s.from <= want.from && s.to >= want.to)) return
    await this.load({ from: want.from - margin, to: Math.min(view.to + margin, end) })
  }

  /** refresh asks again for the newest of it. */
  async refresh(): Promise<void> {
    const last = this.loaded.at(-1)
    const end = this.now()
    await this.load({ from: Math.max((last?.to ?? end) - 120_000, end - margin), to: end + 60_000 })
  }

  /** again forgets what is known and asks anew: rights may have changed. */
  async again(around: Span): Promise<void> {
    this.loaded = []
    await this.load({ from: around.from - margin, to: Math.min(around.to + margin, this.now() + 60_000) })
  }

  async loadDays(): Promise<void> {
    try {
      this.days.value = await this.api.days(this.camera, this.stop.signal)
    } catch (e) {
      if (!this.stop.signal.aborted) this.problem.value ??= asProblem(e)
    }
  }

  /** choose takes another layer. */
  async choose(layer: Layer, around: Span): Promise<void> {
    this.prefer = layer
    this.spans.value = []
    await this.again(around)
  }

  dispose(): void {
    this.stop.abort()
  }

  private async load(s: Span): Promise<void> {
    while (this.busy) await this.busy
    if (this.stop.signal.aborted) return
    this.busy = this.ask({ from: Math.max(s.from, s.to - most), to: s.to }).finally(() => { this.busy = undefined })
    await this.busy
  }

  private async ask(s: Span): Promise<void> {
    try {
      let a = await this.api.coverage(this.camera, s.from, s.to, this.prefer, this.stop.signal)
      const [other] = a.layers
      // Of the layer wished for there is nothing here, of the other there is.
      if (other && !a.layers.includes(this.prefer)) a = await this.api.coverage(this.camera, s.from, s.to, (this.prefer = other), this.stop.signal)
      const now = parseTime(a.now) ?? this.clock()
      const edge = parseTime(a.edge) ?? now
      this.info.value = {
        layer: a.layer, layers: a.layers, ahead: now - this.clock(), lag: now - edge,
        from: parseTime(a.bounds?.from), onlyHours: a.bounds?.only_hours ?? false, delay: (a.bounds?.delay_s ?? 0) * 1000,
      }
      const spans = a.spans.map(x => ({ from: Date.parse(x.from), to: Date.parse(x.to) }))
      const known = { from: s.from, to: Math.min(s.to, now) }
      this.spans.value = replace(this.spans.peek(), { from: s.from, to: Infinity === s.to ? now : s.to }, spans)
      this.loaded = replace(this.loaded, known, [known])
      this.problem.value = undefined
      this.known.value = true
    } catch (e) {
      if (this.stop.signal.aborted) return
      this.problem.value = asProblem(e)
      this.known.value = true
    }
  }
}
