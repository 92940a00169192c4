import { describe, expect, it } from 'vitest'
import { bracket, letter, type Press } from './bracket'

const press = (p: Partial<Press>, graph = false): Press => ({ key: '', code: '', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, defaultPrevented: false, repeat: false, target: null, getModifierState: () => graph, ...p })

describe('the keys of going back and ahead', () => {
  it('are known by what they write, and by their place on other alphabets', () => {
    expect(bracket(press({ key: '[', code: 'BracketLeft' }))).toBe(-1)
    expect(bracket(press({ key: '}', code: 'BracketRight', shiftKey: true }))).toBe(1)
    expect(bracket(press({ key: 'х', code: 'BracketLeft' }))).toBe(-1) // Ukrainian
    expect(bracket(press({ key: '[', code: 'Digit8', ctrlKey: true, altKey: true }, true))).toBe(-1) // German, with AltGr
    expect(bracket(press({ key: '[', code: 'BracketLeft', ctrlKey: true }))).toBe(0) // the browser's own
    expect(bracket(press({ key: 'a', code: 'KeyA' }))).toBe(0)
  })
  it('read letters of other alphabets by what is printed beside them', () => {
    expect(letter(press({ key: 'L', code: 'KeyL' }))).toBe('l')
    expect(letter(press({ key: 'д', code: 'KeyL' }))).toBe('l')
    expect(letter(press({ key: ',', code: 'KeyW' }))).toBe('')
  })
})
