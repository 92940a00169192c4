import { describe, expect, it } from 'vitest'
import { Layout, Runway } from './layout'

const m = { columns: 4, row: 100, heading: 40 }

describe('Layout', () => {
  it('stacks days with a heading each, and leaves out empty ones', () => {
    const l = new Layout([5, 0, 4], m)
    expect(l.height).toBe(40 + 200 + 40 + 100)
    expect(l.topOf(0, 4)).toBe(140)
    expect(l.topOf(2, 0)).toBe(280)
    expect(l.sectionAt(239)).toBe(0)
    expect(l.sectionAt(241)).toBe(2)
    expect(l.indexAt(0, 141)).toBe(4)
    expect(l.indexAt(0, 10)).toBe(-1)
  })

  it('gives only what can be seen, of a hundred thousand images too', () => {
    const counts = Array.from({ length: 300 }, (_, i) => 300 + (i % 67))
    const l = new Layout(counts, m)
    for (const from of [0, 1234, l.height / 2, l.height - 900]) {
      const seen = l.bands(from, from + 900)
      expect(seen.length).toBeLessThan(15)
      for (const b of seen) {
        expect(b.top + (b.row < 0 ? 40 : 100)).toBeGreaterThan(from)
        expect(b.top).toBeLessThan(from + 900)
      }
      // Without a gap.
      for (const [i, b] of seen.entries()) if (i > 0) expect(b.top).toBe((seen[i - 1]?.top ?? 0) + ((seen[i - 1]?.row ?? 0) < 0 ? 40 : 100))
    }
  })
})

describe('Runway', () => {
  it('is the browser’s own scrolling while that can hold everything', () => {
    const r = new Runway()
    r.fit(100_000, 800)
    expect(r.height).toBe(100_000)
    expect(r.read(5000)).toBe(5000)
    expect(r.place(7000)).toBe(7000)
    expect(r.paint(7100)).toBe(7100)
  })

  it('reaches both ends of what is taller than a browser’s box, and moves one to one in between', () => {
    const r = new Runway()
    r.fit(60_000_000, 800)
    expect(r.height).toBe(8_000_000)
    expect(r.read(0)).toBe(0)
    expect(r.read(r.height - 800)).toBe(60_000_000 - 800)
    const y = r.read(4_000_000)
    expect(Math.abs(y - 30_000_000)).toBeLessThan(10_000)
    expect(r.read(4_000_120) - y).toBe(120)
    const at = r.place(12_345_678)
    expect(Math.abs(r.read(at) - 12_345_678)).toBeLessThan(1)
    expect(r.paint(12_345_678) - at).toBeCloseTo(0, 0)
    r.read(0)
    expect(r.read(0)).toBe(0)
  })
})
