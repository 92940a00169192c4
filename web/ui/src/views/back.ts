import { useEffect, useRef } from 'preact/hooks'

/**
 * useBack lets the browser's back button close what is open over a page,
 * instead of leaving the page: `onBack` says whether it closes, else it stays.
 */
export function useBack(onBack: () => boolean): void {
  const latest = useRef(onBack)
  latest.current = onBack
  useEffect(() => {
    const mark = String(Math.random())
    const on = (): boolean => (history.state as { over?: string } | null)?.over === mark
    const push = (): void => history.pushState({ over: mark }, '', location.href)
    push()
    let closed = false
    const back = (): void => {
      if (on()) return
      closed = latest.current()
      if (!closed) push()
    }
    addEventListener('popstate', back)
    return () => {
      removeEventListener('popstate', back)
      // Closed otherwise: its entry goes, unless another page was gone to meanwhile.
      if (!closed && on()) history.back()
    }
  }, [])
}
