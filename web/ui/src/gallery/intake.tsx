import { useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { duration } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { copy } from '../kit/copy'
import { Confirm } from '../kit/dialog'
import { Check, SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { go } from '../kit/router'
import { toast } from '../kit/toast'
import { intake, type Intake } from './api'

/** Minutes between two stills that can be chosen. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 360, 720, 1440]

/** IntakeSection is how images of an own camera come in: what the camera sends itself, and stills cut from its picture. */
export function IntakeSection({ camera }: { camera: Camera }) {
  const view = useResource(() => intake.get(camera.id))
  return (
    <section class="block intake" aria-labelledby="intake">
      <h2 id="intake">{t('intake.title')}</h2>
      <p class="muted">{t(camera.kind === 'still' ? 'intake.still_text' : 'intake.rtsp_text')}</p>
      <Loaded of={view} rows={2}>
        {v => (
          <>
            {camera.kind === 'rtsp' && <Stills key={String(v.takes)} camera={camera} view={v} onChanged={view.put} />}
            {v.takes ? <Doors camera={camera} view={v} onChanged={view.put} /> : <Open camera={camera} onChanged={view.put} />}
          </>
        )}
      </Loaded>
    </section>
  )
}

/** Open gives a live camera a key for images that are sent; still cameras have one from the beginning. */
function Open({ camera, onChanged }: { camera: Camera; onChanged(v: Intake): void }) {
  const [problem, setProblem] = useState<Problem>()
  return (
    <div class="door-one">
      <h3>{t('intake.sent')}</h3>
      <p class="muted">{t('intake.none_yet')}</p>
      <ProblemNotice problem={problem} />
      <Button onClick={() => void intake.change(camera.id, {}).then(onChanged, e => setProblem(asProblem(e)))}>{t('intake.let_in')}</Button>
    </div>
  )
}

function Stills({ camera, view, onChanged }: { camera: Camera; view: Intake; onChanged(v: Intake): void }) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const form = useForm(
    { every_minutes: String(view.every_minutes), on_notice: view.on_notice, tell: view.tell, snapshot_url: view.snapshot_url },
    v => ({ snapshot_url: v.snapshot_url.trim() === '' || /^https?:\/\/[^\s/]+/i.test(v.snapshot_url.trim()) ? undefined : 'bad_url' }),
    async v => {
      onChanged(await intake.change(camera.id, { every_minutes: Number(v.every_minutes), on_notice: v.on_notice, tell: v.tell, snapshot_url: v.snapshot_url.trim() }))
      toast(t('intake.saved'))
    },
  )
  const now = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      const r = await intake.still(camera.id)
      toast(t('intake.taken'), { text: t('intake.show'), act: () => go(`/gallery?image=${encodeURIComponent(r.image)}`) })
    } catch (e) {
      setProblem(asProblem(e))
    }
    setBusy(false)
  }
  const choices = [...new Set([0, ...steps, view.every_minutes])].sort((a, b) => a - b)
  return (
    <form class="form stills" onSubmit={form.onSubmit} noValidate>
      <h3>{t('intake.stills')}</h3>
      <SelectField
        bound={form.bind('every_minutes')}
        label={t('intake.every')}
        hint={t('intake.every_hint')}
        options={choices.map(n => ({ value: String(n), text: n === 0 ? t('intake.never') : t('intake.every_n', { time: duration(n * 60_000) }) }))}
      />
      <Check bound={form.bind('on_notice')} label={t('intake.on_notice')} hint={t('intake.on_notice_hint')} />
      <Check bound={form.bind('tell')} label={t('intake.tell')} hint={t('intake.tell_hint')} />
      <TextField bound={form.bind('snapshot_url')} label={t('intake.snapshot')} hint={t('intake.snapshot_hint')} optional dir="ltr" inputMode="url" autoComplete="off" spellcheck={false} placeholder="http://192.168.1.20/snapshot.jpg" />
      <ProblemNotice problem={form.problem ?? problem} />
      <div class="acts">
        <Button type="submit" busy={form.busy}>{t('intake.save')}</Button>
        <Button icon="image" busy={busy} onClick={() => { if (!busy) void now() }}>{t('intake.now')}</Button>
      </div>
    </form>
  )
}

/** Doors are the addresses a camera sends to. */
function Doors({ camera, view: v, onChanged }: { camera: Camera; view: Intake; onChanged(v: Intake): void }) {
  const [renewing, renew] = useState(false)
  const curl = `curl -T image.jpg -H "Authorization: Bearer ${v.key}" ${v.upload_url}`
  return (
    <div class="doors">
      <h3>{t('intake.sent')}</h3>
      <Door title={t('intake.upload')} text={t('intake.upload_text')}>
        <Line label={t('intake.address')} value={v.upload_url} />
        <Line label={t('intake.key')} value={v.key} />
        <Line label={t('intake.key_in_address')} value={`${v.upload_url}?key=${v.key}`} />
        <Line label={t('intake.try')} value={curl} />
      </Door>
      <Door title={t('intake.mail')} text={v.mail ? t('intake.mail_text') : t('intake.no_mail')}>
        {v.mail && <Line label={t('intake.mail_address')} value={v.mail} />}
      </Door>
      <Door title={t('intake.ftp')} text={v.ftp ? t('intake.ftp_text') : t('intake.no_ftp')}>
        {v.ftp && (
          <>
            <Line label={t('intake.ftp_server')} value={v.ftp.host} />
            <Line label={t('intake.ftp_port')} value={String(v.ftp.port)} />
            <Line label={t('intake.ftp_user')} value={v.ftp.user} />
            <Line label={t('field.password')} value={v.key} />
          </>
        )}
      </Door>
      <p class="acts"><Button icon="refresh" onClick={() => renew(true)}>{t('intake.renew')}</Button></p>
      {renewing && (
        <Confirm
          title={t('intake.renew_title', { name: camera.name })}
          verb={t('intake.renew')}
          onClose={() => renew(false)}
          act={async () => {
            onChanged(await intake.renew(camera.id))
            toast(t('intake.renewed'))
          }}
        >
          <p>{t('intake.renew_text')}</p>
        </Confirm>
      )}
    </div>
  )
}

function Door({ title, text, children }: { title: string; text: string; children: preact.ComponentChildren }) {
  return (
    <section class="door-one">
      <h4>{title}</h4>
      <p class="muted">{text}</p>
      {children}
    </section>
  )
}

/** Line is one value to be copied as it is. */
export function Line({ label, value }: { label: string; value: string }) {
  const [done, setDone] = useState(false)
  return (
    <div class="copyline">
      <label>
        <span class="lab">{label}</span>
        <input class="fld mono" dir="ltr" readOnly value={value} onFocus={e => e.currentTarget.select()} />
      </label>
      <Button icon={done ? 'check' : 'copy'} aria-label={`${t('action.copy')}: ${label}`} onClick={() => void copy(value).then(ok => { setDone(ok); setTimeout(() => setDone(false), 2000) })}>
        {done ? t('action.copied') : t('action.copy')}
      </Button>
    </div>
  )
}
