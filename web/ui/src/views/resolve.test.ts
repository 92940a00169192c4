import { describe, expect, it } from 'vitest'
import type { Camera, View } from '../api/wire'
import { t } from '../i18n/i18n'
import { oneFive } from '../wall/grid'
import { byName, every, gridFor, itemsOf, keep, leftOut, nameOf, pick } from './resolve'

const cam = (id: string, order = 0): Camera => ({ id, name: id.toUpperCase(), order, sound: false, mine: order > 0, enabled: true, kind: 'rtsp', zone: 'UTC', owner: { id: 'o', name: 'O' }, access: { allowed: true, reason: 'ok' } })
const view = (id: string, more: Partial<View> = {}): View => ({ id, name: id, rows: 2, columns: 3, cells: [], version: 1, ...more })

describe('view menu', () => {
  it('calls every view something, the one an account begins with too', () => {
    expect(nameOf(undefined)).toBe(t('wall.all_cameras'))
    expect(nameOf({ name: '' })).toBe(t('wall.first_camera'))
    expect(nameOf({ name: 'Yard' })).toBe('Yard')
  })
  it('sorts names as people do', () => {
    expect(byName(['View 10', 'yard', 'View 2', 'Gate'].map(name => view(name))).map(v => v.name)).toEqual(['Gate', 'View 2', 'View 10', 'yard'])
  })
})

describe('a camera that is taken away while all cameras are shown', () => {
  const item = (camera: string) => ({ camera, name: camera, sound: false })
  it('keeps its cell, so that no other moves', () => {
    expect(keep([item('a'), item('b'), item('c')], [item('a'), item('c')]).map(x => x?.camera)).toEqual(['a', 'b', 'c'])
    expect(keep([item('a'), item('b')], [item('a')]).map(x => x?.camera)).toEqual(['a', 'b'])
  })
  it('lets new ones in behind', () => {
    expect(keep([item('a'), item('b')], [item('a'), item('b'), item('n')]).map(x => x?.camera)).toEqual(['a', 'b', 'n'])
    expect(keep([], [item('n')]).map(x => x?.camera)).toEqual(['n'])
  })
})

describe('TestR98_which view a device opens on', () => {
  const views = [view('day', { default_for: ['desktop'] }), view('hand', { default_for: ['phone'] }), view('night')]
  for (const [name, chosen, here, device, want] of [
    ['the account default of a PC', undefined, undefined, 'desktop', 'day'],
    ['the account default of a phone', undefined, undefined, 'phone', 'hand'],
    ['this device may have another', undefined, 'night', 'phone', 'night'],
    ['or every camera', undefined, every, 'desktop', every],
    ['what was chosen now comes first', 'hand', 'night', 'desktop', 'hand'],
    ['a view that is gone counts as none', 'x', 'y', 'desktop', 'day'],
  ] as const) {
    it(name, () => expect(pick(views, chosen, here, device)).toBe(want))
  }
  it('without a default a phone takes that of the PC, else every camera', () => {
    expect(pick([view('a'), view('b', { default_for: ['desktop'] })], undefined, undefined, 'phone')).toBe('b')
    expect(pick([view('a'), view('b')], undefined, undefined, 'phone')).toBe(every)
  })
  it('without a default a PC takes the first, without a view every camera', () => {
    expect(pick([view('a'), view('b')], undefined, undefined, 'desktop')).toBe('a')
    expect(pick([], undefined, undefined, 'phone')).toBe(every)
  })
})

describe('what a view shows', () => {
  const list = [cam('own', 1), cam('second', 2), cam('theirs')] // the account's order: own ones first
  it('TestR89_takes "any, #n" from the account order, whoever owns the camera', () => {
    const shown = itemsOf(view('v', { cells: [{ any: 1 }, { any: 3 }, { any: 9 }, {}] }), list)
    expect(shown.map(i => i?.camera)).toEqual(['own', 'theirs', undefined, undefined])
    expect(itemsOf(undefined, list).map(i => i?.camera)).toEqual(['own', 'second', 'theirs'])
  })
  it('TestR99_keeps the cell of a camera that may not be seen, without a name', () => {
    expect(itemsOf(view('v', { cells: [{ camera: 'gone' }, { camera: 'own' }] }), list)).toMatchObject([{ camera: 'gone', name: '' }, { camera: 'own', name: 'OWN' }])
  })
  it('shows a camera twice where it stands twice', () => {
    expect(itemsOf(view('v', { cells: [{ camera: 'own' }, { any: 1 }] }), list).map(i => i?.key ?? i?.camera)).toEqual(['own', 'own#2'])
  })
  it('counts what it leaves out', () => {
    expect(leftOut(view('v', { cells: [{ any: 1 }, { camera: 'own' }] }), list)).toBe(2)
    expect(leftOut(undefined, list)).toBe(0)
  })
  it('TestR73_pages by two on a phone, but shows a view made for phones as it was made', () => {
    expect(gridFor(view('v'), true, 6)).toEqual({ rows: 2, columns: 1 })
    expect(gridFor(view('v', { default_for: ['phone'] }), true, 6)).toEqual({ rows: 2, columns: 3 })
    expect(gridFor(view('v', { rows: 1, columns: 1 }), true, 6)).toEqual({ rows: 1, columns: 1 })
    expect(gridFor(view('v', { layout: '1+5' }), false, 6)).toEqual(oneFive)
    expect(gridFor(undefined, false, 7)).toEqual({ rows: 3, columns: 3 })
    expect(gridFor(undefined, false, 7, { rows: 2, columns: 2 })).toEqual({ rows: 2, columns: 2 })
    expect(gridFor(undefined, true, 1)).toEqual({ rows: 1, columns: 1 })
  })
})
