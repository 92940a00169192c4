import { useEffect, useState } from 'preact/hooks'
import type { Thumbs } from './thumbs'

/** What shows within this after a cell came in sight is not a scroll passing by, ms. */
const rest = 70

/** useThumb is the object URL of a thumbnail: undefined while it comes, null where there is none. */
export function useThumb(thumbs: Thumbs, url: string): string | null | undefined {
  const [here, put] = useState<string | null | undefined>(() => thumbs.peek(url))
  useEffect(() => {
    let off: (() => void) | undefined
    const ask = (): void => { off = thumbs.get(url, u => put(u ?? null)) }
    if (thumbs.peek(url)) ask()
    else put(undefined)
    const timer = thumbs.peek(url) ? undefined : setTimeout(ask, rest)
    return () => {
      clearTimeout(timer)
      off?.()
    }
  }, [thumbs, url])
  return here
}
