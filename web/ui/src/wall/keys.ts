import { useLayoutEffect } from 'preact/hooks'
import { bracket, letter, type Press } from './bracket'

/** What the keys of a signed-in wall do beside those of its tiles. */
export interface Acts {
  /** Keeps the frame of the selected tile: as JPEG, or without loss. */
  snapshot(whole: boolean): void
  kiosk(): void
  /** Answers what happened at the selected tile's camera. */
  answer(): void
  /** Goes so many seconds back or ahead in the selected tile: from live into its recording. */
  skip(seconds: number): void
  /** Takes the selected tile back to live. */
  live(): void
}

/** Where letters are typed, or keys have a meaning of their own. */
const elsewhere = 'input, textarea, select, dialog, [role=menu], [contenteditable]'

/**
 * keyAct is what a key press asks for. None fires in fields, menus or dialogs;
 * with `single` off none does without a modifier (SC 2.1.4).
 */
export function keyAct(e: Press, single: boolean): ((a: Acts) => void) | undefined {
  if (!single || e.defaultPrevented || e.repeat) return undefined
  if ((e.target as Element | null)?.closest?.(elsewhere)) return undefined
  const side = bracket(e)
  if (side) return a => a.skip(side * (e.shiftKey ? 30 : 10))
  if (e.ctrlKey || e.metaKey || e.altKey) return undefined
  if (letter(e) === 'l') return a => a.live()
  switch (e.key.toLowerCase()) {
    case 's':
      return a => a.snapshot(e.shiftKey)
    case 'k':
      return a => a.kiosk()
    case 'a':
      return a => a.answer()
  }
  return undefined
}

/** isPatrolKey: Space, unless it presses the button or link that has the focus, or scrolls what is no wall. */
export function isPatrolKey(e: Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'defaultPrevented' | 'repeat' | 'target'>): boolean {
  if (e.key !== ' ' || e.defaultPrevented || e.altKey || e.ctrlKey || e.metaKey || e.shiftKey || e.repeat) return false
  return !(e.target as Element | null)?.closest?.(`${elsewhere}, button, a, summary, [role=switch]`)
}

/** useActKeys listens while its screen is mounted. */
export function useActKeys(acts: Acts, single: boolean): void {
  useLayoutEffect(() => {
    const down = (e: KeyboardEvent): void => {
      const act = keyAct(e, single)
      if (!act) return
      e.preventDefault()
      act(acts)
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  })
}
