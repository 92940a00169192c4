/** byKey sorts things into lists by a key; keys come in the order they are first met. */
export function byKey<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const out = new Map<string, T[]>()
  for (const item of list) {
    const k = key(item)
    const have = out.get(k)
    if (have) have.push(item)
    else out.set(k, [item])
  }
  return out
}
