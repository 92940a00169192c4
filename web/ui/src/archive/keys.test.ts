import { describe, expect, it } from 'vitest'
import { keyAct, type Acts } from './keys'

const done: string[] = []
const acts = new Proxy({}, { get: (_, name) => (...a: unknown[]) => done.push([name, ...a].join(' ')) }) as Acts
const press = (key: string, more: object = {}): string | undefined => {
  done.length = 0
  keyAct({ key, code: '', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, defaultPrevented: false, repeat: false, target: document.body, ...more }, true)?.(acts)
  return done[0]
}

describe('keys of the archive', () => {
  it('go through time as the specification says', () => {
    expect(press('[')).toBe('skip -10')
    expect(press('{', { shiftKey: true })).toBe('skip -30')
    expect(press(']')).toBe('skip 10')
    expect(press('l')).toBe('live')
    expect(press(',')).toBe('step -1')
    expect(press('.')).toBe('step 1')
    expect(press(' ')).toBe('play')
    expect(press('>')).toBe('speed 1')
    expect(press('+')).toBe('zoom 1')
    expect(press('n')).toBe('event 1')
    expect(press('o')).toBe('mark to')
    expect(press('3')).toBe('select 2')
  })
  it('do nothing in fields, with modifiers, or when they are off', () => {
    const field = document.createElement('input')
    expect(press('[', { target: field })).toBeUndefined()
    expect(press('l', { ctrlKey: true })).toBeUndefined()
    const button = document.createElement('button')
    expect(press(' ', { target: button })).toBeUndefined()
    expect(keyAct({ key: 'l', code: '', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, defaultPrevented: false, repeat: false, target: document.body }, false)).toBeUndefined()
    expect(keyAct({ key: ' ', code: '', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, defaultPrevented: false, repeat: false, target: document.body }, false)).toBeDefined()
  })
})
