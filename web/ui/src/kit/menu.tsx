import { Fragment, type ComponentChildren } from 'preact'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from './icons'

export interface MenuItem {
  text: ComponentChildren
  icon?: IconName
  checked?: boolean
  danger?: boolean
  href?: string
  /** Said after the text, more quietly. */
  note?: ComponentChildren
  /** A line above: what follows is of another kind. */
  rule?: boolean
  act?(): void
}

/** Menu is a button with a list of acts (ARIA menu button): arrows, Home, End, first letters, Escape. */
export function Menu({ label, button, items, cls = 'btn quiet', end }: { label?: string; button: ComponentChildren; items: readonly MenuItem[]; cls?: string; end?: boolean }) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const id = useId()

  const entries = (): HTMLElement[] => [...(root.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])]
  const close = (refocus: boolean): void => {
    setOpen(false)
    if (refocus) root.current?.querySelector<HTMLElement>('button')?.focus()
  }

  useEffect(() => {
    if (!open) return
    const all = entries()
    ;(all.find(e => e.getAttribute('aria-checked') === 'true') ?? all[0])?.focus()
    const outside = (e: Event): void => {
      if (!root.current?.contains(e.target as Node)) setOpen(false)
    }
    addEventListener('pointerdown', outside)
    return () => removeEventListener('pointerdown', outside)
  }, [open])

  const onKey = (e: KeyboardEvent): void => {
    const all = entries()
    const i = all.indexOf(document.activeElement as HTMLElement)
    const go = (n: number): void => {
      e.preventDefault()
      all[(n + all.length) % all.length]?.focus()
    }
    if (!open) return
    e.stopPropagation()
    if (e.key === 'ArrowDown') go(i + 1)
    else if (e.key === 'ArrowUp') go(i - 1)
    else if (e.key === 'Home') go(0)
    else if (e.key === 'End') go(-1)
    else if (e.key === 'Escape') {
      e.preventDefault() // else a dialog around it would close too
      close(true)
    } else if (e.key === 'Tab') setOpen(false)
    else if (e.key.length === 1 && e.key !== ' ') {
      const found = [...all.slice(i + 1), ...all].find(el => el.textContent?.trim().toLowerCase().startsWith(e.key.toLowerCase()))
      found?.focus()
    }
  }

  return (
    <div class="menu-root" ref={root} onKeyDown={onKey}>
      <button
        type="button"
        class={cls}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        aria-label={label}
        onClick={() => setOpen(!open)}
        onKeyDown={e => { if (e.key === 'ArrowDown' && !open) { e.preventDefault(); setOpen(true) } }}
      >
        {button}
      </button>
      {open && (
        <div class={`menu${end ? ' end' : ''}`} role="menu" id={id} aria-label={label}>
          {items.map((it, i) => {
            const body = (
              <>
                {it.checked !== undefined ? <span class="mark">{it.checked && <Icon name="check" small />}</span> : it.icon && <Icon name={it.icon} />}
                <span>{it.text}</span>
                {it.note && <span class="note">{it.note}</span>}
              </>
            )
            const common = {
              class: `o${it.danger ? ' d' : ''}`,
              role: it.checked !== undefined ? 'menuitemradio' as const : 'menuitem' as const,
              'aria-checked': it.checked,
              tabIndex: -1,
              onClick: () => { close(!it.href); it.act?.() },
            }
            const entry = it.href ? <a href={it.href} {...common}>{body}</a> : <button type="button" {...common}>{body}</button>
            return <Fragment key={i}>{it.rule && <div class="rule" role="separator" />}{entry}</Fragment>
          })}
        </div>
      )}
    </div>
  )
}
