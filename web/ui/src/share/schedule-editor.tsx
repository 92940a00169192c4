import { useMemo, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { city, day, hereZone, hour, sentence } from '../i18n/time'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { cellAt, changes, copied, fromCells, isNever, perDay, presetOf, presets, same, toCells, type Preset, type Schedule } from './schedule'
import { ScheduleList } from './schedule-list'
import { dayName, WeekGrid } from './week-grid'

export interface Props {
  name: string
  camera: string
  zone: string
  schedule: Schedule
  only_hours: boolean
  only_from: boolean
  /** Whether recordings are among the person's levels: then it matters which footage. */
  archive: boolean
  others: readonly { name: string; schedule: Schedule }[]
  /** It is about when the camera is recorded, and about nobody's looking. */
  recording?: boolean
  onDone(v: { schedule: Schedule; only_hours: boolean; only_from: boolean }): void
  onClose(): void
}

/** ScheduleEditor edits when a person may look: a week to paint, the same as a list, and what comes next in words. */
export function ScheduleEditor(p: Props) {
  const [past, setPast] = useState<Schedule[]>([p.schedule])
  const schedule = past.at(-1) ?? null
  const [only, setOnly] = useState({ only_hours: p.only_hours, only_from: p.only_from })
  const now = Date.now()
  const present = useMemo(() => cellAt(now, p.zone), [p.zone])
  const [focus, setFocus] = useState(Math.floor(present / perDay) * perDay + 36)
  const cells = useMemo(() => toCells(schedule), [schedule])
  const put = (s: Schedule, more = false): void => {
    if (same(s, schedule)) return
    const before = past.length > 1 ? past.at(-2) : undefined
    // A drag that came back to where it began is no step at all.
    if (more && before !== undefined && same(s, before)) setPast(past.slice(0, -1))
    else setPast([...(more ? past.slice(0, -1) : past.slice(-50)), s])
  }
  const preset = presetOf(schedule)
  const from = Math.floor(focus / perDay)
  const copyTo = (days: number[]): void => put(fromCells(copied(cells, from, days)))
  const all = [0, 1, 2, 3, 4, 5, 6]
  const presetWords: [Preset, string][] = [
    ['always', t('sched.always')], ['work', t('sched.work')], ['nights', t('sched.nights')], ['weekends', t('sched.weekends')],
  ]
  return (
    <Dialog
      size="huge"
      title={t(p.recording ? 'rec.hours_title' : 'sched.title', { name: p.name })}
      sub={p.recording ? t('rec.hours_text', { zone: city(p.zone) }) : t('sched.text', { camera: p.camera, zone: city(p.zone) })}
      onClose={p.onClose}
      footer={
        <>
          {!p.recording && <span class="meta dim">{t('sched.foot')}</span>}
          <span class="sp" />
          <Button kind="quiet" onClick={p.onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" onClick={() => { p.onDone({ schedule, ...only }); p.onClose() }}>{t('sched.done')}</Button>
        </>
      }
    >
      <div class="row wrap sbar">
        <span class="meta dim">{t('sched.start_from')}</span>
        {presetWords.map(([id, word]) => <Button key={id} small pressed={preset === id} onClick={() => put(presets[id])}>{word}</Button>)}
        {p.others.length > 0 && (
          <Menu cls="btn s" button={<>{t('sched.copy_person')}<Icon name="down" small /></>} items={p.others.map(o => ({ text: <bdi>{o.name}</bdi>, act: () => put(o.schedule) }))} />
        )}
        <span class="vr" />
        <Button small icon="undo" disabled={past.length < 2} onClick={() => setPast(x => x.slice(0, -1))}>{t('action.undo')}</Button>
        <span class="only-desk">
          <Menu
            cls="btn s"
            button={<>{t('sched.copy_day', { day: dayName(from) })}<Icon name="down" small /></>}
            items={[
              { text: t('sched.every_day'), act: () => copyTo(all) },
              { text: t('sched.weekdays', { from: dayName(0), to: dayName(4) }), act: () => copyTo([0, 1, 2, 3, 4]) },
              ...all.filter(d => d !== from).map(d => ({ text: dayName(d, 'long'), act: () => copyTo([d]) })),
            ]}
          />
        </span>
        <span class="sp" />
        <span class="meta dim only-desk keyhint">{t('sched.drag')} <kbd class="kbd">Space</kbd> {t('sched.toggles')} <kbd class="kbd">Shift</kbd> <kbd class="kbd">→</kbd> {t('sched.extends')}</span>
      </div>
      <div class="sedit">
        <div class="only-desk">
          <WeekGrid cells={cells} now={present} focus={focus} onFocus={setFocus} onChange={(c, more) => put(fromCells(c), more)} label={t('sched.grid')} />
        </div>
        <div>
          <ScheduleList schedule={schedule} onChange={put} />
          {p.archive && (
            <div class="footage">
              <h3 class="lab">{t('sched.footage')}</h3>
              <Tick label={t('sched.only_hours')} checked={only.only_hours} onChange={v => setOnly({ ...only, only_hours: v })} />
              <Tick label={t('sched.only_from')} checked={only.only_from} onChange={v => setOnly({ ...only, only_from: v })} />
            </div>
          )}
        </div>
      </div>
      {isNever(schedule) ? <Notice tone="warn" live>{t(p.recording ? 'rec.hours_none' : 'effect.never')}</Notice> : !p.recording && <Next schedule={schedule} zone={p.zone} now={now} />}
    </Dialog>
  )
}

function Tick({ label, checked, onChange }: { label: string; checked: boolean; onChange(on: boolean): void }) {
  return (
    <label class="row tickrow">
      <input type="checkbox" class="chk" checked={checked} onChange={e => onChange(e.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  )
}

/** Next says what holds now and the next two changes, on the camera's clock and on the reader's. */
function Next({ schedule, zone, now }: { schedule: Schedule; zone: string; now: number }) {
  const next = useMemo(() => changes(schedule, zone, now, 3), [schedule, zone])
  const open = !!toCells(schedule)[cellAt(now, zone)]
  const here = hereZone()
  const moment = (ms: number): string => t('sched.when', { day: day(ms, zone, now), time: hour(ms, zone) })
  const local = (ms: number) => hour(ms, here) !== hour(ms, zone) && <span class="meta dim">{t('sched.here', { time: hour(ms, here), zone: city(here) })}</span>
  const [first, ...rest] = next
  return (
    <dl class="next">
      <div>
        <dt class="meta dim">{t('sched.at_present')}</dt>
        <dd>
          <b class="row"><Icon name={open ? 'check' : 'clock'} small />{!first ? (open ? t('sched.always_open') : t('sched.is_closed')) : open ? t('sched.open_until', { when: moment(first.at) }) : t('sched.closed_until', { when: moment(first.at) })}</b>
          {first && local(first.at)}
        </dd>
      </div>
      {rest.map(c => (
        <div key={c.at}>
          <dt class="meta dim">{t('sched.then')}</dt>
          <dd>{sentence(c.opens ? t('sched.opens', { when: moment(c.at) }) : t('sched.closes', { when: moment(c.at) }))} {local(c.at)}</dd>
        </div>
      ))}
    </dl>
  )
}
