import { signal } from '@preact/signals'
import { Button } from './button'

interface ToastState {
  text: string
  action?: { text: string; act(): void }
}

const current = signal<ToastState | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

function arm(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => { current.value = null }, ms)
}

/** toast says what was done, one at a time, for 6 s (10 s with something to click). Failures never come here. */
export function toast(text: string, action?: ToastState['action']): void {
  current.value = { text, action }
  arm(action ? 10_000 : 6000)
}

/** Toaster is mounted once; it stays in the page so that assistive technology hears it. */
export function Toaster() {
  const s = current.value
  const hold = (): void => clearTimeout(timer)
  const resume = (): void => arm(4000)
  return (
    <div class="toaster" role="status" onPointerEnter={hold} onPointerLeave={resume} onFocusIn={hold} onFocusOut={resume}>
      {s && (
        <div class="toast">
          <span>{s.text}</span>
          {s.action && <Button small onClick={() => { current.value = null; s.action?.act() }}>{s.action.text}</Button>}
        </div>
      )}
    </div>
  )
}
