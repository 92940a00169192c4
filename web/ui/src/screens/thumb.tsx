import { useEffect, useState } from 'preact/hooks'
import { accountViewing } from '../api/api'
import type { Camera } from '../api/wire'

const renew = 60_000

/** Thumb is the newest still of a camera; where there is none, or it may not be watched now, an empty place of the same size. */
export function Thumb({ camera: c }: { camera: Camera }) {
  const [url, setURL] = useState<string>()
  const may = c.access.allowed && c.enabled
  useEffect(() => {
    if (!may) return
    let gone = false
    let shown: string | undefined
    const load = async (): Promise<void> => {
      if (document.visibilityState === 'hidden') return
      const p = await accountViewing.poster(c.id)
      if (gone || !p) return
      const next = URL.createObjectURL(p.blob)
      setURL(next)
      if (shown) URL.revokeObjectURL(shown)
      shown = next
    }
    void load()
    const timer = setInterval(() => void load(), renew)
    return () => {
      gone = true
      clearInterval(timer)
      if (shown) URL.revokeObjectURL(shown)
      setURL(undefined)
    }
  }, [c.id, may])
  return <span class="cam-thumb" aria-hidden="true">{url && <img src={url} alt="" />}</span>
}
