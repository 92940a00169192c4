import { useId } from 'preact/hooks'
import type { ComponentChildren } from 'preact'

/** Segmented is a radio group that looks like one control: few, short, exclusive choices. */
export function Segmented<T extends string>({ label, value, options, onChange }: { label: string; value: T; options: readonly { value: T; text: string }[]; onChange(v: T): void }) {
  const name = useId()
  return (
    <fieldset class="seg">
      <legend class="vh">{label}</legend>
      {options.map(o => (
        <label key={o.value} class={o.value === value ? 'on' : ''}>
          <input type="radio" class="vh" name={name} value={o.value} checked={o.value === value} onChange={() => onChange(o.value)} />
          {o.text}
        </label>
      ))}
    </fieldset>
  )
}

/** Switch takes effect at once; a tick (field.tsx) waits for its form. */
export function Switch({ label, hint, checked, onChange }: { label: ComponentChildren; hint?: ComponentChildren; checked: boolean; onChange(on: boolean): void }) {
  const id = useId()
  return (
    <div class="switch">
      <button type="button" role="switch" id={id} aria-checked={checked} aria-describedby={hint ? `${id}-h` : undefined} onClick={() => onChange(!checked)}>
        <i />
        <span>{label}</span>
      </button>
      {hint && <p class="hint" id={`${id}-h`}>{hint}</p>}
    </div>
  )
}
