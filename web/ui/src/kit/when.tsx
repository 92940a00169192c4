import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Frame, type Bound } from './field'

/** WhenField is a date and time on some zone's clock, as 2026-06-18T22:04 (i18n/zoned.ts turns it into an instant). */
export function WhenField({ bound, label, hint, optional }: { bound: Bound<string>; label: ComponentChildren; hint?: ComponentChildren; optional?: boolean }) {
  const id = useId()
  const { error } = bound
  return (
    <Frame id={id} label={label} hint={hint} optional={optional} error={error}>
      <input
        type="datetime-local"
        id={id}
        name={bound.name}
        dir="ltr"
        class={`fld${error ? ' bad' : ''}`}
        value={bound.value}
        onInput={e => bound.set(e.currentTarget.value)}
        onBlur={() => bound.leave()}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-b` : undefined}
      />
    </Frame>
  )
}
