import type { Visit } from './api'

/** merged is the newest page and older ones: who is here first, in the order they came, so that no row moves under a finger; then last seen first. */
export function merged(newest: readonly Visit[], older: readonly Visit[]): Visit[] {
  const have = new Set(newest.map(v => v.id))
  const all = [...newest, ...older.filter(v => !have.has(v.id))]
  const here = (v: Visit): boolean => v.watching || v.throttled === true
  return [...all.filter(here).sort((a, b) => a.first_seen.localeCompare(b.first_seen)), ...all.filter(v => !here(v))]
}
