import { beforeEach, afterEach, expect, it, vi } from 'vitest'
import { Deck } from './deck'
import type { Footage } from './footage'

const start = Date.parse('2026-11-22T14:00:00Z')

/** standing is a deck whose seek to a media second ended while nobody saw it, with its element at another. */
function standing(target: number, at: number) {
  const footage = { problem: { peek: () => undefined }, camera: 'a' } as unknown as Footage
  const deck = new Deck(footage)
  const video = Object.assign(document.createElement('video'), { currentTime: at })
  Object.defineProperties(video, { readyState: { value: 4 }, seeking: { value: false }, paused: { value: true } })
  deck.attach(video)
  const engine = { placed: () => [{ piece: { at: start, seconds: 60 }, start: 0 }], pace() {}, dispose() {} }
  Object.assign(deck, { engine, target })
  const follow = (media: number): void => {
    deck.follow(start + media * 1000, false, 1, true)
    vi.advanceTimersByTime(700)
    deck.follow(start + media * 1000, false, 1, true)
  }
  return { deck, video, follow }
}

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

it('takes what is on the screen where nobody saw that a seek ended', () => {
  const { deck, follow } = standing(20, 20)
  follow(20)
  expect(deck.view.peek()).toMatchObject({ state: 'recorded', at: start + 20_000 })
})

it('goes there once more where the element has come to lie elsewhere', () => {
  const { deck, video, follow } = standing(20, 25)
  follow(20)
  expect(deck.view.peek().state).toBe('loading')
  expect(video.currentTime).toBe(20)
  follow(20)
  expect(deck.view.peek()).toMatchObject({ state: 'recorded', at: start + 20_000 })
})
