import { useEffect } from 'preact/hooks'

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

type Press = Pick<KeyboardEvent, 'key' | 'code' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'defaultPrevented' | 'repeat' | 'target'> & { getModifierState?(k: string): boolean }

const elsewhere = 'input, textarea, select, dialog, [role=menu], [role=dialog], [contenteditable]'

/**
 * bracket says which of the two keys of going back and ahead is pressed, by what
 * it writes or, on keyboards that write letters there, by its place.
 */
export function bracket(e: Press): -1 | 1 | 0 {
  const graph = e.getModifierState?.('AltGraph') ?? false
  if (e.metaKey || ((e.ctrlKey || e.altKey) && !graph)) return 0
  if (e.key === '[' || e.key === '{' || (!graph && e.code === 'BracketLeft')) return -1
  if (e.key === ']' || e.key === '}' || (!graph && e.code === 'BracketRight')) return 1
  return 0
}

/** letter is the Latin letter of a key: what it writes, or on other alphabets what is printed beside it. */
export function letter(e: Press): string {
  if (/^[a-z]$/i.test(e.key)) return e.key.toLowerCase()
  return e.key.length === 1 && e.key > '\u007f' ? (/^Key([A-Z])$/.exec(e.code)?.[1]?.toLowerCase() ?? '') : ''
}

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
  useEffect(() => {
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
