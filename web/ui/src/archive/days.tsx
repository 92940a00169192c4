import { useState } from 'preact/hooks'
import { weekday } from '../i18n/hours'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Popover } from '../kit/popover'
import { dayOf, daySpan } from './scale'
import { fullDay, longDay, month } from './words'

interface Props {
  zone: string
  /** The day shown, yyyy-mm-dd. */
  day: string
  today: string
  /** Days with footage. */
  recorded: ReadonlySet<string>
  choose(day: string): void
}

/** Days goes from day to day, and to any day of a calendar in which those with footage are marked. */
export function Days({ zone, day, today, recorded, choose }: Props) {
  const sorted = [...recorded].sort()
  const back = sorted.findLast(d => d < day)
  const next = sorted.find(d => d > day)
  const middle = (d: string): number => { const s = daySpan(d, zone); return (s.from + s.to) / 2 }
  return (
    <div class="ar-days" role="group" aria-label={t('archive.day', { day: longDay(middle(day), zone) })}>
      <Button kind="quiet" small bare icon="left" disabled={!back} onClick={() => back && choose(back)}>{t('archive.day_back')}</Button>
      <Popover label={t('archive.day', { day: fullDay(middle(day), zone) })} text={<span class="num">{fullDay(middle(day), zone)}</span>} cls="ar-cal" button="btn quiet s">
        {close => <Calendar day={day} today={today} recorded={recorded} choose={d => { choose(d); close() }} />}
      </Popover>
      <Button kind="quiet" small bare icon="right" disabled={!next} onClick={() => next && choose(next)}>{t('archive.day_next')}</Button>
    </div>
  )
}

function addMonth(m: string, by: number): string {
  const d = new Date(`${m}-15T00:00Z`)
  d.setUTCMonth(d.getUTCMonth() + by)
  return d.toISOString().slice(0, 7)
}

function Calendar({ day, today, recorded, choose }: Omit<Props, 'zone'>) {
  const [shown, show] = useState(day.slice(0, 7))
  const oldest = [...recorded].sort()[0]?.slice(0, 7) ?? today.slice(0, 7)
  const first = new Date(`${shown}-01T00:00Z`)
  const lead = (first.getUTCDay() + 6) % 7
  const count = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate()
  const weeks = Math.ceil((lead + count) / 7)
  return (
    <>
      <div class="row">
        <Button kind="quiet" small bare icon="left" disabled={shown <= oldest} onClick={() => show(addMonth(shown, -1))}>{t('archive.month_back')}</Button>
        <b class="sp" role="status">{month(shown)}</b>
        <Button kind="quiet" small bare icon="right" disabled={shown >= today.slice(0, 7)} onClick={() => show(addMonth(shown, 1))}>{t('archive.month_next')}</Button>
      </div>
      <table>
        <thead><tr>{[1, 2, 3, 4, 5, 6, 0].map(d => <th key={d} scope="col">{weekday(d)}</th>)}</tr></thead>
        <tbody>
          {Array.from({ length: weeks }, (_, w) => (
            <tr key={w}>
              {Array.from({ length: 7 }, (_, d) => {
                const n = w * 7 + d - lead + 1
                if (n < 1 || n > count) return <td key={d} />
                const date = `${shown}-${String(n).padStart(2, '0')}`
                const some = recorded.has(date)
                const name = longDay(Date.parse(`${date}T12:00Z`), 'UTC')
                return (
                  <td key={d}>
                    <button
                      type="button"
                      class={[some && 'some', date === day && 'on', date === today && 'today'].filter(Boolean).join(' ')}
                      disabled={!some}
                      aria-current={date === day ? 'date' : undefined}
                      aria-label={some ? t('archive.day_some', { day: name }) : t('archive.day_none', { day: name })}
                      {...(date === day ? { 'data-first': true } : {})}
                      onClick={() => choose(date)}
                    >
                      <span class="num">{n}</span>
                    </button>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}

/** inDay is the moment to show of a day: the same time of day, when that was before `end`. */
export function inDay(day: string, like: number, zone: string): number {
  const was = daySpan(dayOf(like, zone), zone)
  const s = daySpan(day, zone)
  return Math.min(s.to - 1000, s.from + (like - was.from))
}
