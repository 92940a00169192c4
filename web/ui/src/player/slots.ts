/**
 * place decides which slot (the "cell" of the protocol) shows which item, so
 * that an item that stays visible keeps its slot, its tile and its stream
 * however the grid changes. `before` is the slot of each item by position;
 * the answer has one slot per position of `items`. An undefined item is an
 * empty place and takes no slot (-1). Slots are 0 … pool-1.
 */
export function place(before: ReadonlyMap<string, number>, items: readonly (string | undefined)[], pool: number): number[] {
  const taken = new Set<number>()
  const out: number[] = items.map(item => {
    const slot = item === undefined ? undefined : before.get(item)
    if (slot === undefined || slot >= pool || taken.has(slot)) return -1
    taken.add(slot)
    return slot
  })
  items.forEach((item, i) => {
    if (item === undefined || out[i] !== -1) return
    // Its own position first: on the next page the tile at a place swaps its picture there.
    let slot = i < pool && !taken.has(i) ? i : -1
    for (let s = 0; slot < 0 && s < pool; s++) if (!taken.has(s)) slot = s
    out[i] = slot
    if (slot >= 0) taken.add(slot)
  })
  return out
}

/** poolFor is the pool size for so many cells: 2, 6 or 16, so that a rotation needs no growth beyond one step. */
export function poolFor(cells: number): number {
  if (cells <= 2) return 2
  return cells <= 6 ? 6 : 16
}
