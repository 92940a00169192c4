import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ClientMessage } from '../api/messages'
import { byKeys, Steer, toward } from './steer'

const right = { pan: 1, tilt: 0, zoom: 0 }
let sent: ClientMessage[] = []
let connected = true
const steer = (): Steer => new Steer({ camera: 'c', send: m => { if (connected) sent.push(m); return connected } })
const kinds = (): string[] => sent.map(m => Object.keys(m).filter(k => k !== 'type' && k !== 'camera').join())

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
  sent = []
  connected = true
})
afterEach(() => vi.useRealTimers())

test('what is held is said again until it is let go, and stop is said at once', () => {
  const s = steer()
  s.hold(right)
  vi.advanceTimersByTime(1000)
  expect(kinds()).toEqual(['move', 'move', 'move', 'move', 'move'])
  s.release()
  vi.advanceTimersByTime(1000)
  expect(kinds().slice(5)).toEqual(['stop'])
  s.release()
  expect(sent).toHaveLength(6)
  s.close()
})

test('a hand that draws circles does not flood', () => {
  const s = steer()
  for (let i = 0; i < 100; i++) {
    s.hold({ pan: Math.cos(i), tilt: Math.sin(i), zoom: 0 })
    vi.advanceTimersByTime(10)
  }
  expect(sent.length).toBeLessThan(18)
  s.close()
})

test('leaving the window, the page or the camera stops', () => {
  for (const leave of [() => dispatchEvent(new Event('blur')), () => dispatchEvent(new Event('pagehide'))]) {
    sent = []
    const s = steer()
    s.hold(right)
    leave()
    expect(kinds()).toEqual(['move', 'stop'])
    s.close()
    expect(kinds()).toEqual(['move', 'stop', 'watch'])
  }
})

test('without a connection nothing is held, and it is told', () => {
  const s = steer()
  s.hold(right)
  connected = false
  vi.advanceTimersByTime(300)
  expect(s.lost.value).toBe(true)
  expect(s.held.value).toBeUndefined()
  connected = true
  vi.advanceTimersByTime(2000)
  expect(kinds()).toEqual(['move']) // nobody presses it any more
  s.up()
  expect(s.lost.value).toBe(false)
  s.close()
})

test('who is refused lets go', () => {
  const s = steer()
  s.hold(right)
  s.message({ type: 'ptz', ptz: { camera: 'other', moving: false, reason: 'x' } })
  expect(s.held.value).toEqual(right)
  s.message({ type: 'ptz', ptz: { camera: 'c', moving: false, reason: 'steered' } })
  expect(s.held.value).toBeUndefined()
  vi.advanceTimersByTime(1000)
  expect(kinds()).toEqual(['move'])
  s.close()
})

test('the pad: nothing in its middle, straight where nearly straight, never faster than the edge', () => {
  expect(toward(0.05, 0.05)).toEqual({ pan: 0, tilt: 0, zoom: 0 })
  expect(toward(0.8, 0.1)).toMatchObject({ tilt: 0 })
  expect(toward(0, -3)).toEqual({ pan: 0, tilt: 1, zoom: 0 })
  const v = toward(2, 2)
  expect(Math.hypot(v.pan, v.tilt)).toBeLessThanOrEqual(1.01)
})

test('keys go together', () => {
  expect(byKeys(new Set(['ArrowUp', 'ArrowLeft', '+']), true)).toEqual({ pan: -1, tilt: 1, zoom: 1 })
  expect(byKeys(new Set(['ArrowUp', 'ArrowDown']), false)).toEqual({ pan: 0, tilt: 0, zoom: 0 })
})
