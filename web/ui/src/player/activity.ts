import type { ClientMessage } from '../api/messages'

const inputEvery = 10_000

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
