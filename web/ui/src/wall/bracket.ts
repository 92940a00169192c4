/** Press is what of a key press decides. */
export type Press = { code?: string } & Pick<KeyboardEvent, 'key' | 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'defaultPrevented' | 'repeat' | 'target'> & { getModifierState?(k: string): boolean }

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
  return e.key.length === 1 && e.key > '\u007f' ? (/^Key([A-Z])$/.exec(e.code ?? '')?.[1]?.toLowerCase() ?? '') : ''
}
