import type { Visit } from './api'

/** here says whether a guest's page is open now, live or slowed. */
export function here(v: Visit): boolean {
  return v.watching || v.throttled === true
}

/** merged is the newest page and older ones: who is here first, in the order they came, so that no row moves under a finger; then last seen first. */
export function merged(newest: readonly Visit[], older: readonly Visit[]): Visit[] {
  const have = new Set(newest.map(v => v.id))
  const all = [...newest, ...older.filter(v => !have.has(v.id))]
  return [...all.filter(here).sort((a, b) => a.first_seen.localeCompare(b.first_seen)), ...all.filter(v => !here(v))]
}
