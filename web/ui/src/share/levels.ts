import type { Level, Right } from '../api/access'

/** The four levels in the order they are shown (row R11). */
export const levels: readonly Level[] = ['online', 'archive', 'notices', 'download']

export const levelPresets = {
  live: ['online'],
  archive: ['online', 'archive'],
  everything: ['online', 'archive', 'notices', 'download'],
} as const satisfies Record<string, readonly Level[]>
export type LevelPreset = keyof typeof levelPresets

/** What a tick did besides itself, to be said. */
export type Coupling = 'archive_ticked' | 'download_cleared' | 'keep_one' | undefined

/** toggle ticks or clears a level: Download needs Archive, and one level always stays. */
export function toggle(present: readonly Level[], level: Level): { levels: Level[]; coupling: Coupling } {
  const set = new Set(present)
  let coupling: Coupling
  if (!set.has(level)) {
    set.add(level)
    if (level === 'download' && !set.has('archive')) {
      set.add('archive')
      coupling = 'archive_ticked'
    }
  } else {
    set.delete(level)
    if (level === 'archive' && set.delete('download')) coupling = 'download_cleared'
    if (set.size === 0) return { levels: ordered(present), coupling: 'keep_one' }
  }
  return { levels: ordered([...set]), coupling }
}

export function ordered(list: readonly Level[]): Level[] {
  return levels.filter(l => list.includes(l))
}

export function presetOfLevels(list: readonly Level[]): LevelPreset | undefined {
  return (Object.keys(levelPresets) as LevelPreset[]).find(k => sameSet(levelPresets[k], list))
}

export function sameSet(a: readonly (Level | Right)[], b: readonly (Level | Right)[]): boolean {
  return a.length === b.length && a.every(x => b.includes(x))
}
