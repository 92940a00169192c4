/** Avatar is two letters of a name; the name itself always stands beside it. */
export function Avatar({ name, large }: { name: string; large?: boolean }) {
  return <span class={`ava${large ? ' l' : ''}`} data-text={initials(name)} aria-hidden="true" />
}

export function initials(name: string): string {
  const words = name.split(/[\s@.]+/).filter(Boolean)
  const letters = words.length > 1 ? [words[0], words[1]].map(w => [...(w ?? '')][0]) : [...(words[0] ?? '')].slice(0, 2)
  return letters.join('').toUpperCase()
}
