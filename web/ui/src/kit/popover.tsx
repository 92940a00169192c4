import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Icon } from './icons'

/** place puts a top-layer box below its anchor, or above it when there is more room, within the window. */
export function place(box: HTMLElement, anchor: HTMLElement, end = false): void {
  const a = anchor.getBoundingClientRect()
  const w = box.offsetWidth
  const h = box.offsetHeight
  const rtl = document.documentElement.dir === 'rtl'
  const left = end !== rtl ? a.right - w : a.left
  const below = innerHeight - a.bottom - 12
  const up = h > below && a.top > below
  box.style.left = `${Math.round(Math.max(8, Math.min(left, innerWidth - w - 8)))}px`
  box.style.top = `${Math.round(up ? Math.max(8, a.top - h - 4) : Math.min(a.bottom + 4, Math.max(8, innerHeight - h - 8)))}px`
}

/** usePlaced keeps an open box beside its anchor while things scroll. */
export function usePlaced(open: boolean, box: { current: HTMLElement | null }, anchor: () => HTMLElement | null | undefined, end = false): void {
  useEffect(() => {
    if (!open) return
    const put = (): void => {
      const a = anchor()
      if (box.current && a) place(box.current, a, end)
    }
    put()
    addEventListener('resize', put)
    document.addEventListener('scroll', put, true)
    return () => {
      removeEventListener('resize', put)
      document.removeEventListener('scroll', put, true)
    }
  })
}

interface PopoverProps {
  /** What the button shows. */
  text: ComponentChildren
  /** What the button is called. */
  label: string
  children(close: () => void): ComponentChildren
  cls?: string
  button?: string
  end?: boolean
  /** Shown before the text where no heading above says it (on a phone). */
  head?: string
}

/**
 * Popover is a button that opens a small box over everything, also over a
 * dialog. Escape, a click outside and the browser's own back close it; the
 * focus goes into it and comes back.
 */
export function Popover({ text, label, children, cls = '', button = 'fld pick', end, head }: PopoverProps) {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const anchor = useRef<HTMLButtonElement>(null)
  const [open, setOpen] = useState(false)
  usePlaced(open, box, () => anchor.current, end)
  useEffect(() => {
    if (open) box.current?.querySelector<HTMLElement>('[data-first], input, button, select')?.focus()
  }, [open])
  const close = (): void => {
    box.current?.hidePopover?.()
    anchor.current?.focus()
  }
  return (
    <>
      <button ref={anchor} type="button" class={button} data-label={head} aria-label={label} aria-haspopup="dialog" aria-expanded={open} {...{ popovertarget: id }}>
        <span>{text}</span>
        <Icon name="down" small />
      </button>
      <div
        ref={box}
        id={id}
        class={`pop ${cls}`}
        {...{ popover: 'auto' }}
        role="dialog"
        aria-label={label}
        onToggle={e => { if (e.target === box.current) setOpen((e as unknown as { newState: string }).newState === 'open') }}
      >
        {open && children(close)}
      </div>
    </>
  )
}
