/** Wall clocks of a zone, as <input type="datetime-local"> has them: 2026-06-18T22:04. */

function parts(ms: number, zone: string): number {
  const out: Record<string, number> = {}
  const f = new Intl.DateTimeFormat('en-US', {
    year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone: zone,
  })
  for (const p of f.formatToParts(ms)) if (p.type !== 'literal') out[p.type] = Number(p.value)
  return Date.UTC(out.year ?? 1970, (out.month ?? 1) - 1, out.day ?? 1, out.hour, out.minute, out.second)
}

/** wall is what a clock in the zone shows at an instant. */
export function wall(ms: number, zone: string): string {
  return new Date(parts(Math.floor(ms / 60_000) * 60_000, zone)).toISOString().slice(0, 16)
}

/**
 * instant is when a clock in the zone shows this, or undefined for nonsense. A
 * time that daylight saving repeats means the first; one that it skips, the
 * moment the clock would have shown without the change.
 */
export function instant(text: string, zone: string): number | undefined {
  const naive = Date.parse(`${text}Z`)
  if (Number.isNaN(naive)) return undefined
  const offset = (ms: number): number => parts(ms, zone) - ms
  const before = naive - offset(naive - 86_400_000)
  const after = naive - offset(naive + 86_400_000)
  if (before === after || parts(before, zone) === naive) return before
  return parts(after, zone) === naive ? after : before
}
