import { signal } from '@preact/signals'

/** The path shown. Everything that decides by it reads this signal. */
export const path = signal(location.pathname)
/** What the address asks for behind the path, as it was when the page was gone to. */
export const search = signal(location.search)

/** A page may refuse to be left (unsaved changes): it returns false to stay. */
let guard: (() => boolean) | undefined
export function setGuard(g: (() => boolean) | undefined): void {
  guard = g
}

/** go shows another path; `replace` leaves no way back to this one. */
export function go(to: string, replace = false): void {
  if (guard && !guard()) return
  guard = undefined
  history[replace ? 'replaceState' : 'pushState'](null, '', to)
  show()
}

function show(): void {
  path.value = location.pathname
  search.value = location.search
  window.scrollTo?.(0, 0)
}

/** startRouter follows the browser's buttons and clicks on links to pages of our own. Returns a stop function. */
export function startRouter(): () => void {
  const click = (e: MouseEvent): void => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return
    const a = (e.target as Element | null)?.closest?.('a')
    if (!a || a.target || a.hasAttribute('download') || a.origin !== location.origin) return
    if (/^\/(api|g|s|whep)(\/|$)/.test(a.pathname) || a.hash) return
    e.preventDefault()
    if (a.pathname !== path.value || (a.search !== '' && a.search !== location.search)) go(a.pathname + a.search)
  }
  addEventListener('popstate', show)
  document.addEventListener('click', click)
  show()
  return () => {
    removeEventListener('popstate', show)
    document.removeEventListener('click', click)
  }
}

/** match compares a path with a pattern like /cameras/:id and gives its parameters, or null. */
export function match(pattern: string, p: string): Record<string, string> | null {
  const want = pattern.split('/').filter(Boolean)
  const have = p.split('/').filter(Boolean)
  if (want.length !== have.length) return null
  const out: Record<string, string> = {}
  for (const [i, part] of want.entries()) {
    const value = have[i] ?? ''
    if (!part.startsWith(':')) {
      if (part !== value) return null
    } else {
      try {
        out[part.slice(1)] = decodeURIComponent(value)
      } catch {
        return null
      }
    }
  }
  return out
}
