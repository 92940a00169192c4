import { useEffect, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { clock, duration, hour, parseTime } from '../i18n/time'
import { Icon } from '../kit/icons'
import { guestImages, type GuestImage } from './api'
import type { Thumbs } from './thumbs'
import { useThumb } from './use-thumb'

/** The server makes the list anew at most once a minute; asking sooner gives the same. */
const renew = 60_000

/** useRecent is the newest images of a link while places of its wall are spare and the page is seen. */
export function useRecent(link: string, spare: boolean): readonly GuestImage[] {
  const [list, setList] = useState<readonly GuestImage[]>([])
  useEffect(() => {
    if (!spare) return
    let gone = false
    const load = (): void => {
      if (document.visibilityState === 'hidden') return
      // A failure leaves what was there: an old picture with its age is better than an empty place.
      guestImages(link).recent().then(r => { if (!gone) setList(r.images) }, () => {})
    }
    load()
    const timer = setInterval(load, renew)
    document.addEventListener('visibilitychange', load)
    return () => {
      gone = true
      clearInterval(timer)
      document.removeEventListener('visibilitychange', load)
    }
  }, [link, spare])
  return list
}

interface Props {
  image: GuestImage
  /** 1 is the newest. */
  rank: number
  number: number
  camera: string
  zone: string
  thumbs: Thumbs
  src: string
  watermark: string
  onOpen(): void
}

/** SpareTile shows a recent image in a place of the wall without a camera (spec R72). */
export function SpareTile({ image, rank, number, camera, zone, thumbs, src, watermark, onOpen }: Props) {
  const url = useThumb(thumbs, src)
  const [, beat] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => beat(n => n + 1), 30_000)
    return () => clearInterval(timer)
  }, [])
  const at = parseTime(image.taken_at) ?? 0
  const age = Date.now() - at
  const name = t('spare.name', { n: rank, camera })
  const old = t('tile.age', { time: duration(age) })
  return (
    <li class="tile image" aria-label={t('tile.label', { name, state: `${t('tile.image')}, ${old}` })}>
      <div class="pic">
        {url && <img class="still" src={url} alt="" />}
        <button type="button" class="enlarge" aria-label={t('spare.open', { name })} onClick={onOpen} />
        {url && <span class="wm"><bdi>{watermark}</bdi> · <bdi>{hour(at, zone)}</bdi></span>}
      </div>
      <div class="rail">
        <span class="kbd" aria-hidden="true">{number}</span>
        <bdi class="nm" title={name}>{name}</bdi>
        <span class="sp" />
        <span class="st"><Icon name="image" small />{t('tile.image')}</span>
        <span class="ck" title={clock(at, zone)}>{old}</span>
      </div>
    </li>
  )
}
