import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Icon } from './icons'

/** What a form gives a field (form.ts); the error is a reason code. */
export interface Bound<T> {
  name: string
  value: T
  error?: string | undefined
  set(v: T): void
  leave(): void
}

interface Common {
  label: ComponentChildren
  hint?: ComponentChildren
  optional?: boolean
}

/** Frame is the pattern of every field: label above, hint below, and an error that takes the hint's place. */
export function Frame({ id, label, hint, optional, error, children }: Common & { id: string; error?: string | undefined; children: ComponentChildren }) {
  return (
    <div class="field">
      <label class="lab" for={id}>
        {label}
        {optional && <span class="dim"> {t('form.optional')}</span>}
      </label>
      {children}
      <Below id={id} hint={hint} error={error} />
    </div>
  )
}

function Below({ id, hint, error }: { id: string; hint?: ComponentChildren; error?: string | undefined }) {
  if (error) {
    return (
      <p class="err" id={`${id}-b`}>
        <Icon name="warn" small />
        <span>{reason(error)}</span>
      </p>
    )
  }
  return hint ? <p class="hint" id={`${id}-b`}>{hint}</p> : null
}

interface InputProps {
  type?: 'text' | 'email' | 'password'
  autoComplete?: string
  inputMode?: 'text' | 'email' | 'url'
  autoCapitalize?: 'characters' | 'none'
  dir?: 'ltr' | 'auto'
  placeholder?: string
  maxLength?: number
  spellcheck?: boolean
}

export function TextField({ bound, label, hint, optional, type = 'text', ...rest }: Common & { bound: Bound<string> } & InputProps) {
  const id = useId()
  const { error } = bound
  return (
    <Frame id={id} label={label} hint={hint} optional={optional} error={error}>
      <input
        {...rest}
        // The three kinds share all that is set here; the types of JSX tell them apart by role.
        type={type as 'text'}
        id={id}
        name={bound.name}
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

export function TextArea({ bound, label, hint, optional, rows = 3 }: Common & { bound: Bound<string>; rows?: number }) {
  const id = useId()
  const { error } = bound
  return (
    <Frame id={id} label={label} hint={hint} optional={optional} error={error}>
      <textarea
        id={id}
        name={bound.name}
        rows={rows}
        dir="ltr"
        spellcheck={false}
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

export interface Option {
  value: string
  text: string
}

export function SelectField({ bound, label, hint, options }: Common & { bound: Bound<string>; options: readonly Option[] }) {
  const id = useId()
  const { error } = bound
  return (
    <Frame id={id} label={label} hint={hint} error={error}>
      <span class="sel">
        <select
          id={id}
          name={bound.name}
          class={`fld${error ? ' bad' : ''}`}
          value={bound.value}
          onChange={e => bound.set(e.currentTarget.value)}
          aria-invalid={error ? true : undefined}
          aria-describedby={error || hint ? `${id}-b` : undefined}
        >
          {options.map(o => <option key={o.value} value={o.value} selected={o.value === bound.value}>{o.text}</option>)}
        </select>
        <Icon name="down" small />
      </span>
    </Frame>
  )
}

/** Check is one tick with its sentence. */
export function Check({ bound, label, hint }: { bound: Bound<boolean>; label: ComponentChildren; hint?: ComponentChildren }) {
  const id = useId()
  const { error } = bound
  return (
    <div class="field tick">
      <input
        type="checkbox"
        id={id}
        name={bound.name}
        class="chk"
        checked={bound.value}
        onChange={e => bound.set(e.currentTarget.checked)}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || hint ? `${id}-b` : undefined}
      />
      <div>
        <label for={id}>{label}</label>
        <Below id={id} hint={hint} error={error} />
      </div>
    </div>
  )
}
