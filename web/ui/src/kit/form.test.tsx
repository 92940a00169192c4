import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import en from '../../../../internal/i18n/catalogues/en.json'
import { Problem } from '../api/problem'
import { useTexts } from '../i18n/i18n'
import { TextField } from './field'
import { useForm } from './form'
import { ProblemNotice } from './notice'
import * as rules from './rules'

const submit = vi.fn<(v: { name: string; email: string }) => Promise<void>>()

function Sample() {
  const form = useForm({ name: '', email: '' }, v => ({ name: rules.name(v.name), email: rules.email(v.email) }), submit)
  return (
    <form onSubmit={form.onSubmit} noValidate>
      <TextField bound={form.bind('name')} label="Name" hint="A hint" />
      <TextField bound={form.bind('email')} label="E-mail" type="email" />
      <ProblemNotice problem={form.problem} />
      <button type="submit">Save</button>
    </form>
  )
}

describe('form', () => {
  let root: HTMLElement
  beforeEach(async () => {
    useTexts('en', en)
    submit.mockReset()
    submit.mockResolvedValue()
    root = document.body.appendChild(document.createElement('div'))
    await act(() => render(<Sample />, root))
  })
  afterEach(() => {
    render(null, root)
    root.remove()
  })
  const field = (n: string) => root.querySelector(`[name=${n}]`) as HTMLInputElement
  const type = (n: string, v: string) => act(() => {
    const el = field(n)
    el.value = v
    el.dispatchEvent(new Event('input', { bubbles: true }))
  })
  const leave = (n: string) => act(() => { field(n).dispatchEvent(new FocusEvent('blur')) })
  const save = () => act(async () => {
    root.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await new Promise(r => setTimeout(r, 5))
  })

  it('refuses nothing before it is left, and an empty field only on submit', async () => {
    await type('email', 'nonsense')
    expect(field('email').getAttribute('aria-invalid')).toBeNull()
    await leave('email')
    expect(field('email').getAttribute('aria-invalid')).toBe('true')
    await leave('name')
    expect(field('name').getAttribute('aria-invalid')).toBeNull()
  })

  it('puts errors in the place of hints, linked to their fields, and focuses the first', async () => {
    await save()
    expect(submit).not.toHaveBeenCalled()
    expect(root.querySelectorAll('.err').length).toBe(2)
    expect(root.textContent).not.toContain('A hint')
    expect(document.getElementById(field('name').getAttribute('aria-describedby') ?? '')?.textContent).toBe(en['reason.required'])
    expect(document.activeElement).toBe(field('name'))
  })

  it('believes a correction at once', async () => {
    await save()
    await type('name', 'Gate')
    expect(field('name').getAttribute('aria-invalid')).toBeNull()
    expect(root.textContent).toContain('A hint')
  })

  it('takes a refusal of the server to its field, any other above the button', async () => {
    await type('name', 'Gate')
    await type('email', 'a@b.cd')
    submit.mockRejectedValueOnce(new Problem({ status: 409, code: 'name_taken', field: 'name' }))
    await save()
    expect(field('name').getAttribute('aria-invalid')).toBe('true')
    submit.mockRejectedValueOnce(new Problem({ status: 503, code: 'busy' }))
    await save()
    expect(root.querySelector('[role=alert]')?.textContent).toBe(en['reason.busy'])
    await save()
    expect(root.querySelector('[role=alert]')).toBeNull()
    expect(submit).toHaveBeenLastCalledWith({ name: 'Gate', email: 'a@b.cd' })
  })
})
