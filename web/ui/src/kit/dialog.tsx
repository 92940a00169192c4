import type { ComponentChildren } from 'preact'
import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { Button } from './button'
import { ProblemNotice } from './notice'

interface DialogProps {
  title: ComponentChildren
  /** One line below the title. */
  sub?: ComponentChildren
  /** Buttons beside the cross. */
  acts?: ComponentChildren
  onClose(): void
  children: ComponentChildren
  footer?: ComponentChildren
  wide?: boolean
  side?: boolean
  /** large, huge: at the top of the window, the foot always in sight; the whole screen on a phone. */
  size?: 'large' | 'huge'
}

/** Dialog is modal: the browser keeps the focus inside and gives it back. Escape and the cross close it. */
export function Dialog({ title, sub, acts, onClose, children, footer, wide, side, size }: DialogProps) {
  const ref = useRef<HTMLDialogElement>(null)
  const id = useId()
  // Before the first paint: a key pressed as soon as it is seen reaches the dialog.
  useLayoutEffect(() => {
    const d = ref.current
    if (d && !d.open) d.showModal()
    return () => d?.close()
  }, [])
  return (
    <dialog ref={ref} class={['box', wide && 'wide', side && 'side', size && `large ${size}`].filter(Boolean).join(' ')} aria-labelledby={id} onCancel={e => { e.preventDefault(); onClose() }}>
      <header>
        <div>
          <h2 id={id}>{title}</h2>
          {sub && <p class="muted">{sub}</p>}
        </div>
        {acts}
        <Button kind="quiet" bare icon="close" onClick={onClose}>{t('action.close')}</Button>
      </header>
      <div class="body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </dialog>
  )
}

/** Confirm asks before what cannot be undone. The button repeats the verb. */
export function Confirm({ title, verb, children, act, onClose }: { title: string; verb: string; children: ComponentChildren; act(): Promise<void>; onClose(): void }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const run = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      await act()
      onClose()
    } catch (e) {
      setProblem(asProblem(e))
      setBusy(false)
    }
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="fatal" busy={busy} onClick={run}>{verb}</Button>
        </>
      }
    >
      {children}
      <ProblemNotice problem={problem} />
    </Dialog>
  )
}
