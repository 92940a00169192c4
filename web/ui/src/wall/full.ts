import { useLayoutEffect, useRef } from 'preact/hooks'
import type { Wall } from './wall'

/** What lies under a tile in full screen and must not be reached by Tab or by a screen reader. */
const under = '.tile:not(.full), .tools, .thumb, .guest-tools, .bar, .ph-nav, .line'

interface Back {
  focus: Element | null
  scroll: readonly [number, number]
}

/**
 * useFullScreen keeps the focus in a tile while it fills the screen and gives
 * back afterwards what was before: the same focus, the same scroll. The page
 * stays, and the tiles underneath keep playing, so nothing starts anew.
 */
export function useFullScreen(wall: Wall): void {
  const full = wall.full.value
  const back = useRef<Back | undefined>(undefined)
  useLayoutEffect(() => {
    if (full === undefined) return
    back.current ??= { focus: document.activeElement, scroll: [scrollX, scrollY] }
    const tile = document.querySelector<HTMLElement>('.tile.full')
    const rest = [...document.querySelectorAll<HTMLElement>(under)].filter(e => !e.inert)
    for (const e of rest) e.inert = true
    if (tile && !tile.contains(document.activeElement)) tile.focus({ preventScroll: true })
    return () => {
      for (const e of rest) e.inert = false
      if (wall.full.peek() !== undefined) return // from one tile to the next
      const { focus, scroll } = back.current ?? {}
      back.current = undefined
      if (focus instanceof HTMLElement && focus !== document.body && focus.isConnected) focus.focus({ preventScroll: true })
      if (scroll) window.scrollTo(...scroll)
    }
  }, [full, wall])
}
