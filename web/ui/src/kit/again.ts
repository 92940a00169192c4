import { useEffect } from 'preact/hooks'
import type { Problem } from '../api/problem'

/** againIn is after how many milliseconds a page asks again by itself; undefined where only a person can help. */
export function againIn(p: Problem | undefined, jitter = Math.random()): number | undefined {
  if (!p || (p.status !== 503 && p.code !== 'network')) return undefined
  return (Math.max(2, p.retryAfter ?? 0) + jitter) * 1000
}

/** useAgain calls retry when the server, its store or the network may be back: a wall has nobody to press a button. */
export function useAgain(problem: Problem | undefined, retry: () => void): void {
  useEffect(() => {
    const wait = againIn(problem)
    if (wait === undefined) return
    const timer = setTimeout(retry, wait)
    return () => clearTimeout(timer)
  }, [problem])
}
