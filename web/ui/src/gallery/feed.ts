import { signal } from '@preact/signals'
import { asProblem, type Problem } from '../api/problem'
import { byKey } from './group'

/** One day of a gallery. */
export interface Section<T> {
  day: string
  /** How many images the day has, loaded or not. */
  count: number
  /** The newest of them, in order, as far as they are loaded. */
  items: T[]
  /** Whether all of the day are loaded. */
  whole: boolean
  /** What is loaded may be out of date; it is shown until it is loaded again. */
  stale: boolean
}

/** Where a Feed gets its images from. */
export interface Source<T> {
  /** Images per day, newest day first; without it days come with the images. */
  days?(): Promise<{ day: string; count: number }[]>
  /** A page of images older than `after`, newest first; `day` narrows it to one day. */
  page(q: { day?: string; after?: string; limit: number }): Promise<{ images: T[]; next?: string }>
  dayOf(item: T): string
}

const pageSize = 200

/**
 * Feed is the list behind a gallery: days with counts, and of each day as many
 * images as have been looked at. Ids sort by time, newest first. Framework-free;
 * reading `version` subscribes to every change.
 */
export class Feed<T extends { id: string }> {
  readonly version = signal(0)
  readonly problem = signal<Problem | undefined>(undefined)
  readonly loading = signal(true)
  sections: readonly Section<T>[] = []
  /** Streams only: whether there are images below the last section. */
  more = false
  private readonly source: Source<T>
  private readonly busy = new Map<string, Promise<void>>()
  private wants: readonly { section: Section<T>; upto: number }[] = []
  private gone = false
  private turn = 0

  constructor(source: Source<T>) {
    this.source = source
  }

  dispose(): void {
    this.gone = true
  }

  get count(): number {
    return this.sections.reduce((n, s) => n + s.count, 0)
  }

  /** load fetches the days and the newest page, and resolves with how many images are new since the last time. */
  async load(): Promise<number> {
    const mine = ++this.turn
    this.loading.value = true
    try {
      const [days, page] = await Promise.all([this.source.days?.(), this.source.page({ limit: pageSize })])
      if (this.gone || mine !== this.turn) return 0
      this.problem.value = undefined
      return this.merge(days, page.images, page.next !== undefined)
    } catch (e) {
      if (!this.gone && mine === this.turn) this.problem.value = asProblem(e)
      return 0
    } finally {
      if (mine === this.turn) this.loading.value = false
    }
  }

  /** merge takes the newest page over what was known: what it covers is as it says, what it does not stays. */
  private merge(days: { day: string; count: number }[] | undefined, page: T[], more: boolean): number {
    const top = this.sections.find(s => s.items.length > 0)?.items[0]?.id
    const last = page.at(-1)?.id
    const before = new Map(this.sections.map(s => [s.day, s]))
    const fresh = byKey(page, i => this.source.dayOf(i))
    const older = (s: Section<T> | undefined): T[] => (more && last !== undefined ? (s?.items.filter(i => i.id < last) ?? []) : [])
    if (days) {
      this.sections = days.filter(d => d.count > 0).map(({ day, count }) => {
        const was = before.get(day)
        const now = fresh.get(day)
        if (now) {
          // The page begins with the newest of all, so it holds the head of each day it reaches.
          const items = [...now, ...older(was)].slice(0, Math.max(count, now.length))
          const whole = items.length >= count
          const grown = count - (was?.count ?? 0) === now.length - (was?.items.filter(i => last === undefined || i.id >= last).length ?? 0)
          return { day, count: Math.max(count, items.length), items, whole, stale: was !== undefined && !grown && !whole }
        }
        if (was && was.count === count) return was
        return { day, count, items: was?.items ?? [], whole: false, stale: was !== undefined }
      })
    } else {
      const names = [...new Set([...fresh.keys(), ...this.sections.filter(s => older(s).length > 0).map(s => s.day)])].sort().reverse()
      const streamed = this.sections.length > 0 && top !== undefined
      this.sections = names.map(day => {
        const items = [...(fresh.get(day) ?? []), ...older(before.get(day))]
        return { day, count: items.length, items, whole: true, stale: false }
      })
      this.more = streamed && more ? this.more || !this.sections.some(s => s.items.some(i => last !== undefined && i.id < last)) : more
    }
    this.changed()
    return top === undefined ? 0 : page.filter(i => i.id > top).length
  }

  /** want says which images are looked at now; they are loaded, the rest of what was wanted before is not. */
  want(list: readonly { section: Section<T>; upto: number }[]): void {
    this.wants = list
    for (const w of list) void this.fill(w.section.day)
  }

  /** fill loads a day page by page until what is wanted of it is there. */
  private fill(day: string): Promise<void> {
    const running = this.busy.get(day)
    if (running) return running
    const work = this.filling(day).finally(() => this.busy.delete(day))
    this.busy.set(day, work)
    return work
  }

  private async filling(day: string): Promise<void> {
    const upto = (): number => Math.max(0, ...this.wants.filter(w => w.section.day === day).map(w => w.upto))
    let fresh: T[] | undefined
    for (;;) {
      const s = this.section(day)
      if (this.gone || !s) return
      if (s.stale && !fresh) fresh = []
      const have = fresh ?? s.items
      if (!s.stale && (s.whole || have.length >= upto())) return
      try {
        const page = await this.source.page({ day, after: have.at(-1)?.id, limit: pageSize })
        const now = this.section(day)
        if (this.gone || !now) return
        this.problem.value = undefined
        const items = [...(fresh ?? now.items), ...page.images]
        const whole = page.next === undefined
        if (fresh) {
          fresh = items
          if (!whole && items.length < Math.max(upto(), 1)) continue
        }
        fresh = undefined
        this.put(day, { ...now, items, whole, stale: false, count: whole ? items.length : Math.max(now.count, items.length) })
      } catch (e) {
        this.problem.value = asProblem(e)
        return
      }
    }
  }

  /** loadMore loads the next page of a stream. */
  async loadMore(): Promise<void> {
    if (!this.more || this.busy.has('')) return
    const after = this.sections.at(-1)?.items.at(-1)?.id
    const work = this.source.page({ after, limit: pageSize }).then(page => {
      if (this.gone) return
      this.problem.value = undefined
      const list = [...this.sections]
      for (const [day, items] of byKey(page.images, i => this.source.dayOf(i))) {
        const at = list.findIndex(s => s.day === day)
        const was = list[at]
        const all = [...(was?.items ?? []), ...items]
        const next = { day, count: all.length, items: all, whole: true, stale: false }
        if (was) list[at] = next
        else list.push(next)
      }
      this.sections = list
      this.more = page.next !== undefined
      this.changed()
    }, e => { this.problem.value = asProblem(e) }).finally(() => this.busy.delete(''))
    this.busy.set('', work)
    await work
  }

  /** all loads a whole day and gives its images. */
  async all(day: string): Promise<readonly T[]> {
    const s = this.section(day)
    if (!s) return []
    this.wants = [...this.wants, { section: s, upto: Number.POSITIVE_INFINITY }]
    await this.fill(day)
    await this.fill(day)
    return this.section(day)?.items ?? []
  }

  section(day: string): Section<T> | undefined {
    return this.sections.find(s => s.day === day)
  }

  /** find is where an image stands; undefined while it is not loaded. */
  find(id: string): { section: number; index: number; item: T } | undefined {
    for (const [section, s] of this.sections.entries()) {
      const index = s.items.findIndex(i => i.id === id)
      const item = s.items[index]
      if (item) return { section, index, item }
    }
    return undefined
  }

  /** beside is the next older (1) or newer (-1) image; undefined at the ends. */
  async beside(id: string, by: 1 | -1): Promise<T | undefined> {
    const at = this.find(id)
    if (!at) return undefined
    const s = this.sections[at.section]
    const index = at.index + by
    if (s?.items[index]) return s.items[index]
    if (by > 0 && s && !s.whole) return (await this.upto(s.day, index + 1)).items[index]
    for (let i = at.section + by; i >= 0 && i < this.sections.length; i += by) {
      const other = this.sections[i]
      if (!other || other.count === 0) continue
      const items = by > 0 ? (await this.upto(other.day, 1)).items : await this.all(other.day)
      const found = by > 0 ? items[0] : items.at(-1)
      if (found) return found
    }
    if (by > 0 && this.more) {
      await this.loadMore()
      return this.find(id) && !this.problem.value ? this.beside(id, 1) : undefined
    }
    return undefined
  }

  private async upto(day: string, n: number): Promise<Section<T>> {
    const s = this.section(day) as Section<T>
    if (!s.whole && s.items.length < n) {
      this.wants = [...this.wants, { section: s, upto: n }]
      await this.fill(day)
    }
    return this.section(day) ?? s
  }

  /** range is every image from one to another, whichever is first; days between are loaded. */
  async range(a: string, b: string): Promise<readonly T[]> {
    const [x, y] = [this.find(a), this.find(b)]
    if (!x || !y) return []
    const [from, to] = x.section < y.section || (x.section === y.section && x.index <= y.index) ? [x, y] : [y, x]
    const out: T[] = []
    for (let s = from.section; s <= to.section; s++) {
      const day = this.sections[s]?.day ?? ''
      const items = s === to.section ? (this.sections[s]?.items ?? []) : await this.all(day)
      out.push(...items.slice(s === from.section ? from.index : 0, s === to.section ? to.index + 1 : undefined))
    }
    return out
  }

  /** patch changes images that are loaded, at once. */
  patch(ids: ReadonlySet<string>, fn: (item: T) => T): void {
    this.overtake()
    this.sections = this.sections.map(s => (s.items.some(i => ids.has(i.id)) ? { ...s, items: s.items.map(i => (ids.has(i.id) ? fn(i) : i)) } : s))
    this.changed()
  }

  /** remove takes images out, at once. */
  remove(ids: ReadonlySet<string>): void {
    this.overtake()
    this.sections = this.sections.map(s => {
      const items = s.items.filter(i => !ids.has(i.id))
      const n = s.items.length - items.length
      return n ? { ...s, items, count: s.count - n } : s
    }).filter(s => s.count > 0)
    this.changed()
  }

  /** overtake asks anew where an answer is on its way that knows nothing of a change made here. */
  private overtake(): void {
    if (this.loading.value && this.version.value > 0) void this.load()
  }

  private put(day: string, s: Section<T>): void {
    this.sections = this.sections.map(x => (x.day === day ? s : x)).filter(x => x.count > 0)
    this.changed()
  }

  private changed(): void {
    this.version.value++
  }
}
