/** A stretch of wall-clock time, ms since 1970, half open. */
export interface Span {
  from: number
  to: number
}

/** at is the index of the span that holds t, or -1. Spans are in order and do not touch. */
export function at(spans: readonly Span[], t: number): number {
  let low = 0
  let high = spans.length - 1
  while (low <= high) {
    const mid = (low + high) >> 1
    const s = spans[mid] as Span
    if (t < s.from) high = mid - 1
    else if (t >= s.to) low = mid + 1
    else return mid
  }
  return -1
}

/** holds says whether there is footage of t. */
export function holds(spans: readonly Span[], t: number): boolean {
  return at(spans, t) >= 0
}

/** next is the first span that ends after t: the one that holds it, or the one after the gap. */
export function next(spans: readonly Span[], t: number): Span | undefined {
  let low = 0
  let high = spans.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((spans[mid] as Span).to > t) high = mid
    else low = mid + 1
  }
  return spans[low]
}

/** before is the last span that begins at or before t. */
export function before(spans: readonly Span[], t: number): Span | undefined {
  let low = 0
  let high = spans.length
  while (low < high) {
    const mid = (low + high) >> 1
    if ((spans[mid] as Span).from <= t) low = mid + 1
    else high = mid
  }
  return spans[low - 1]
}

/** nearest is t where there is footage of it, else the nearest moment of which there is; undefined without any. */
export function nearest(spans: readonly Span[], t: number): number | undefined {
  if (holds(spans, t)) return t
  const a = before(spans, t)
  const b = next(spans, t)
  if (!a) return b?.from
  if (!b || t - a.to <= b.from - t) return Math.max(a.from, a.to - 1000)
  return b.from
}

/** join is the union of two lists, with what lies closer than `close` ms made one. */
export function join(lists: readonly (readonly Span[])[], close = 0): Span[] {
  const all = lists.flat().sort((a, b) => a.from - b.from)
  const out: Span[] = []
  for (const s of all) {
    const last = out.at(-1)
    if (last && s.from <= last.to + close) last.to = Math.max(last.to, s.to)
    else out.push({ ...s })
  }
  return out
}

/** replace puts what is known anew of a stretch in place of what was known of it. */
export function replace(old: readonly Span[], of: Span, fresh: readonly Span[]): Span[] {
  const kept = old.flatMap(s => {
    const left = s.from < of.from ? [{ from: s.from, to: Math.min(s.to, of.from) }] : []
    const right = s.to > of.to ? [{ from: Math.max(s.from, of.to), to: s.to }] : []
    return [...left, ...right]
  })
  return join([kept, fresh])
}

/** total is how much of a stretch there is footage of, ms. */
export function total(spans: readonly Span[], of: Span): number {
  return spans.reduce((sum, s) => sum + Math.max(0, Math.min(s.to, of.to) - Math.max(s.from, of.from)), 0)
}
