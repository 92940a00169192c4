import { useEffect } from 'preact/hooks'
import { cameras } from '../api/api'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Icon } from '../kit/icons'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { bytes } from '../usage/words'
import { recording as api, type Recording } from './recording-api'
import { RecordingEvents } from './recording-events'
import { RecordingForm } from './recording-form'

/** How often the state of a recording is asked for while it is looked at, in ms. */
const look = 5000

/** RecordingSection is how an own camera is recorded, and what tells that something happens at it. */
export function RecordingSection({ camera }: { camera: Camera }) {
  return (
    <>
      {camera.kind === 'rtsp' && <Footage camera={camera} />}
      <RecordingEvents camera={camera} />
    </>
  )
}

function Footage({ camera }: { camera: Camera }) {
  const view = useResource(() => api.get(camera.id))
  // What it costs is known by what the camera sends, and a layer that nobody watches sends nothing yet.
  const now = useResource(() => cameras.get(camera.id))
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) { view.reload(); now.reload() } }, look)
    return () => clearInterval(timer)
  }, [])
  return (
    <section class="block rc-part" aria-labelledby="recording">
      <h2 id="recording">{t('rec.title')}</h2>
      <Loaded of={view} rows={2}>
        {v => v.available
          ? <>
              <Status camera={camera} view={v} />
              <RecordingForm key={v.version} camera={now.data ?? camera} view={v} onChanged={view.put} />
            </>
          : <Notice>{t('rec.none')}</Notice>}
      </Loaded>
    </section>
  )
}

/** why is the sentence of why a camera is not recorded though it should be. */
function why(code: string): string {
  switch (code) {
    case 'disk_full': return t('rec.why_disk_full')
    case 'disk_failed': return t('rec.why_disk_failed')
    case 'codec_unsupported': return t('rec.why_codec_unsupported')
  }
  return reason(code)
}

/** Status says what is recorded now, or why not. */
function Status({ camera, view: v }: { camera: Camera; view: Recording }) {
  const { status: s, policy: p } = v
  const moment = (x: string | undefined): string | undefined => {
    const ms = parseTime(x)
    return ms === undefined ? undefined : at(ms, camera.zone, Date.now())
  }
  const since = moment(s.since)
  const [oldest, newest] = [moment(s.oldest), moment(s.newest)]
  const words = v.node ? t('rec.elsewhere', { node: v.node })
    : s.recording ? (since ? t('rec.since', { when: since }) : t('rec.on'))
    : p.mode === 'off' ? t('rec.is_off')
    : s.error ? why(s.error)
    : !camera.enabled ? t('rec.camera_off')
    : p.mode === 'continuous' ? t('rec.waits_picture')
    : t(p.mode === 'notice' ? 'rec.waits_event' : 'rec.waits_hours')
  const bad = !s.recording && !!s.error && !v.node
  return (
    <div class="rc-status">
      <p class={`rc-now${s.recording ? ' on' : bad ? ' bad' : ''}`} role="status">
        {s.recording ? <i class="rc-dot" /> : <Icon name={bad ? 'warn' : p.mode === 'off' ? 'power' : 'clock'} small />}
        <span>{words}</span>
      </p>
      {s.bytes > 0 && (
        <dl>
          <div><dt>{t('rec.takes')}</dt><dd class="num">{bytes(s.bytes)}</dd></div>
          {oldest && <div><dt>{t('rec.oldest')}</dt><dd>{oldest}</dd></div>}
          {newest && !s.recording && <div><dt>{t('rec.newest')}</dt><dd>{newest}</dd></div>}
        </dl>
      )}
      {s.recording && s.sound && <p class="hint">{t('rec.sound_not')}</p>}
    </div>
  )
}
