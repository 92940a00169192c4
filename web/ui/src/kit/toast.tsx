import { signal } from '@preact/signals'
import { t } from '../i18n/i18n'
import { Button } from './button'

interface Action {
  text: string
  act(): void
  /** Done when the toast goes without the act: an act that waits for its Undo. */
  otherwise?(leaving: boolean): void
}

interface ToastState {
  text: string
  action?: Action | undefined
  /** Seconds left for the act. */
  left: number
}

const current = signal<ToastState | null>(null)
let timer: ReturnType<typeof setTimeout> | undefined

function end(leaving = false): void {
  clearTimeout(timer)
  const gone = current.value
  current.value = null
  gone?.action?.otherwise?.(leaving)
}

function tick(): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    const s = current.value
    if (!s) return
    if (s.left <= 1) end()
    else {
      current.value = { ...s, left: s.left - 1 }
      tick()
    }
  }, 1000)
}

/** toast says what was done, one at a time, for 6 s (10 s with something to click). Failures never come here. */
export function toast(text: string, action?: Action): void {
  end()
  current.value = { text, action, left: action ? 10 : 6 }
  tick()
}

// What waits for its Undo is done when the page is left.
addEventListener('pagehide', () => end(true))

/** Toaster is mounted once; it stays in the page so that assistive technology hears it. */
export function Toaster() {
  const s = current.value
  const hold = (): void => clearTimeout(timer)
  const act = (): void => {
    const { action } = s ?? {}
    clearTimeout(timer)
    current.value = null
    action?.act()
  }
  return (
    <div class="toaster" role="status" onPointerEnter={hold} onPointerLeave={tick} onFocusIn={hold} onFocusOut={tick}>
      {s && (
        <div class="toast">
          <span>{s.text}</span>
          {s.action && <Button small onClick={act}>{s.action.text}<span class="left num" aria-hidden="true">{t('unit.s', { n: s.left })}</span></Button>}
        </div>
      )}
    </div>
  )
}
