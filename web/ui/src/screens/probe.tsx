import type { Probe } from '../api/wire'
import type { Key } from '../i18n/catalogue'
import { hasText, t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Icon } from '../kit/icons'

/** ProbeResult says what the camera answered, per layer: facts, or the exact reason. */
export function ProbeResult({ result, testing }: { result: { main: Probe; sub?: Probe } | undefined; testing: boolean }) {
  if (testing) return <p class="row muted"><Icon name="connecting" />{t('camera.testing_text')}</p>
  if (!result) return <p class="muted">{t('camera.test_text')}</p>
  return (
    <>
      <Layer title={t('camera.main')} probe={result.main} />
      {result.sub && <Layer title={t('camera.sub')} probe={result.sub} />}
    </>
  )
}

function Layer({ title, probe: p }: { title: string; probe: Probe }) {
  return (
    <div class="layer">
      <h3>
        {title}
        <span class={p.ok ? 'good' : 'bad'}>
          <Icon name={p.ok ? 'check' : 'warn'} small />
          {p.ok ? t('probe.ok') : t('probe.failed')}
        </span>
      </h3>
      {p.error && <p>{why(p.error)}</p>}
      {p.error?.detail && p.error.detail !== why(p.error) && (
        <details>
          <summary>{t('probe.detail')}</summary>
          <p class="meta muted" dir="auto">{p.error.detail}</p>
        </details>
      )}
      {(p.ok || p.codec) && (
        <dl class="facts">
          {p.codec && <Fact name={t('probe.codec')} value={[p.codec.toUpperCase(), p.profile].filter(Boolean).join(', ')} />}
          {p.width ? <Fact name={t('probe.size')} value={`${p.width} × ${p.height}`} /> : null}
          {p.fps ? <Fact name={t('probe.rate')} value={t('unit.fps', { n: Math.round(p.fps * 10) / 10 })} /> : null}
          {p.key_interval_s ? <Fact name={t('probe.key')} value={t('unit.s', { n: Math.round(p.key_interval_s * 10) / 10 })} /> : null}
          <Fact name={t('probe.audio')} value={p.audio ? p.audio.toUpperCase() : t('probe.no_audio')} />
        </dl>
      )}
      {(p.key_interval_s ?? 0) > 4 && <p class="meta muted">{t('probe.key_long')}</p>}
    </div>
  )
}

/** why is the reason as it reads in a trial, where nothing runs yet. */
function why(e: { code: string; detail: string }): string {
  const key = `probe.${e.code}`
  return hasText(key) ? t(key as Key) : reason(e.code, e.detail)
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd><bdi>{value}</bdi></dd>
    </>
  )
}
