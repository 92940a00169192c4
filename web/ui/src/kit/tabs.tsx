import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

export interface Tab {
  id: string
  text: string
  count?: number | undefined
}

/** Tabs follow the ARIA pattern: arrows move and choose; the panel is labelled by its tab. */
export function Tabs({ label, tabs, value, onChange, children }: { label: string; tabs: readonly Tab[]; value: string; onChange(id: string): void; children: ComponentChildren }) {
  const base = useId()
  const strip = useRef<HTMLDivElement>(null)
  // Where the tabs run out at the side, the one that is shown is in sight.
  useEffect(() => {
    const el = strip.current
    if (el && el.scrollWidth > el.clientWidth) document.getElementById(`${base}-${value}`)?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  }, [value])
  const onKey = (e: KeyboardEvent): void => {
    const rtl = document.documentElement.dir === 'rtl'
    const step = e.key === (rtl ? 'ArrowLeft' : 'ArrowRight') ? 1 : e.key === (rtl ? 'ArrowRight' : 'ArrowLeft') ? -1 : 0
    const i = tabs.findIndex(x => x.id === value)
    const to = step ? tabs[(i + step + tabs.length) % tabs.length] : e.key === 'Home' ? tabs[0] : e.key === 'End' ? tabs.at(-1) : undefined
    if (!to) return
    e.preventDefault()
    onChange(to.id)
    document.getElementById(`${base}-${to.id}`)?.focus()
  }
  return (
    <>
      <div ref={strip} class="tabs" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map(x => (
          <button
            key={x.id}
            type="button"
            role="tab"
            id={`${base}-${x.id}`}
            aria-selected={x.id === value}
            aria-controls={`${base}-panel`}
            tabIndex={x.id === value ? 0 : -1}
            onClick={() => onChange(x.id)}
          >
            {x.text}
            {x.count !== undefined && <em>{x.count}</em>}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${value}`}>{children}</div>
    </>
  )
}
