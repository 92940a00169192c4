import { describe, expect, it } from 'vitest'
import { t } from '../i18n/i18n'
import { keep, nameOf } from './wall'

describe('view menu', () => {
  it('calls every view something, the one an account begins with too', () => {
    expect(nameOf(undefined)).toBe(t('wall.all_cameras'))
    expect(nameOf({ name: '' })).toBe(t('wall.first_camera'))
    expect(nameOf({ name: 'Yard' })).toBe('Yard')
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
