import { useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import type { Camera } from '../api/wire'
import { Line } from '../gallery/intake'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Confirm } from '../kit/dialog'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { toast } from '../kit/toast'
import { recording as api, type Hook, type Sensitivity } from './recording-api'

/** RecordingEvents is what tells that something happens at an own camera, beside what the camera says itself. */
export function RecordingEvents({ camera }: { camera: Camera }) {
  const hook = useResource(() => api.hook(camera.id))
  return (
    <section class="block rc-part" aria-labelledby="happens">
      <h2 id="happens">{t('rec.events')}</h2>
      <p class="muted">{t('rec.events_text')}</p>
      {camera.kind === 'rtsp' && <Motion camera={camera} />}
      <div class="door-one">
        <h3>{t('rec.hook')}</h3>
        <p class="muted">{t('rec.hook_text')}</p>
        <Loaded of={hook} rows={1}>{v => <HookKey camera={camera} hook={v} onChanged={hook.put} />}</Loaded>
      </div>
    </section>
  )
}

/** Motion is how the stream is watched for movement; a choice holds at once. */
function Motion({ camera }: { camera: Camera }) {
  const view = useResource(() => api.motion(camera.id))
  const [problem, setProblem] = useState<Problem>()
  const choose = async (sensitivity: Sensitivity): Promise<void> => {
    const before = view.data
    setProblem(undefined)
    if (before) view.put({ ...before, sensitivity })
    try {
      view.put(await api.setMotion(camera.id, sensitivity))
      toast(t(sensitivity === 'off' ? 'rec.saved' : 'rec.motion_saved'))
    } catch (e) {
      if (before) view.put(before)
      setProblem(asProblem(e))
    }
  }
  return (
    <div class="door-one">
      <h3>{t('rec.motion')}</h3>
      <p class="muted">{t('rec.motion_text')}</p>
      <Loaded of={view} rows={1}>
        {v => (
          <Segmented<Sensitivity>
            label={t('rec.motion_how')}
            value={v.sensitivity}
            options={[{ value: 'off', text: t('rec.off') }, { value: 'low', text: t('rec.low') }, { value: 'medium', text: t('rec.medium') }, { value: 'high', text: t('rec.high') }]}
            onChange={s => void choose(s)}
          />
        )}
      </Loaded>
      <p class="hint">{t(view.data?.by === 'rate' ? 'rec.motion_rate' : 'rec.motion_hint')}</p>
      <ProblemNotice problem={problem} />
    </div>
  )
}

function HookKey({ camera, hook: v, onChanged }: { camera: Camera; hook: Hook; onChanged(v: Hook): void }) {
  const [asking, ask] = useState<'renew' | 'remove'>()
  const [problem, setProblem] = useState<Problem>()
  if (v.key === '') {
    return (
      <>
        <ProblemNotice problem={problem} />
        <Button icon="plus" onClick={() => void api.newHook(camera.id).then(onChanged, e => setProblem(asProblem(e)))}>{t('rec.hook_make')}</Button>
      </>
    )
  }
  const curl = `curl -X POST -H "Authorization: Bearer ${v.key}" -d kind=motion ${v.url}`
  return (
    <>
      <Line label={t('intake.address')} value={v.url} />
      <Line label={t('intake.key')} value={v.key} />
      <Line label={t('intake.key_in_address')} value={`${v.url}?key=${v.key}`} />
      <Line label={t('intake.try')} value={curl} />
      <div class="acts">
        <Button icon="refresh" onClick={() => ask('renew')}>{t('intake.renew')}</Button>
        <Button kind="danger" onClick={() => ask('remove')}>{t('rec.hook_remove')}</Button>
      </div>
      {asking === 'renew' && (
        <Confirm title={t('rec.hook_renew_title', { name: camera.name })} verb={t('intake.renew')} onClose={() => ask(undefined)} act={async () => { onChanged(await api.newHook(camera.id)); toast(t('intake.renewed')) }}>
          <p>{t('rec.hook_renew_text')}</p>
        </Confirm>
      )}
      {asking === 'remove' && (
        <Confirm title={t('rec.hook_remove_title', { name: camera.name })} verb={t('rec.hook_remove')} onClose={() => ask(undefined)} act={async () => { await api.removeHook(camera.id); onChanged({ ...v, key: '' }); toast(t('rec.hook_removed')) }}>
          <p>{t('rec.hook_remove_text')}</p>
        </Confirm>
      )}
    </>
  )
}
