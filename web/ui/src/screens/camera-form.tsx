import { useState } from 'preact/hooks'
import { cameras as api } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Camera, CameraDraft, Probe, Transport } from '../api/wire'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Confirm } from '../kit/dialog'
import { Check, SelectField, TextField } from '../kit/field'
import { useForm, type Errors } from '../kit/form'
import { Icon } from '../kit/icons'
import { later } from '../kit/later'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { go } from '../kit/router'
import * as rules from '../kit/rules'
import { toast } from '../kit/toast'
import { account } from '../state/session'
import { CameraGiven } from './camera-given'
import { IntakeSection } from '../gallery/intake'
import { MuteSection } from '../notices/mute'
import { ProbeResult } from './probe'
import { RecordingSection } from './recording'
import { zones } from './zones'
import type { FindProps } from '../ptz/find'

const Find = later<FindProps>(() => import('../ptz/find').then(m => m.Find))
const GiveAccess = later<{ camera: Camera; onClose(): void }>(() => import('../share/dialog').then(m => m.GiveAccess))

/** CameraForm adds a camera, or changes the one of `id`. */
export function CameraForm({ id }: { id?: string }) {
  if (id === undefined) return <Form />
  return <Existing id={id} />
}

function Existing({ id }: { id: string }) {
  const camera = useResource(() => api.get(id), ['cameras'])
  // Who was given a camera sees what he has of it; only its owner changes it.
  if (camera.data?.mine) return <Form camera={camera.data} />
  if (camera.data || camera.problem?.status === 404 || camera.problem?.status === 403) return <CameraGiven id={id} of={camera} />
  return (
    <main id="main" class="main narrow">
      <p class="crumb"><a href="/cameras"><Icon name="left" small />{t('cameras.title')}</a></p>
      <Loaded of={camera}>{() => null}</Loaded>
    </main>
  )
}

interface Values {
  kind: 'rtsp' | 'still'
  name: string
  main: string
  sub: string
  user: string
  password: string
  transport: Transport
  fingerprint: string
  onvif: string
  zone: string
  sound: boolean
  enabled: boolean
}

function start(c: Camera | undefined): Values {
  const s = c?.source
  return {
    kind: c?.kind ?? 'rtsp', name: c?.name ?? '', main: s?.main ?? '', sub: s?.sub ?? '', user: s?.user ?? '', password: '',
    transport: s?.transport || 'tcp', fingerprint: s?.fingerprint ?? '', onvif: s?.onvif ?? '',
    zone: c?.zone || account.value?.zone || 'UTC', sound: c?.sound ?? false, enabled: c?.enabled ?? true,
  }
}

export function check(v: Pick<Values, 'name' | 'main' | 'sub'> & { kind?: Values['kind'] }): Errors<Values> {
  // A still camera sends by itself: there is no stream to find.
  if (v.kind === 'still') return { name: rules.name(v.name) }
  return {
    name: rules.name(v.name),
    main: rules.required(v.main) ?? rules.cameraURL(v.main),
    sub: v.sub.trim() === '' ? undefined : rules.cameraURL(v.sub),
  }
}

function Form({ camera }: { camera?: Camera }) {
  const [result, setResult] = useState<{ main: Probe; sub?: Probe }>()
  const [testing, setTesting] = useState(false)
  const [testProblem, setTestProblem] = useState<Problem>()
  const [removing, setRemoving] = useState(false)
  const [sharing, share] = useState(false)
  const [finding, find] = useState(false)
  const stored = camera?.source?.has_password ?? false

  const draft = (v: Values): CameraDraft => {
    if (v.kind === 'still') return { ...(camera ? { enabled: v.enabled } : { kind: 'still' as const }), name: v.name.trim(), zone: v.zone }
    const d: CameraDraft = {
      name: v.name.trim(), main: v.main.trim(), sub: v.sub.trim(), user: v.user.trim(),
      transport: v.transport, fingerprint: v.fingerprint.trim(), onvif: v.onvif.trim(), zone: v.zone, sound: v.sound,
    }
    // An empty field keeps the stored password; taking the user away takes the password with it.
    if (v.password !== '') d.password = v.password
    else if (camera && stored && d.user === '') d.password = ''
    if (camera) d.enabled = v.enabled
    return d
  }

  const form = useForm<Values>(() => start(camera), check, async v => {
    const saved = camera ? await api.change(camera.id, draft(v)) : await api.add(draft(v))
    announce('cameras')
    toast(camera ? t('camera.saved', { name: saved?.name ?? v.name }) : t('camera.added', { name: v.name.trim() }))
    // A new still camera needs the addresses it sends to, which are on its page.
    go(!camera && v.kind === 'still' && saved ? `/cameras/${saved.id}` : '/cameras')
  })
  const still = form.values.kind === 'still'

  const test = async (): Promise<void> => {
    if (testing) return
    const v = form.values
    setTestProblem(undefined)
    setResult(undefined)
    setTesting(true)
    try {
      const { main, sub, user, password, transport, fingerprint } = draft(v)
      setResult(await api.test({ main, sub: sub || undefined, user, password, transport, fingerprint, camera: camera?.id }))
    } catch (e) {
      const p = asProblem(e)
      if (p.field) form.fail(p)
      else setTestProblem(p)
    } finally {
      setTesting(false)
    }
  }

  /** A pasted URL with a login in it is taken apart, so that the password is never kept in a URL. */
  const tidy = (k: 'main' | 'sub') => {
    const bound = form.bind(k)
    return {
      ...bound,
      leave: () => {
        const parts = rules.splitLogin(form.values[k])
        if (parts) form.set({ [k]: parts.url, user: parts.user, ...(parts.password ? { password: parts.password } : {}) })
        bound.leave()
      },
    }
  }

  return (
    <main id="main" class="main narrow">
      <p class="crumb"><a href="/cameras"><Icon name="left" small />{t('cameras.title')}</a></p>
      <div class="row">
        <h1>{camera ? <bdi>{camera.name}</bdi> : t('cameras.add')}</h1>
        <span class="sp" />
        {camera && <Button icon="shared" onClick={() => share(true)}>{t('share.act')}</Button>}
      </div>
      <form class="camera" onSubmit={form.onSubmit} noValidate>
        <div class="form">
          {!camera && (
            <div class="field">
              <Segmented
                label={t('camera.kind')}
                value={form.values.kind}
                options={[{ value: 'rtsp', text: t('camera.kind_rtsp') }, { value: 'still', text: t('camera.kind_still') }]}
                onChange={kind => form.set({ kind })}
              />
              <p class="hint">{t(still ? 'camera.kind_still_hint' : 'camera.kind_rtsp_hint')}</p>
            </div>
          )}
          <TextField bound={form.bind('name')} label={t('camera.name')} placeholder={t('camera.name_example')} autoComplete="off" maxLength={60} />
          {still && <SelectField bound={form.bind('zone')} label={t('field.zone')} hint={t('camera.zone_hint')} options={zones(form.values.zone)} />}
          {!still && <>
          <div class="field pt-start">
            <Button icon="search" onClick={() => find(true)}>{t(form.values.onvif ? 'find.ask' : 'find.act')}</Button>
            <p class="hint">{t('find.hint')}</p>
          </div>
          <TextField bound={tidy('main')} label={t('camera.main')} hint={t('camera.main_hint')} placeholder="rtsp://192.168.1.20:554/stream1" dir="ltr" inputMode="url" autoComplete="off" spellcheck={false} />
          <TextField bound={tidy('sub')} label={t('camera.sub')} hint={t('camera.sub_hint')} optional placeholder="rtsp://192.168.1.20:554/stream2" dir="ltr" inputMode="url" autoComplete="off" spellcheck={false} />
          <div class="two">
            <TextField bound={form.bind('user')} label={t('camera.user')} optional dir="ltr" autoComplete="off" spellcheck={false} />
            <TextField bound={form.bind('password')} label={t('field.password')} optional={!stored} type="password" dir="ltr" autoComplete="new-password" placeholder={stored ? t('camera.password_kept') : ''} hint={stored ? t('camera.password_hint') : undefined} />
          </div>
          <details>
            <summary>{t('camera.more')}</summary>
            <SelectField bound={form.bind('transport') as never} label={t('camera.transport')} hint={t('camera.transport_hint')} options={[{ value: 'tcp', text: 'TCP' }, { value: 'udp', text: 'UDP' }]} />
            <TextField bound={form.bind('fingerprint')} label={t('camera.fingerprint')} hint={t('camera.fingerprint_hint')} optional dir="ltr" autoComplete="off" spellcheck={false} />
            <TextField bound={form.bind('onvif')} label={t('camera.onvif')} hint={t('camera.onvif_hint')} optional placeholder="http://192.168.1.20/onvif/device_service" dir="ltr" inputMode="url" autoComplete="off" spellcheck={false} />
            <SelectField bound={form.bind('zone')} label={t('field.zone')} hint={t('camera.zone_hint')} options={zones(form.values.zone)} />
          </details>
          <Check bound={form.bind('sound')} label={t('camera.sound')} hint={t('camera.sound_hint')} />
          </>}
          {camera && <Check bound={form.bind('enabled')} label={t('camera.enabled')} hint={t('camera.enabled_hint')} />}
          <ProblemNotice problem={form.problem} />
          <div class="acts">
            <Button kind="primary" type="submit" busy={form.busy}>{camera ? t('action.save') : t('cameras.add')}</Button>
            {!still && <Button onClick={test} busy={testing}>{testing ? t('camera.testing') : t('camera.test')}</Button>}
            <a class="btn quiet" href="/cameras">{t('action.cancel')}</a>
            <span class="sp" />
            {camera && <Button kind="danger" onClick={() => setRemoving(true)}>{t('camera.remove')}</Button>}
          </div>
        </div>
        {!still && <section class="card probe" aria-label={t('camera.test_result')} aria-live="polite">
          <h2>{t('camera.test_result')}</h2>
          {testProblem ? <ProblemNotice problem={testProblem} /> : <ProbeResult result={result} testing={testing} />}
        </section>}
      </form>
      {camera && <RecordingSection camera={camera} />}
      {camera && <MuteSection camera={camera.id} />}
      {camera && <IntakeSection camera={camera} />}
      {finding && (
        <Find
          address={form.values.onvif.trim() || undefined}
          user={form.values.user}
          camera={stored ? camera?.id : undefined}
          onClose={() => find(false)}
          onPick={c => {
            form.set({ main: c.main, sub: c.sub, onvif: c.onvif, user: c.user, ...(c.password ? { password: c.password } : {}), ...(form.values.name.trim() === '' ? { name: c.name } : {}) })
            find(false)
          }}
        />
      )}
      {sharing && camera && <GiveAccess camera={camera} onClose={() => share(false)} />}
      {removing && camera && (
        <Confirm
          title={t('camera.remove_title', { name: camera.name })}
          verb={t('camera.remove')}
          onClose={() => setRemoving(false)}
          act={async () => {
            await api.remove(camera.id)
            announce('cameras')
            toast(t('camera.removed', { name: camera.name }))
            go('/cameras')
          }}
        >
          <p>{t('camera.remove_text')}</p>
        </Confirm>
      )}
    </main>
  )
}
