import { describe, expect, it } from 'vitest'
import type { View, ViewCell } from '../api/wire'
import { oneFive, type Grid } from '../wall/grid'
import { body, clear, copyName, difference, differs, draftOf, effectOf, firstFree, nextAny, onTop, put, resize, toggleDefault } from './draft'

const view = (rows: number, columns: number, cameras: string, more: Partial<View> = {}): View => ({
  id: 'v', name: 'Yard', rows, columns, layout: 'grid', version: 7, default_for: [],
  cells: [...cameras].map(c => (c === '.' ? {} : /\d/.test(c) ? { any: Number(c) } : { camera: c })), ...more,
})
const text = (cells: readonly ViewCell[]): string => cells.map(c => c.camera ?? c.any ?? '.').join('')
const g = (rows: number, columns: number): Grid => ({ rows, columns })

describe('a view being arranged', () => {
  it('puts, swaps, replaces and empties', () => {
    const d = draftOf(view(2, 2, 'a1..'))
    expect(text(put(d, 2, { camera: 'b' }).cells)).toBe('a1b.')
    expect(text(put(d, 1, { camera: 'a' }).cells)).toBe('1a..') // it has a cell already: they change places
    expect(text(put(d, 0, { any: 1 }, 1).cells)).toBe('1a..')
    expect(text(put(d, 1, { camera: 'b' }).cells)).toBe('ab..')
    expect(text(put(d, 2, { any: 1 }).cells)).toBe('a11.') // a number may stand twice
    expect(put(d, 0, { camera: 'a' })).toBe(d)
    expect(put(d, 4, { camera: 'b' })).toBe(d)
    expect(text(clear(d, 0).cells)).toBe('.1..')
    expect(clear(d, 3)).toBe(d)
    expect([firstFree(d), nextAny(d), nextAny(draftOf(view(1, 3, '13a')))]).toEqual([2, 2, 2])
  })

  it('says before a drop what it would do', () => {
    const d = draftOf(view(2, 2, 'ab..'))
    expect(effectOf(d, 0, { camera: 'a' }, 0)).toBe('same')
    expect(effectOf(d, 0, { camera: 'a' })).toBe('same')
    expect(effectOf(d, 2, { camera: 'a' }, 0)).toBe('free')
    expect(effectOf(d, 1, { camera: 'a' }, 0)).toBe('swap')
    expect(effectOf(d, 1, { camera: 'a' })).toBe('swap')
    expect(effectOf(d, 1, { camera: 'c' })).toBe('replace')
    expect(effectOf(d, 3, { any: 1 })).toBe('free')
  })

  for (const [name, from, to, cells, aside] of [
    ['a smaller grid keeps rows and columns', view(2, 3, 'ab.d..'), g(2, 2), 'abd.', ''],
    ['what is outside takes a free cell', view(2, 3, 'a.cd..'), g(2, 2), 'acd.', ''],
    ['what finds none is kept aside', view(3, 3, 'abcdefghi'), g(2, 2), 'abde', 'cfghi'],
    ['a larger one keeps rows and columns', view(2, 2, 'abcd'), g(2, 3), 'ab.cd.', ''],
    ['one cell of six', view(2, 3, '.b.d..'), g(1, 1), 'b', 'd'],
    ['six to one and five', view(2, 3, 'abcdef'), oneFive, 'acfbde', ''],
    ['one and five to six', view(3, 3, 'abcdef', { layout: '1+5' }), g(2, 3), 'adbefc', ''],
    ['sixteen to one and five', view(4, 4, 'abcdefghijklmnop'), oneFive, 'acgijk', 'bdefhlmnop'],
  ] as [string, View, Grid, string, string][]) {
    it(`TestR89_resizes and loses nothing: ${name}`, () => {
      const before = draftOf(from)
      const after = resize(before, to)
      const all = (s: string): string => [...s].filter(c => c !== '.').sort().join('')
      expect(all(text(after.cells) + text(after.aside))).toBe(all(text(before.cells)))
      expect([text(after.cells), text(after.aside)]).toEqual([cells, aside])
      // Back again, and everything is where it was.
      expect(text(resize(after, before.grid).cells)).toBe(text(before.cells))
      expect(resize(after, before.grid).aside).toEqual([])
    })
  }

  it('lets what is aside be taken by a cell, and by a larger grid after a change', () => {
    let d = resize(draftOf(view(2, 2, 'abcd')), g(1, 2))
    expect([text(d.cells), text(d.aside)]).toEqual(['ab', 'cd'])
    d = put(d, 0, { camera: 'd' })
    expect([text(d.cells), text(d.aside)]).toEqual(['db', 'c'])
    d = resize(d, g(2, 2))
    expect([text(d.cells), text(d.aside)]).toEqual(['dbc.', ''])
  })

  it('knows what differs, and tidies what is sent', () => {
    const d = draftOf(view(2, 2, 'ab'))
    expect(differs(d, draftOf(view(2, 2, 'ab..', { cells: [{ camera: 'a', any: 0 }, { camera: 'b' }, { camera: '' }, {}] })))).toBe(false)
    expect(difference(put(d, 3, { any: 2 }), d)).toEqual({ name: false, grid: false, cells: 1, defaults: false })
    expect(difference(toggleDefault({ ...d, name: 'Gate' }, 'phone', true), d)).toEqual({ name: true, grid: false, cells: 0, defaults: true })
    expect(body(resize({ ...d, name: ' Gate ' }, oneFive))).toEqual({
      name: 'Gate', rows: 3, columns: 3, layout: '1+5', version: 7, default_for: [],
      cells: [{ camera: 'a' }, { camera: 'b' }, {}, {}, {}, {}],
    })
  })

  it('goes on top of what another page stored, where the two do not meet', () => {
    const before = draftOf(view(2, 2, 'ab..', { default_for: ['phone'] }))
    const mine = put(before, 2, { camera: 'c' })
    const moved = draftOf(view(2, 2, 'ab..', { version: 9 }))
    expect(onTop(mine, before, moved)).toMatchObject({ version: 9, defaults: [], cells: mine.cells })
    expect(onTop(toggleDefault(mine, 'desktop', true), before, moved)).toBeUndefined()
    expect(onTop(mine, before, draftOf(view(2, 2, 'ab.d', { version: 9 })))).toBeUndefined()
    expect(onTop(mine, before, draftOf(view(2, 2, 'ab..', { version: 9, name: 'Other', default_for: ['phone'] })))).toBeUndefined()
  })

  it('names copies', () => {
    expect(copyName('Yard', ['Yard'])).toBe('Yard 2')
    expect(copyName('Yard 2', ['yard', 'YARD 2'])).toBe('Yard 3')
    expect([...copyName('ї'.repeat(60), [])].length).toBe(60)
  })
})
