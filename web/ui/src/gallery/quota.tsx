import { useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Dialog } from '../kit/dialog'
import { Icon } from '../kit/icons'
import { Notice } from '../kit/notice'
import { useResource, type Resource } from '../kit/resource'
import { zone } from '../state/session'
import { images, type Quota, type QuotaPart } from './api'
import { bytes } from './words'

/** From here on the bar warns. */
const near = 0.8

export function useQuota(): Resource<Quota> {
  return useResource(() => images.quota(), ['images', 'me'])
}

type Level = 'normal' | 'near' | 'full'

/** level: a plan is full when the next usual image would not fit, or one has not. */
export function level(q: Quota): Level {
  if (q.skipped > 0 || q.used >= q.limit) return 'full'
  return q.used >= q.limit * near ? 'near' : 'normal'
}

/** Meter is the bar: how much of the plan the images take. */
export function Meter({ of: q, label }: { of: Quota; label: string }) {
  const part = q.limit > 0 ? Math.min(1, q.used / q.limit) : 1
  return (
    <span class={`meter ${level(q)}`} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)} aria-valuetext={t('quota.of', { used: bytes(q.used), limit: bytes(q.limit) })}>
      <i style={{ inlineSize: `${part * 100}%` }} />
    </span>
  )
}

/** QuotaButton is the bar in a gallery's toolbar; it opens what uses the room. */
export function QuotaButton({ of }: { of: Resource<Quota> }) {
  const [open, setOpen] = useState(false)
  const q = of.data
  if (!q) return null
  return (
    <>
      <button type="button" class="qbtn" onClick={() => setOpen(true)}>
        <Meter of={q} label={t('quota.title')} />
        <span class="num">{t('quota.of', { used: bytes(q.used), limit: bytes(q.limit) })}</span>
      </button>
      {open && (
        <Dialog title={t('quota.title')} onClose={() => setOpen(false)}>
          <QuotaParts of={q} />
        </Dialog>
      )}
    </>
  )
}

/** QuotaNotice stands above a gallery that is full or nearly so. */
export function QuotaNotice({ of: q }: { of: Quota | undefined }) {
  if (!q) return null
  const how = level(q)
  if (how === 'normal') return null
  if (how === 'near') return <Notice tone="warn">{t('quota.near', { left: bytes(Math.max(0, q.limit - q.used)) })}</Notice>
  return (
    <Notice tone="bad">
      <b>{t('quota.full')}</b> {t('quota.full_text')} <Skipped of={q} />
    </Notice>
  )
}

function Skipped({ of: q }: { of: Quota }) {
  const since = parseTime(q.skipped_since)
  if (q.skipped === 0) return null
  return <>{t('quota.skipped', { n: q.skipped })}{since !== undefined && ` ${t('quota.since', { when: date(since, zone.value) })}`}</>
}

/** QuotaParts is what uses the room: cameras and senders, largest first. */
export function QuotaParts({ of: q }: { of: Quota }) {
  return (
    <div class="quota">
      <p class="figure"><b class="num">{bytes(q.used)}</b> <span class="muted">{t('quota.of_limit', { limit: bytes(q.limit) })}</span></p>
      <Meter of={q} label={t('quota.title')} />
      <p class="meta muted">{t('gallery.images', { n: q.count })}. {t('quota.explained')}</p>
      {level(q) !== 'normal' && <QuotaNotice of={q} />}
      <Parts title={t('quota.cameras')} parts={q.cameras} limit={q.limit} of="camera" />
      <Parts title={t('quota.senders')} parts={q.senders} limit={q.limit} of="sender" />
    </div>
  )
}

function Parts({ title, parts, limit, of }: { title: string; parts: readonly QuotaPart[]; limit: number; of: 'camera' | 'sender' }) {
  if (parts.length === 0) return null
  return (
    <section>
      <h3>{title}</h3>
      <ul class="qparts">
        {parts.map(x => (
          <li key={x.id}>
            <a href={`/gallery?${of}=${encodeURIComponent(x.id)}`} target="_self"><bdi>{x.name || t(of === 'sender' ? 'gallery.closed_account' : 'gallery.gone_camera')}</bdi></a>
            <span class="bar-part" aria-hidden="true"><i style={{ inlineSize: `${Math.min(100, (x.bytes / (limit || 1)) * 100)}%` }} /></span>
            <span class="num">{bytes(x.bytes)}</span>
            <span class="num dim">{t('gallery.images', { n: x.count })}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}

/** Storage is the plan's room for images, in the settings. */
export function Storage() {
  const quota = useQuota()
  return (
    <section class="block" aria-labelledby="storage">
      <h2 id="storage">{t('quota.title')}</h2>
      <Loaded of={quota} rows={2}>{q => <><QuotaParts of={q} /><p class="acts"><a class="btn" href="/gallery"><Icon name="image" />{t('nav.gallery')}</a></p></>}</Loaded>
    </section>
  )
}
