import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { access, type Person } from '../api/access'
import { asProblem } from '../api/problem'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { usePlaced } from '../kit/popover'
import * as rules from '../kit/rules'

/** Fewer characters than this ask the server nothing (row R5). */
const shortest = 4

interface Props {
  camera: string
  /** Who is in the table already is not offered again. */
  known: ReadonlySet<string>
  onAdd(who: Person | string): void
}

/** PeopleField finds a person by 4 letters of a name or e-mail, or takes a full e-mail (ARIA combobox with a list). */
export function PeopleField({ camera, known, onAdd }: Props) {
  const id = useId()
  const [text, setText] = useState('')
  const [picked, pick] = useState<Person>()
  const [found, setFound] = useState<Person[]>()
  const [active, setActive] = useState(-1)
  const [open, setOpen] = useState(false)
  const [error, setError] = useState<string>()
  const input = useRef<HTMLInputElement>(null)
  const box = useRef<HTMLUListElement>(null)
  const query = text.trim()
  const long = [...query].length >= shortest
  const list = (found ?? []).filter(p => !known.has(p.id))
  const shown = open && long && !picked && list.length > 0

  useEffect(() => {
    setFound(undefined)
    setActive(-1)
    if (!long || picked) return
    const stop = new AbortController()
    const timer = setTimeout(() => {
      access.people(query, camera, stop.signal).then(
        r => { setFound(r.people); setError(undefined) },
        e => { if (!stop.signal.aborted) setError(problemText(asProblem(e))) },
      )
    }, 200)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [query, picked, camera])

  useEffect(() => {
    const el = box.current
    if (!el?.showPopover) return
    if (shown) el.showPopover()
    else if (el.matches(':popover-open')) el.hidePopover()
  }, [shown])
  useEffect(() => {
    if (shown && box.current && input.current) box.current.style.width = `${input.current.offsetWidth}px`
  }, [shown])
  usePlaced(shown, box, () => input.current)

  const choose = (p: Person): void => {
    pick(p)
    setText(p.name)
    setOpen(false)
    setError(undefined)
    input.current?.focus()
  }
  const add = (): void => {
    const who = picked ?? (rules.email(query) === undefined ? query : undefined)
    if (!who) {
      setError(query === '' ? t('people.hint') : t('people.pick'))
      input.current?.focus()
      return
    }
    onAdd(who)
    pick(undefined)
    setText('')
    setOpen(false)
    setError(undefined)
  }
  const key = (e: KeyboardEvent): void => {
    if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
      if (list.length === 0 || picked) return
      e.preventDefault()
      setOpen(true)
      const n = list.length
      setActive(a => (e.key === 'ArrowDown' ? (a + 1) % n : (a <= 0 ? n : a) - 1))
    } else if (e.key === 'Enter') {
      e.preventDefault()
      const p = shown ? list[active] : undefined
      if (p) choose(p)
      else add()
    } else if (e.key === 'Escape' && shown) {
      e.preventDefault()
      e.stopPropagation()
      setOpen(false)
    }
  }

  const said = error ?? (!query || picked ? '' : !long ? t('people.more') : found === undefined ? '' : list.length === 0 ? t('people.nobody') : t('people.found', { n: list.length }))
  return (
    <div class="pfield">
      <div class="row">
        <span class="find">
          <Icon name="search" />
          <input
            ref={input}
            class={`fld${error ? ' bad' : ''}`}
            role="combobox"
            aria-label={t('people.field')}
            aria-expanded={shown}
            aria-controls={`${id}-l`}
            aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `${id}-${active}` : undefined}
            aria-describedby={`${id}-s`}
            aria-invalid={error ? true : undefined}
            placeholder={t('people.hint')}
            autoComplete="off"
            autoCapitalize="none"
            spellcheck={false}
            value={text}
            onInput={e => { setText(e.currentTarget.value); pick(undefined); setOpen(true); setError(undefined) }}
            onKeyDown={key}
            onBlur={() => setOpen(false)}
          />
        </span>
        <Button onClick={add}>{t('people.add')}</Button>
      </div>
      <p class={error ? 'err' : 'hint'} id={`${id}-s`} role="status">{said}</p>
      <ul ref={box} class="pop options" id={`${id}-l`} role="listbox" aria-label={t('people.field')} {...{ popover: 'manual' }}>
        {shown && list.map((p, i) => (
          // The field keeps the focus: the list is chosen from before it would lose it.
          <li key={p.id} id={`${id}-${i}`} role="option" aria-selected={i === active} class={i === active ? 'on' : ''} onPointerDown={e => e.preventDefault()} onClick={() => choose(p)}>
            <b><bdi>{p.name}</bdi></b>
            <bdi class="meta dim" dir="ltr">{p.email_masked}</bdi>
          </li>
        ))}
      </ul>
    </div>
  )
}
