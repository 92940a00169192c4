/**
 * Where everything of a gallery stands: sections (days) one below the other,
 * each a heading and rows of equal cells. Pure arithmetic over counts, so that
 * 100,000 images cost as much as 100.
 */

export interface Measures {
  columns: number
  /** CSS px. */
  row: number
  heading: number
}

export interface Band {
  section: number
  /** -1 is the heading. */
  row: number
  /** CSS px from the beginning of everything. */
  top: number
}

export class Layout {
  readonly height: number
  readonly measures: Measures
  private readonly tops: number[] = []
  private readonly counts: readonly number[]

  constructor(counts: readonly number[], m: Measures) {
    this.counts = counts
    this.measures = m
    let y = 0
    for (const n of counts) {
      this.tops.push(y)
      if (n > 0) y += m.heading + this.rows(n) * m.row
    }
    this.height = y
  }

  private rows(n: number): number {
    return Math.ceil(n / this.measures.columns)
  }

  top(section: number): number {
    return this.tops[section] ?? 0
  }

  /** topOf is where the row of an image begins. */
  topOf(section: number, index: number): number {
    const m = this.measures
    return this.top(section) + m.heading + Math.floor(index / m.columns) * m.row
  }

  /** sectionAt is the section that holds a height. */
  sectionAt(y: number): number {
    let lo = 0
    let hi = this.tops.length - 1
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1
      if ((this.tops[mid] ?? 0) <= y) lo = mid
      else hi = mid - 1
    }
    return Math.max(0, lo)
  }

  /** indexAt is the first image of the row at a height; -1 on a heading. */
  indexAt(section: number, y: number): number {
    const m = this.measures
    const into = y - this.top(section) - m.heading
    return into < 0 ? -1 : Math.floor(into / m.row) * m.columns
  }

  /** bands are the headings and rows between two heights. */
  bands(from: number, to: number): Band[] {
    const out: Band[] = []
    const m = this.measures
    for (let s = this.sectionAt(Math.max(0, from)); s < this.counts.length; s++) {
      const top = this.top(s)
      if (top >= to) break
      const n = this.counts[s] ?? 0
      if (n === 0) continue
      if (top + m.heading > from) out.push({ section: s, row: -1, top })
      const first = Math.max(0, Math.floor((from - top - m.heading) / m.row))
      const last = Math.min(this.rows(n), Math.ceil((to - top - m.heading) / m.row))
      for (let r = first; r < last; r++) out.push({ section: s, row: r, top: top + m.heading + r * m.row })
    }
    return out
  }
}

/** What a browser lays out without losing pixels is less than 17 million; we stay well below. */
const tallest = 8_000_000

/**
 * Runway turns the place of a scrollbar into a height of the layout and back.
 * Where everything together is taller than a browser can make a box, far jumps
 * are stretched, and near movement stays one to one.
 */
export class Runway {
  /** The height of the box that scrolls. */
  height = 0
  private total = 0
  private view = 0
  private offset = 0
  private last = 0

  /** fit takes the layout's height and the window's; the place stays. */
  fit(total: number, view: number): void {
    this.total = total
    this.view = view
    this.height = Math.min(total, tallest)
    this.offset = Math.max(0, Math.min(this.offset, this.total - this.height))
  }

  /** read is the height shown at a scrollTop the browser reports. */
  read(scrollTop: number): number {
    if (this.total <= this.height) {
      this.last = scrollTop
      return scrollTop
    }
    const room = this.height - this.view
    const far = Math.abs(scrollTop - this.last) > this.view * 4
    if (far || scrollTop <= 0 || scrollTop >= room - 1) {
      const y = (Math.max(0, Math.min(scrollTop, room)) / room) * (this.total - this.view)
      this.offset = y - scrollTop
    }
    this.last = scrollTop
    return scrollTop + this.offset
  }

  /** place is the scrollTop that shows a height. */
  place(y: number): number {
    const at = Math.max(0, Math.min(y, this.total - this.view))
    if (this.total <= this.height) return (this.last = at)
    const scrollTop = Math.round((at / (this.total - this.view)) * (this.height - this.view))
    this.offset = at - scrollTop
    return (this.last = scrollTop)
  }

  /** paint is where in the box something at a height of the layout is drawn. */
  paint(top: number): number {
    return top - this.offset
  }
}
