import { useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { Icon } from '../kit/icons'
import { Popover } from '../kit/popover'
import { all, isAll, type Filter } from './filter'

export interface Choices {
  cameras: readonly { id: string; name: string }[]
  senders: readonly { id: string; name: string }[]
  tags: readonly string[]
}

interface Props {
  filter: Filter
  choices: Choices
  onChange(f: Filter): void
}

/** Filters is one button with every filter in it. */
export function Filters({ filter: f, choices, onChange }: Props) {
  const n = Object.values(f).filter(Boolean).length
  const put = (patch: Partial<Filter>): void => onChange({ ...f, ...patch })
  return (
    <Popover
      cls="filters"
      button="btn"
      label={n ? `${t('filter.title')} ${n}` : t('filter.title')}
      text={<span class="row"><Icon name="filter" />{t('filter.title')}{n > 0 && ' '}{n > 0 && <b class="count num">{n}</b>}</span>}
    >
      {() => (
        <>
          <Pick label={t('cameras.camera')} value={f.camera} list={choices.cameras} onChange={camera => put({ camera })} />
          <Pick label={t('gallery.sender')} value={f.sender} list={[{ id: 'me', name: t('filter.own') }, ...choices.senders]} onChange={sender => put({ sender })} />
          <Tag value={f.tag} tags={choices.tags} onChange={tag => put({ tag })} />
          <div class="two">
            <DayField label={t('filter.from')} value={f.from} max={f.to} onChange={from => put({ from })} />
            <DayField label={t('filter.to')} value={f.to} min={f.from} onChange={to => put({ to })} />
          </div>
          <label class="fav">
            <input type="checkbox" class="chk" checked={f.favourite} onChange={e => put({ favourite: e.currentTarget.checked })} />
            {t('filter.favourites')}
          </label>
          {!isAll(f) && <p><button type="button" class="lnk" onClick={() => onChange(all)}>{t('filter.clear')}</button></p>}
        </>
      )}
    </Popover>
  )
}

function Pick({ label, value, list, onChange }: { label: string; value: string; list: readonly { id: string; name: string }[]; onChange(id: string): void }) {
  const known = list.some(x => x.id === value)
  return (
    <label class="lab">
      {label}
      <span class="sel">
        <select class="fld" value={value} onChange={e => onChange(e.currentTarget.value)}>
          <option value="" selected={value === ''}>{t('filter.all')}</option>
          {!known && value && <option value={value} selected>{t('filter.this')}</option>}
          {list.map(x => <option key={x.id} value={x.id} selected={x.id === value}>{x.name}</option>)}
        </select>
        <Icon name="down" small />
      </span>
    </label>
  )
}

/** Tag is taken when it is complete: on Enter, on leaving, or from the list. */
function Tag({ value, tags, onChange }: { value: string; tags: readonly string[]; onChange(tag: string): void }) {
  const [text, setText] = useState(value)
  const take = (): void => { if (text.trim() !== value) onChange(text.trim()) }
  return (
    <label class="lab">
      {t('gallery.tag')}
      <input
        class="fld"
        value={text}
        list="filter-tags"
        maxLength={40}
        autoComplete="off"
        onInput={e => { setText(e.currentTarget.value); if (tags.includes(e.currentTarget.value)) onChange(e.currentTarget.value) }}
        onBlur={take}
        onKeyDown={e => { if (e.key === 'Enter') take() }}
      />
      <datalist id="filter-tags">{tags.map(x => <option key={x} value={x} />)}</datalist>
    </label>
  )
}

function DayField({ label, value, min, max, onChange }: { label: string; value: string; min?: string; max?: string; onChange(day: string): void }) {
  return (
    <label class="lab">
      {label}
      <input type="date" class="fld" dir="ltr" value={value} min={min || undefined} max={max || undefined} onChange={e => { if (e.currentTarget.validity.valid) onChange(e.currentTarget.value) }} />
    </label>
  )
}

/** Active is a chip for every filter that is on; its cross takes it off. */
export function Active({ filter: f, choices, dayTitle, onChange }: Props & { dayTitle(day: string): string }) {
  if (isAll(f)) return null
  const name = (list: readonly { id: string; name: string }[], id: string): string => list.find(x => x.id === id)?.name || t('filter.this')
  const chips: { key: keyof Filter; text: string }[] = []
  if (f.camera) chips.push({ key: 'camera', text: name(choices.cameras, f.camera) })
  if (f.sender) chips.push({ key: 'sender', text: f.sender === 'me' ? t('filter.own') : t('gallery.from', { name: name(choices.senders, f.sender) }) })
  if (f.tag) chips.push({ key: 'tag', text: f.tag })
  if (f.favourite) chips.push({ key: 'favourite', text: t('filter.favourites') })
  if (f.from) chips.push({ key: 'from', text: t('filter.since', { day: dayTitle(f.from) }) })
  if (f.to) chips.push({ key: 'to', text: t('filter.until', { day: dayTitle(f.to) }) })
  return (
    <ul class="active" aria-label={t('filter.title')}>
      {chips.map(c => (
        <li key={c.key} class="chip blue">
          <bdi>{c.text}</bdi>
          <button type="button" class="cross" aria-label={t('filter.off', { what: c.text })} onClick={() => onChange({ ...f, [c.key]: all[c.key] })}><Icon name="close" small /></button>
        </li>
      ))}
    </ul>
  )
}
