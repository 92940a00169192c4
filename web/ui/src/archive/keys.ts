import { useLayoutEffect } from 'preact/hooks'
import { bracket, letter, type Press } from '../wall/bracket'

/** What keys do on the archive's page. */
export interface Acts {
  play(): void
  skip(seconds: number): void
  step(by: 1 | -1): void
  speed(by: 1 | -1): void
  zoom(by: 1 | -1): void
  event(by: 1 | -1): void
  mark(end: 'from' | 'to'): void
  live(): void
  snapshot(): void
  select(n: number): void
  open(): void
  back(): void
  help(): void
}

const elsewhere = 'input, textarea, select, dialog, [role=menu], [role=dialog], [contenteditable]'

/** keyAct is what a key press asks for; with `single` off only keys that are no letters or signs do something (SC 2.1.4). */
export function keyAct(e: Press, single: boolean): ((a: Acts) => void) | undefined {
  if (e.defaultPrevented || (e.target as Element | null)?.closest?.(elsewhere)) return undefined
  const plain = !e.ctrlKey && !e.metaKey && !e.altKey
  const pressed = (e.target as Element | null)?.closest?.('button, a, summary, [role=switch]')
  if (plain && e.key === 'Escape') return a => a.back()
  if (plain && e.key === ' ' && !e.repeat && !pressed) return a => a.play()
  if (plain && e.key === 'Enter' && !e.repeat && !pressed) return a => a.open()
  if (!single) return undefined
  const side = bracket(e)
  if (side) return a => a.skip(side * (e.shiftKey ? 30 : 10))
  if (!plain) return undefined
  if (e.key === ',') return a => a.step(-1)
  if (e.key === '.') return a => a.step(1)
  if (e.key === '<') return a => a.speed(-1)
  if (e.key === '>') return a => a.speed(1)
  if (e.key === '-') return a => a.zoom(-1)
  if (e.key === '+' || e.key === '=') return a => a.zoom(1)
  if (e.repeat) return undefined
  if (e.key === '?') return a => a.help()
  if (/^[0-9]$/.test(e.key) && !e.shiftKey) return a => a.select(e.key === '0' ? 9 : Number(e.key) - 1)
  switch (letter(e)) {
    case 'l': return a => a.live()
    case 's': return a => a.snapshot()
    case 'f': return a => a.open()
    case 'i': return a => a.mark('from')
    case 'o': return a => a.mark('to')
    case 'n': return a => a.event(1)
    case 'p': return a => a.event(-1)
  }
  return undefined
}

/** useArchiveKeys listens while its page is mounted. */
export function useArchiveKeys(acts: Acts, single: boolean): void {
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
