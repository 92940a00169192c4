import { describe, expect, it } from 'vitest'
import { levels, presetOfLevels, toggle } from './levels'

describe('TestR11_levels', () => {
  it('ticks Archive with Download and says so', () => {
    expect(toggle(['online'], 'download')).toEqual({ levels: ['online', 'archive', 'download'], coupling: 'archive_ticked' })
  })
  it('clears Download with Archive and says so', () => {
    expect(toggle(['online', 'archive', 'download'], 'archive')).toEqual({ levels: ['online'], coupling: 'download_cleared' })
  })
  it('keeps the last one', () => {
    expect(toggle(['notices'], 'notices')).toEqual({ levels: ['notices'], coupling: 'keep_one' })
    // Archive takes Download with it, and then nothing would be left.
    expect(toggle(['archive', 'download'], 'archive')).toEqual({ levels: ['archive', 'download'], coupling: 'keep_one' })
  })
  it('reaches exactly the 11 legal sets', () => {
    const seen = new Set<string>(['online'])
    const todo = [['online']] as Parameters<typeof toggle>[0][]
    for (let set = todo.pop(); set; set = todo.pop()) {
      for (const l of levels) {
        const next = toggle(set, l).levels
        if (!seen.has(next.join())) {
          seen.add(next.join())
          todo.push(next)
        }
      }
    }
    expect(seen.size).toBe(11)
    for (const s of seen) expect(s.includes('download') && !s.includes('archive')).toBe(false)
  })
  it('names presets', () => {
    expect(presetOfLevels(['archive', 'online'])).toBe('archive')
    expect(presetOfLevels(['notices'])).toBeUndefined()
  })
})
