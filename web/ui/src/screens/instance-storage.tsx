import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { storage as api, type Bucket, type Disk, type DiskState, type Storage } from '../api/storage'
import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Chip } from '../kit/chip'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { zone } from '../state/session'
import { bytes } from '../usage/words'

/** How often it is asked for while it is looked at, in ms. */
const look = 10_000

/** StorageTab is where the server keeps recordings and images: how full it is, what is wrong, and what goes next. */
export function StorageTab() {
  const data = useResource(api.get)
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) data.reload() }, look)
    return () => clearInterval(timer)
  }, [])
  return <Loaded of={data} rows={5}>{s => <Shown of={s} />}</Loaded>
}

function Shown({ of: s }: { of: Storage }) {
  return (
    <div class="st">
      <p class="muted">{t('storage.text', { server: s.server })}</p>
      <section class="block" aria-labelledby="st-footage">
        <h2 id="st-footage">{t('storage.footage')}</h2>
        {s.available
          ? <>
              {s.node && <Notice icon="info">{t('storage.elsewhere', { node: s.node })}</Notice>}
              {!s.node && <p class="muted">{s.wanted === 0 ? t('storage.cameras_none') : t('storage.cameras', { n: s.recording, all: s.wanted })}</p>}
              {s.gaps > 0 && <Notice tone="warn">{t('storage.gaps', { n: s.gaps })}</Notice>}
              {s.disks.map(d => <DiskPart key={d.path} of={d} moves={!!s.bucket} />)}
              {s.bucket && <BucketPart of={s.bucket} />}
            </>
          : <Empty title={s.node ? t('storage.off_elsewhere', { node: s.node }) : t('storage.off')} />}
      </section>
      <section class="block" aria-labelledby="st-images">
        <h2 id="st-images">{t('storage.images')}</h2>
        <ImagesPart of={s.images} />
      </section>
    </div>
  )
}

function StateChip({ state, slow }: { state: DiskState; slow?: boolean }) {
  if (state === 'disk_full') return <Chip tone="bad" icon="warn">{t('storage.full')}</Chip>
  if (state === 'disk_failed') return <Chip tone="bad" icon="offline">{t('storage.failed')}</Chip>
  if (slow) return <Chip tone="warn" icon="clock">{t('storage.slow')}</Chip>
  return <Chip icon="check">{t('storage.well')}</Chip>
}

/** Trouble is what is wrong, since when, in a sentence, and the system's own words. */
function Trouble({ text, since, cause }: { text: string; since?: string | undefined; cause?: string | undefined }) {
  const ms = parseTime(since)
  return (
    <div class="st-trouble">
      <p>{ms !== undefined && <b>{t('storage.since', { when: moment(ms, zone.value, Date.now()) })} </b>}{text}</p>
      {cause && <p class="meta dim">{t('storage.cause')} <bdi lang="en" dir="ltr">{cause}</bdi></p>}
    </div>
  )
}

function Head({ name, children }: { name: string; children: ComponentChildren }) {
  return <div class="st-head"><h3><bdi dir="ltr">{name}</bdi></h3>{children}</div>
}

function when(s: string | undefined): string {
  const ms = parseTime(s)
  return ms === undefined ? t('storage.no_footage') : moment(ms, zone.value, Date.now())
}

function DiskPart({ of: d, moves }: { of: Disk; moves: boolean }) {
  return (
    <article class="st-part">
      <Head name={d.path}><StateChip state={d.state} slow={d.slow} /></Head>
      {d.state === 'disk_full' && <Trouble text={t('storage.full_text')} since={d.since} cause={d.cause} />}
      {d.state === 'disk_failed' && <Trouble text={t(d.absent ? 'storage.absent_text' : 'storage.failed_text')} since={d.since} cause={d.cause} />}
      {d.state === 'ok' && d.slow && <Trouble text={t('storage.slow_text')} />}
      {d.total > 0 && <Bar of={d} />}
      <dl class="facts">
        {(d.state !== 'disk_failed' || d.oldest) && <><dt>{t('storage.oldest')}</dt><dd>{d.listed || d.oldest ? when(d.oldest) : t('storage.counting')}</dd></>}
        <dt>{t('storage.reserve')}</dt><dd class="num">{bytes(d.reserve)}</dd>
        <dt>{t('storage.limit')}</dt><dd class="num">{d.limit > 0 ? bytes(d.limit) : t('storage.no_limit')}</dd>
      </dl>
      {d.state === 'ok' && d.listed && <p class="muted">{moves ? t('storage.next_moves', { size: bytes(d.room) }) : d.room > 0 ? t('storage.next_room', { size: bytes(d.room) }) : t('storage.next_now')}</p>}
    </article>
  )
}

/** Bar is a disk from end to end: footage, what else is on it, and what is free. */
function Bar({ of: d }: { of: Disk }) {
  const footage = Math.min(d.bytes, d.total)
  const other = Math.max(0, d.total - d.free - footage)
  const part = (n: number): string => `${(n / d.total) * 100}%`
  return (
    <>
      <div class="st-bar" aria-hidden="true"><i class="st-used" style={{ inlineSize: part(footage) }} /><i class="st-else" style={{ inlineSize: part(other) }} /></div>
      <dl class="st-legend">
        <div><i class="st-used" aria-hidden="true" /><dt>{t('storage.bytes')}</dt><dd class="num">{bytes(d.bytes)}</dd></div>
        <div><i class="st-else" aria-hidden="true" /><dt>{t('storage.other')}</dt><dd class="num">{bytes(other)}</dd></div>
        <div><i aria-hidden="true" /><dt>{t('storage.free')}</dt><dd class="num">{t('storage.of', { part: bytes(d.free), all: bytes(d.total) })}</dd></div>
      </dl>
    </>
  )
}

function BucketPart({ of: b }: { of: Bucket }) {
  return (
    <article class="st-part">
      <Head name={b.name}><StateChip state={b.state} /></Head>
      {b.state !== 'ok' && <Trouble text={t('storage.bucket_failed')} since={b.since} cause={b.cause} />}
      <dl class="facts">
        <dt>{t('storage.in_bucket')}</dt><dd class="num">{bytes(b.bytes)}</dd>
        <dt>{t('storage.waiting')}</dt><dd class="num">{bytes(b.waiting)}</dd>
        <dt>{t('storage.oldest')}</dt><dd>{when(b.oldest)}</dd>
      </dl>
      <p class="muted">{t('storage.bucket_next')}</p>
    </article>
  )
}

function ImagesPart({ of: m }: { of: Storage['images'] }) {
  if (m.kind === 's3') return <p class="muted">{t('storage.images_s3')}</p>
  return (
    <article class="st-part">
      <div class="st-head"><h3>{t('storage.images_folder')}</h3><StateChip state={m.state} /></div>
      {m.state === 'disk_full' && <Trouble text={t('storage.images_full')} />}
      {m.state === 'disk_failed' && <Trouble text={t('storage.images_failed')} />}
      <dl class="facts">
        {m.free !== undefined && <><dt>{t('storage.free')}</dt><dd class="num">{bytes(m.free)}</dd></>}
        <dt>{t('storage.reserve')}</dt><dd class="num">{bytes(m.reserve)}</dd>
      </dl>
      <p class="muted">{t('storage.images_next')}</p>
    </article>
  )
}
