/**
 * The maths of a weekly schedule (rows R18 to R20). The wire's form is a list
 * of intervals whose day 0 is Sunday; the editor works on the week's 672
 * quarter hours, Monday first, so that grid and list can never disagree.
 */

/** Interval allows [from, to) minutes of a day; to ≤ from crosses midnight and belongs to its first day. */
export interface Interval {
  day: number
  from: number
  to: number
}

/** null is always; no intervals is never. */
export type Schedule = { intervals: Interval[] } | null

/** One line of the list: the same hours on some days (0 is Monday here). */
export interface Entry {
  days: number[]
  from: number
  to: number
}

/** A block as it is drawn in one day's row, in minutes; before and after say that it goes on across midnight. */
export interface Block {
  from: number
  to: number
  before: boolean
  after: boolean
}

export const step = 15
export const perDay = 96
export const cellsOfWeek = 7 * perDay
const dayMinutes = 1440

/** The cells of a week, true where looking is allowed. */
export type Cells = readonly boolean[]

const monday = (wireDay: number): number => (wireDay + 6) % 7
const wire = (day: number): number => (day + 1) % 7

export function toCells(s: Schedule): boolean[] {
  const cells = new Array<boolean>(cellsOfWeek).fill(s === null)
  for (const i of s?.intervals ?? []) fill(cells, monday(i.day), i.from, i.to, true)
  return cells
}

/** fill sets [from, to) minutes from a day on, over midnight when to ≤ from. */
export function fill(cells: boolean[], day: number, from: number, to: number, on: boolean): void {
  const length = (to <= from ? to + dayMinutes - from : to - from) / step
  const start = day * perDay + from / step
  for (let i = 0; i < length; i++) cells[(start + i) % cellsOfWeek] = on
}

/** fromCells is the shortest schedule of these cells: a run within a day's length is one interval, longer ones end at midnights. */
export function fromCells(cells: Cells): Schedule {
  if (cells.every(Boolean)) return null
  const intervals: Interval[] = []
  for (const [start, length] of runs(cells)) {
    for (let done = 0; done < length;) {
      const at = (start + done) % cellsOfWeek
      const inDay = at % perDay
      const left = length - done
      const take = length <= perDay ? left : Math.min(left, perDay - inDay)
      const end = inDay + take
      intervals.push({ day: wire(Math.floor(at / perDay)), from: inDay * step, to: (end > perDay ? end - perDay : end) * step })
      done += take
    }
  }
  return { intervals: intervals.sort((a, b) => monday(a.day) - monday(b.day) || a.from - b.from) }
}

/** runs are [first cell, length] of what is allowed without a gap, around the week's end. */
function runs(cells: Cells): [number, number][] {
  const out: [number, number][] = []
  for (let i = 0; i < cellsOfWeek; i++) {
    if (!cells[i] || cells[(i + cellsOfWeek - 1) % cellsOfWeek]) continue
    let n = 0
    while (cells[(i + n) % cellsOfWeek]) n++
    out.push([i, n])
  }
  return out
}

/** entries groups intervals of the same hours: "Mon, Tue 09:00 to 18:00". Always is one entry of all days. */
export function entries(s: Schedule): Entry[] {
  if (s === null) return [{ days: [0, 1, 2, 3, 4, 5, 6], from: 0, to: dayMinutes }]
  const by = new Map<string, Entry>()
  for (const i of s.intervals) {
    const key = `${i.from} ${i.to}`
    const e = by.get(key) ?? { days: [], from: i.from, to: i.to }
    e.days.push(monday(i.day))
    by.set(key, e)
  }
  for (const e of by.values()) e.days.sort((a, b) => a - b)
  return [...by.values()].sort((a, b) => (a.days[0] ?? 0) - (b.days[0] ?? 0) || a.from - b.from)
}

/** withEntry adds one entry's hours, after taking another's away. */
export function withEntry(s: Schedule, add: Entry | undefined, remove?: Entry): Schedule {
  const cells = toCells(s)
  for (const day of remove?.days ?? []) fill(cells, day, remove!.from, remove!.to, false)
  for (const day of add?.days ?? []) fill(cells, day, add!.from, add!.to, true)
  return fromCells(cells)
}

/** blocks are what one day's row shows. */
export function blocks(cells: Cells, day: number): Block[] {
  // A week without a gap has no midnights to cross.
  if (cells.every(Boolean)) return [{ from: 0, to: dayMinutes, before: false, after: false }]
  const out: Block[] = []
  const first = day * perDay
  for (let i = 0; i < perDay; i++) {
    if (!cells[first + i] || (i > 0 && cells[first + i - 1])) continue
    let end = i
    while (end < perDay && cells[first + end]) end++
    out.push({
      from: i * step,
      to: end * step,
      before: i === 0 && !!cells[(first + cellsOfWeek - 1) % cellsOfWeek],
      after: end === perDay && !!cells[(first + perDay) % cellsOfWeek],
    })
  }
  return out
}

/** painted sets a rectangle of cells, from corner to corner, and leaves the rest. */
export function painted(cells: Cells, a: number, b: number, on: boolean): boolean[] {
  const out = [...cells]
  const [d1, d2] = [Math.floor(a / perDay), Math.floor(b / perDay)].sort((x, y) => x - y) as [number, number]
  const [t1, t2] = [a % perDay, b % perDay].sort((x, y) => x - y) as [number, number]
  for (let d = d1; d <= d2; d++) for (let t = t1; t <= t2; t++) out[d * perDay + t] = on
  return out
}

/** copied puts one day's hours on other days. */
export function copied(cells: Cells, from: number, to: readonly number[]): boolean[] {
  const out = [...cells]
  for (const d of to) for (let t = 0; t < perDay; t++) out[d * perDay + t] = !!cells[from * perDay + t]
  return out
}

export function isNever(s: Schedule): boolean {
  return s !== null && s.intervals.length === 0
}

export function same(a: Schedule, b: Schedule): boolean {
  const [x, y] = [toCells(a), toCells(b)]
  return x.every((on, i) => on === y[i])
}

const week = (days: number[], from: number, to: number): Schedule => withEntry({ intervals: [] }, { days, from, to })

export const presets = {
  always: null,
  work: week([0, 1, 2, 3, 4], 9 * 60, 18 * 60),
  nights: week([0, 1, 2, 3, 4, 5, 6], 20 * 60, 6 * 60),
  weekends: week([5, 6], 0, dayMinutes),
} as const satisfies Record<string, Schedule>
export type Preset = keyof typeof presets

/** presetOf names a schedule that is one of the presets. */
export function presetOf(s: Schedule): Preset | undefined {
  return (Object.keys(presets) as Preset[]).find(k => same(presets[k], s))
}

/** cellAt is the week's cell of an instant on the wall clock of a zone. */
export function cellAt(ms: number, zone: string): number {
  return cellWith(clockOf(zone), ms)
}

function clockOf(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone })
}

const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

function cellWith(clock: Intl.DateTimeFormat, ms: number): number {
  let day = 0, hour = 0, minute = 0
  for (const p of clock.formatToParts(ms)) {
    if (p.type === 'weekday') day = weekdays.indexOf(p.value)
    else if (p.type === 'hour') hour = Number(p.value)
    else if (p.type === 'minute') minute = Number(p.value)
  }
  return day * perDay + Math.floor((hour * 60 + minute) / step)
}

export interface Change {
  at: number
  opens: boolean
}

/**
 * changes are the next `n` instants at which looking begins or ends, within 15
 * days. Only the wall clock of each quarter hour counts, as on the server: an
 * hour that daylight saving skips opens nothing, a repeated one opens twice.
 */
export function changes(s: Schedule, zone: string, now: number, n: number): Change[] {
  const cells = toCells(s)
  const out: Change[] = []
  if (cells.every(Boolean) || !cells.some(Boolean)) return out
  const clock = clockOf(zone)
  const quarter = step * 60_000
  let open = !!cells[cellWith(clock, now)]
  for (let at = (Math.floor(now / quarter) + 1) * quarter; out.length < n && at < now + 15 * 86_400_000; at += quarter) {
    const next = !!cells[cellWith(clock, at)]
    if (next !== open) out.push({ at, opens: next })
    open = next
  }
  return out
}

/** hhmm writes minutes of a day as 09:15; the day's end is 24:00. */
export function hhmm(minutes: number): string {
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
