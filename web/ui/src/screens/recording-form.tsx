import { useState } from 'preact/hooks'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { duration } from '../i18n/time'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Check, SelectField } from '../kit/field'
import { useForm } from '../kit/form'
import { later } from '../kit/later'
import { ProblemNotice } from '../kit/notice'
import { toast } from '../kit/toast'
import { entries, type Entry, type Schedule } from '../share/schedule'
import type { Props as EditorProps } from '../share/schedule-editor'
import { entryText } from '../share/schedule-list'
import { bytes } from '../usage/words'
import { recording as api, type Layer, type Mode, type Policy, type Recording } from './recording-api'
import { days, perDay } from './recording-cost'

const ScheduleEditor = later<EditorProps>(() => import('../share/schedule-editor').then(m => m.ScheduleEditor))

interface Values {
  mode: Mode
  layer: Layer
  hours: Schedule
  pre_roll_s: string
  post_roll_s: string
  keep_days: string
  keep_bytes: string
  sound: boolean
}

const nights: Schedule = { intervals: [0, 1, 2, 3, 4, 5, 6].map(day => ({ day, from: 20 * 60, to: 7 * 60 })) }
const always: Schedule = { intervals: [0, 1, 2, 3, 4, 5, 6].map(day => ({ day, from: 0, to: 1440 })) }

function policy(v: Values): Policy {
  return {
    mode: v.mode, layer: v.layer, sound: v.sound, pre_roll_s: Number(v.pre_roll_s), post_roll_s: Number(v.post_roll_s),
    keep_days: Number(v.keep_days), keep_bytes: Number(v.keep_bytes), ...(v.mode === 'schedule' ? { hours: v.hours ?? always } : {}),
  }
}

const hints = { off: 'rec.off_hint', continuous: 'rec.continuous_hint', schedule: 'rec.schedule_hint', notice: 'rec.notice_hint' } as const satisfies Record<Mode, string>

/** words are "Every day, 20:00 to 07:00 next day". */
const words = (e: Entry): string => {
  const { days, hours } = entryText(e)
  return `${days}, ${hours}`
}

/** steps are the choices of a number, with the one that is set. */
const steps = (list: number[], now: number): number[] => [...new Set([...list, now])].sort((a, b) => (a || Infinity) - (b || Infinity))

/** RecordingForm is the choice of how a camera is recorded. */
export function RecordingForm({ camera, view, onChanged }: { camera: Camera; view: Recording; onChanged(v: Recording): void }) {
  const p = view.policy
  const [editing, edit] = useState(false)
  const fresh = view.version === 0
  const form = useForm<Values>(
    () => ({
      mode: p.mode, layer: p.layer, hours: p.hours ?? nights, sound: p.sound,
      pre_roll_s: String(fresh ? 5 : p.pre_roll_s), post_roll_s: String(p.post_roll_s),
      keep_days: String(fresh ? 30 : p.keep_days), keep_bytes: String(p.keep_bytes),
    }),
    () => ({}),
    async v => {
      onChanged(await api.change(camera.id, view.version, policy(v)))
      toast(t('rec.saved'))
    },
  )
  const v = form.values
  const layers = camera.source?.sub ? 2 : 1
  return (
    <form class="form rc-form" onSubmit={form.onSubmit} noValidate>
      <div class="field">
        <span class="lab" aria-hidden="true">{t('rec.when')}</span>
        <Segmented<Mode>
          label={t('rec.when')}
          value={v.mode}
          options={[{ value: 'off', text: t('rec.off') }, { value: 'continuous', text: t('rec.continuous') }, { value: 'schedule', text: t('rec.schedule') }, { value: 'notice', text: t('rec.notice') }]}
          onChange={mode => form.set({ mode })}
        />
        <p class="hint">{t(hints[v.mode])}</p>
      </div>
      {v.mode !== 'off' && (
        <>
          {v.mode === 'schedule' && (
            <div class="field rc-hours">
              {entries(v.hours).length === 0 ? <p class="hint">{t('rec.hours_none')}</p> : <ul>{entries(v.hours).map(e => <li key={words(e)}>{words(e)}</li>)}</ul>}
              <Button icon="clock" onClick={() => edit(true)}>{t('rec.hours_change')}</Button>
            </div>
          )}
          {v.mode === 'notice' && (
            <div class="two">
              <SelectField bound={form.bind('pre_roll_s')} label={t('rec.pre')} options={[...new Set([0, 2, 5, 10, Number(v.pre_roll_s)])].sort((a, b) => a - b).map(n => ({ value: String(n), text: duration(n * 1000) }))} />
              <SelectField bound={form.bind('post_roll_s')} label={t('rec.post')} options={steps([5, 10, 30, 60, 120, 300], Number(v.post_roll_s)).map(n => ({ value: String(n), text: duration(n * 1000) }))} />
            </div>
          )}
          {layers > 1 && (
            <div class="field">
              <span class="lab" aria-hidden="true">{t('rec.layer')}</span>
              <Segmented<Layer> label={t('rec.layer')} value={v.layer} options={[{ value: 'main', text: t('cameras.picture') }, { value: 'sub', text: t('cameras.small_picture') }]} onChange={layer => form.set({ layer })} />
            </div>
          )}
          <div class="two">
            <SelectField bound={form.bind('keep_days')} label={t('rec.keep')} options={steps([1, 3, 7, 14, 30, 60, 90, 180, 365, 0], Number(v.keep_days)).map(n => ({ value: String(n), text: n === 0 ? t('rec.keep_all') : t('unit.d', { n }) }))} />
            <SelectField bound={form.bind('keep_bytes')} label={t('rec.most')} options={steps([0.1, 0.5, 1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 0].map(n => n * 1e9), Number(v.keep_bytes)).map(n => ({ value: String(n), text: n === 0 ? t('rec.most_none') : bytes(n) }))} />
          </div>
          <Check bound={form.bind('sound')} label={t('rec.sound')} hint={camera.sound ? undefined : t('rec.sound_hint')} />
          <Cost camera={camera} policy={policy(v)} />
        </>
      )}
      <ProblemNotice problem={form.problem} />
      <div class="acts"><Button type="submit" kind="primary" busy={form.busy}>{t('rec.save')}</Button></div>
      {editing && (
        <ScheduleEditor
          name={camera.name} camera={camera.name} zone={camera.zone} schedule={v.hours} only_hours={false} only_from={false} archive={false} others={[]}
          recording
          onDone={s => form.set({ hours: s.schedule })}
          onClose={() => edit(false)}
        />
      )}
    </form>
  )
}

/** Cost says what the choice takes of the disk, as far as the camera's rate is known. */
function Cost({ camera, policy: p }: { camera: Camera; policy: Policy }) {
  const layers = camera.state?.layers
  const rate = (p.layer === 'sub' && camera.source?.sub ? layers?.sub : layers?.main)?.bits_per_second
  if (!rate) return <p class="rc-cost dim">{t('rec.cost_unknown')}</p>
  const day = perDay(p, rate)
  const room = days(p, day)
  const size = bytes(day)
  return (
    <p class="rc-cost">
      {t(p.mode === 'notice' ? 'rec.cost_most' : 'rec.cost', { size, rate: t('unit.mbits', { n: Math.round(rate / 1e5) / 10 }) })}
      {' '}
      {room !== undefined ? t('rec.cost_room', { time: duration(room * 86_400_000) })
        : p.keep_days > 0 && t('rec.cost_days', { days: t('unit.d', { n: p.keep_days }), size: bytes(day * p.keep_days) })}
    </p>
  )
}
