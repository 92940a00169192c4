import { beforeEach, describe, expect, it } from 'vitest'
import en from '../../../../internal/i18n/catalogues/en.json'
import { useTexts } from '../i18n/i18n'
import type { Shown } from '../player/state'
import { Voice, type Heard } from './say'

const tile = (camera: string, state: Shown): Heard => ({ camera, name: `Camera ${camera}`, state })
const none = { polite: '', alert: '' }

describe('what is read out', () => {
  beforeEach(() => useTexts('en', en))

  it('says each change once, and offline at once', () => {
    const v = new Voice()
    expect(v.next([tile('a', 'connecting')], 0)).toEqual(none)
    expect(v.next([tile('a', 'live')], 0)).toEqual(none) // a wall that works is silent
    expect(v.next([tile('a', 'stalled')], 1)).toEqual({ polite: 'Camera a, Stalled', alert: '' })
    expect(v.next([tile('a', 'stalled')], 2)).toEqual(none)
    expect(v.next([tile('a', 'reconnecting')], 3)).toEqual({ polite: 'Camera a, Reconnecting', alert: '' })
    expect(v.next([tile('a', 'offline')], 4)).toEqual({ polite: '', alert: 'Camera a, Offline' })
    expect(v.next([tile('a', 'connecting')], 5)).toEqual(none)
    expect(v.next([tile('a', 'live')], 6)).toEqual({ polite: 'Camera a, Live', alert: '' })
  })

  it('alerts once a minute a camera', () => {
    const v = new Voice()
    const alerts = [0, 20_000, 40_000, 61_000].map(at => {
      v.next([tile('a', 'live'), tile('b', 'live')], at)
      return v.next([tile('a', 'offline'), tile('b', at === 20_000 ? 'offline' : 'live')], at).alert
    })
    expect(alerts).toEqual(['Camera a, Offline', 'Camera b, Offline', '', 'Camera a, Offline'])
  })

  it('says many changes in figures, and a first state that is not good', () => {
    const v = new Voice()
    expect(v.next([tile('a', 'closed'), tile('b', 'live')], 0).polite).toBe('Camera a, Closed')
    const six = ['1', '2', '3', '4', '5', '6'].map(c => tile(c, 'live'))
    expect(v.next(six, 1)).toEqual(none)
    expect(v.next(six.map(x => ({ ...x, state: 'reconnecting' as const })), 2).polite).toBe('6 reconnecting')
  })
})
