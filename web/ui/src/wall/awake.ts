/** How soon a lock that was refused or lost is asked for again, ms. */
const again = 10_000

/**
 * keepAwake keeps the screen from going dark. The browser lets go of the lock
 * whenever the page cannot be seen: it is taken again each time it can. Without
 * the Wake Lock API (or without https) the screen's own settings decide. Returns
 * what ends it.
 */
export function keepAwake(nav: Pick<Navigator, 'wakeLock'> | undefined = typeof navigator === 'undefined' ? undefined : navigator): () => void {
  let over = false
  let lock: WakeLockSentinel | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const take = async (): Promise<void> => {
    clearTimeout(timer)
    if (over || document.visibilityState === 'hidden' || !nav?.wakeLock || (lock && !lock.released)) return
    try {
      const got = await nav.wakeLock.request('screen')
      if (over) {
        await got.release()
        return
      }
      lock = got
      got.addEventListener('release', () => void take())
    } catch {
      if (!over) timer = setTimeout(() => void take(), again) // a low battery refuses; that may pass
    }
  }
  const changed = (): void => void take()
  document.addEventListener('visibilitychange', changed)
  void take()
  return () => {
    over = true
    clearTimeout(timer)
    document.removeEventListener('visibilitychange', changed)
    void lock?.release().catch(() => {})
  }
}
