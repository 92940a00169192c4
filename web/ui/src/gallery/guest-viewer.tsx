import { useEffect } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { date, hour, parseTime } from '../i18n/time'
import type { GuestImage, guestImages } from './api'
import { preload, Viewer } from './viewer'

interface Props {
  id: string
  find(id: string): GuestImage | undefined
  beside(id: string, by: 1 | -1): Promise<GuestImage | undefined>
  api: ReturnType<typeof guestImages>
  standIn(id: string): string | undefined
  names: ReadonlyMap<string, string>
  zone: string
  watermark: string
  onOpen(id: string | undefined): void
}

/** GuestViewer shows a picture of a link: its camera, its time, the link's mark; no act but looking. */
export function GuestViewer({ id, find, beside, api, standIn, names, zone, watermark, onOpen }: Props) {
  const image = find(id)
  useEffect(() => {
    const timer = setTimeout(() => void beside(id, 1).then(i => i && preload(api.picture(i.id))), 250)
    return () => clearTimeout(timer)
  }, [id])
  useEffect(() => {
    if (!image) onOpen(undefined)
  }, [image])
  if (!image) return null
  const at = parseTime(image.taken_at) ?? 0
  const camera = names.get(image.camera) ?? t('gallery.image')
  return (
    <Viewer
      id={id}
      label={`${camera}, ${date(at, zone)}`}
      title={<><b><bdi>{camera}</bdi></b><span class="muted num">{date(at, zone)}</span></>}
      src={api.picture(id)}
      standIn={standIn(id)}
      width={image.width}
      height={image.height}
      onClose={() => onOpen(undefined)}
      onStep={async by => {
        const next = await beside(id, by)
        if (next) onOpen(next.id)
        return next !== undefined
      }}
      over={<span class="wm"><bdi>{watermark}</bdi> · <bdi>{hour(at, zone)}</bdi></span>}
    />
  )
}
