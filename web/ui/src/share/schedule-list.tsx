import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { list } from '../i18n/time'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { entries, hhmm, withEntry, type Entry, type Schedule } from './schedule'
import { dayName } from './week-grid'

const days = [0, 1, 2, 3, 4, 5, 6]
const starts = Array.from({ length: 96 }, (_, i) => i * 15)
const ends = starts.map(m => m + 15)

/** entryText is "Mon, Tue and Wed" and "20:00 to 06:00 next day". */
export function entryText(e: Entry): { days: string; hours: string } {
  return {
    days: e.days.length === 7 ? t('sched.every_day') : list(e.days.map(d => dayName(d))),
    hours: e.to <= e.from ? t('sched.over_midnight', { from: hhmm(e.from), to: hhmm(e.to) }) : t('sched.hours', { from: hhmm(e.from), to: hhmm(e.to) }),
  }
}

/** ScheduleList is the same week as lines: everything the grid can do, without a pointer and on a phone. */
export function ScheduleList({ schedule, onChange }: { schedule: Schedule; onChange(s: Schedule): void }) {
  const all = entries(schedule)
  const [editing, edit] = useState<Entry>()
  // What is edited is taken from the week as it is now; the grid may have changed it since.
  const still = editing && all.find(e => e.from === editing.from && e.to === editing.to && e.days.join() === editing.days.join())
  return (
    <div class="slist">
      <h3 class="lab only-desk">{t('sched.list')}</h3>
      {all.length > 0 && (
        <ul class="lines">
          {all.map(e => {
            const text = entryText(e)
            return (
              <li key={`${e.days} ${e.from} ${e.to}`} class={e === still ? 'on' : ''}>
                <div>
                  <b>{text.days}</b>
                  <span class="muted num">{text.hours}</span>
                </div>
                <span class="sp" />
                <Button kind="quiet" small onClick={() => edit(e)} aria-label={t('sched.edit_entry', { entry: `${text.days}, ${text.hours}` })}>{t('action.edit')}</Button>
                <Button kind="quiet" small bare icon="trash" onClick={() => { edit(undefined); onChange(withEntry(schedule, undefined, e)) }}>{t('sched.remove_entry', { entry: `${text.days}, ${text.hours}` })}</Button>
              </li>
            )
          })}
        </ul>
      )}
      <EntryForm
        key={still ? `${still.days} ${still.from} ${still.to}` : 'new'}
        entry={still}
        onCancel={() => edit(undefined)}
        onSave={e => { edit(undefined); onChange(withEntry(schedule, e, still)) }}
      />
    </div>
  )
}

function EntryForm({ entry, onSave, onCancel }: { entry: Entry | undefined; onSave(e: Entry): void; onCancel(): void }) {
  const [e, set] = useState<Entry>(entry ?? { days: [0, 1, 2, 3, 4], from: 540, to: 1080 })
  const [empty, setEmpty] = useState(false)
  const first = useRef<HTMLFieldSetElement>(null)
  useEffect(() => { if (entry) first.current?.querySelector('input')?.focus() }, [])
  const save = (): void => {
    if (e.days.length === 0) setEmpty(true)
    else onSave({ ...e, days: [...e.days].sort((a, b) => a - b) })
  }
  return (
    <div class="sform" role="group" aria-label={entry ? t('sched.change') : t('sched.add')}>
      <fieldset class="dpick" ref={first}>
        <legend class="vh">{t('sched.days')}</legend>
        {days.map(d => (
          <label key={d} class={e.days.includes(d) ? 'on' : ''}>
            <input
              type="checkbox"
              class="vh"
              checked={e.days.includes(d)}
              aria-label={dayName(d, 'long')}
              onChange={ev => { setEmpty(false); set({ ...e, days: ev.currentTarget.checked ? [...e.days, d] : e.days.filter(x => x !== d) }) }}
            />
            <span aria-hidden="true">{dayName(d)}</span>
          </label>
        ))}
      </fieldset>
      <div class="row">
        <Time label={t('sched.from_time')} value={e.from} options={starts} onChange={from => set({ ...e, from })} />
        <span class="dim">{t('sched.to')}</span>
        <Time label={t('sched.to_time')} value={e.to} options={ends} onChange={to => set({ ...e, to })} />
        <span class="sp" />
        {entry && <Button small kind="quiet" onClick={onCancel}>{t('action.cancel')}</Button>}
        <Button small onClick={save}>{entry ? t('sched.apply') : t('sched.add_act')}</Button>
      </div>
      {empty ? <p class="err" role="alert"><Icon name="warn" small />{t('sched.no_days')}</p> : e.to <= e.from && <p class="hint">{t('sched.next_day')}</p>}
    </div>
  )
}

function Time({ label, value, options, onChange }: { label: string; value: number; options: readonly number[]; onChange(v: number): void }) {
  return (
    <span class="sel time" dir="ltr">
      <select class="fld num" dir="ltr" aria-label={label} value={String(value)} onChange={e => onChange(Number(e.currentTarget.value))}>
        {options.map(m => <option key={m} value={String(m)} selected={m === value}>{hhmm(m)}</option>)}
      </select>
      <Icon name="down" small />
    </span>
  )
}
