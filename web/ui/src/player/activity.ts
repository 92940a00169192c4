import type { ClientMessage } from '../api/messages'
import { elapsed } from './elapsed'

const inputEvery = 10_000

/** A second that took longer than this was a sleep, ms. */
const sleptAfter = 3000

/**
 * watchActivity tells the server that somebody is there (at most once in ten
 * seconds) and whether the tab can be seen. Returns a function that stops it.
 */
export function watchActivity(send: (m: ClientMessage) => boolean, onVisible: (visible: boolean) => void): () => void {
  let last = Number.NEGATIVE_INFINITY
  const input = (): void => {
    const now = performance.now()
    if (now - last < inputEvery) return
    if (send({ type: 'input' })) last = now
  }
  const visibility = (): void => {
    const visible = document.visibilityState !== 'hidden'
    send({ type: 'visible', visible })
    onVisible(visible)
  }
  const events = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart'] as const
  for (const e of events) addEventListener(e, input, { passive: true, capture: true })
  document.addEventListener('visibilitychange', visibility)
  return () => {
    for (const e of events) removeEventListener(e, input, { capture: true })
    document.removeEventListener('visibilitychange', visibility)
  }
}

/**
 * watchReturn calls `back` when time may have passed that no timer saw, or the
 * way to the server may be another one: after a sleep, when the network is
 * back or has changed, when a page that was put away is taken out again.
 * Returns a function that stops it.
 */
export function watchReturn(back: () => void): () => void {
  let before = elapsed()
  const timer = setInterval(() => {
    const now = elapsed()
    const gap = now - before
    before = now
    if (gap > sleptAfter && document.visibilityState !== 'hidden') back()
  }, 1000)
  const shown = (): void => { if (document.visibilityState !== 'hidden') back() }
  // Where a browser tells it: from one network to another without a moment between them.
  const way = (navigator as { connection?: EventTarget & { type?: string } }).connection
  let kind = way?.type
  const moved = (): void => {
    if (way?.type === kind) return
    kind = way?.type
    back()
  }
  addEventListener('online', back)
  document.addEventListener('resume', shown)
  document.addEventListener('visibilitychange', shown)
  way?.addEventListener('change', moved)
  return () => {
    clearInterval(timer)
    removeEventListener('online', back)
    document.removeEventListener('resume', shown)
    document.removeEventListener('visibilitychange', shown)
    way?.removeEventListener('change', moved)
  }
}
