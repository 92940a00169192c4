import { beforeEach, describe, expect, it, vi } from 'vitest'
import { chooseView, chosenView, gridHere, setGridHere, setViewHere, viewHere } from './here'

describe('TestR98_what one device is set to', () => {
  beforeEach(() => {
    setViewHere('desktop', undefined)
    setGridHere('desktop', undefined)
  })
  it('keeps view and grid apart, by kind of device', () => {
    setViewHere('desktop', 'night')
    setGridHere('desktop', { rows: 3, columns: 3, big: true })
    expect([viewHere('desktop'), viewHere('phone')]).toEqual(['night', undefined])
    expect(gridHere('desktop')).toEqual({ rows: 3, columns: 3, big: true })
    setViewHere('desktop', undefined)
    expect([viewHere('desktop'), gridHere('desktop')?.rows]).toEqual([undefined, 3])
  })
  it('believes nothing that cannot be', () => {
    setGridHere('desktop', { rows: 9, columns: 2 })
    expect(gridHere('desktop')).toBeUndefined()
    setGridHere('desktop', { rows: 2, columns: 2, big: true })
    expect(gridHere('desktop')).toEqual({ rows: 2, columns: 2 })
  })
  it('lasts as long as the page where the browser keeps nothing', () => {
    vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => { throw new Error('full') })
    setViewHere('desktop', 'day')
    expect(viewHere('desktop')).toBe('day')
  })
  it('remembers what was chosen last', () => {
    chooseView('yard')
    expect(chosenView()).toBe('yard')
  })
})
