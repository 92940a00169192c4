import { useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import type { Bound } from './field'

/** Reason codes by field; a field without one is right. */
export type Errors<V> = { [K in keyof V]?: string }

export interface Form<V extends object> {
  values: V
  bind<K extends keyof V & string>(k: K): Bound<V[K]>
  set(patch: Partial<V>): void
  /** A failure that belongs to no field. */
  problem: Problem | undefined
  busy: boolean
  onSubmit(e: Event): void
  fail(p: Problem): void
}

/**
 * useForm holds a form: fields are checked when they are left and on submit, a
 * refused field goes to its place, the rest above the button, and the focus to
 * the first error. The button is never disabled. `submit` gets checked values.
 */
export function useForm<V extends object>(initial: V | (() => V), check: (v: V) => Errors<V>, submit: (v: V) => Promise<void>): Form<V> {
  const [values, setValues] = useState<V>(initial)
  const [errors, setErrors] = useState<Errors<V>>({})
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  // A new object each time: the errors it goes to are drawn first.
  const [focus, setFocus] = useState<{ form: HTMLFormElement }>()
  useEffect(() => {
    focus?.form.querySelector<HTMLElement>('[aria-invalid="true"], .notice.bad')?.focus()
  }, [focus])
  const latest = useRef(values)
  const running = useRef(false)
  latest.current = values

  const fail = (p: Problem, form?: HTMLFormElement): void => {
    if (p.field && p.field in latest.current) setErrors({ [p.field]: p.code } as Errors<V>)
    else setProblem(p)
    if (form) setFocus({ form })
  }

  return {
    values,
    problem,
    busy,
    fail,
    set: patch => {
      latest.current = { ...latest.current, ...patch }
      setValues(latest.current)
    },
    bind: k => ({
      name: k,
      value: values[k],
      error: errors[k],
      set: v => {
        latest.current = { ...latest.current, [k]: v }
        setValues(latest.current)
        // A correction is believed at once; a new mistake is told on leaving.
        setErrors(e => (e[k] && !check(latest.current)[k] ? { ...e, [k]: undefined } : e))
      },
      leave: () => {
        const code = check(latest.current)[k]
        // Nothing typed yet is not a mistake before submit.
        if (code && code !== 'required') setErrors(e => ({ ...e, [k]: code }))
        else if (!code) setErrors(e => ({ ...e, [k]: undefined }))
      },
    }),
    onSubmit: async e => {
      e.preventDefault()
      const form = e.currentTarget as HTMLFormElement
      if (running.current) return
      const found = check(latest.current)
      setErrors(found)
      setProblem(undefined)
      if (Object.values(found).some(Boolean)) {
        setFocus({ form })
        return
      }
      running.current = true
      setBusy(true)
      try {
        await submit(latest.current)
      } catch (err) {
        fail(asProblem(err), form)
      } finally {
        running.current = false
        setBusy(false)
      }
    },
  }
}
