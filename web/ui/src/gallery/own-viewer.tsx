import { useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { date } from '../i18n/time'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { isPhone } from '../wall/device'
import { images, type GalleryImage } from './api'
import { Details } from './details'
import type { Feed } from './feed'
import type { Thumbs } from './thumbs'
import { preload, Viewer } from './viewer'
import { fromWhom, takenOf } from './words'

interface Props {
  id: string
  feed: Feed<GalleryImage>
  zone: string
  thumbs: Thumbs
  tags: readonly string[]
  onOpen(id: string | undefined): void
  onFilter(f: { camera?: string; sender?: string; tag?: string }): void
  onDelete(i: GalleryImage): void
}

/** Whether the details stand beside the picture; kept while the page is. */
let detailed = true

/** OwnViewer is the viewer with all one may do with an image of one's own. */
export function OwnViewer({ id, feed, zone, thumbs, tags, onOpen, onFilter, onDelete }: Props) {
  const listed = feed.version.value >= 0 ? feed.find(id)?.item : undefined
  // An address may name an image that the list has not reached.
  const [other, setOther] = useState<GalleryImage>()
  const [problem, setProblem] = useState<Problem>()
  const [side, setSide] = useState(() => detailed && !isPhone.peek())
  const image = listed ?? (other?.id === id ? other : undefined)
  useEffect(() => {
    setProblem(undefined)
    if (!listed) images.get(id).then(setOther, e => setProblem(asProblem(e)))
  }, [id])
  useEffect(() => {
    // What is likely next is there when it is asked for.
    const timer = setTimeout(() => void feed.beside(id, 1).then(i => i && preload(images.original(i.id))), 250)
    return () => clearTimeout(timer)
  }, [id, feed])

  // A second key may come before the first step is drawn.
  const at = useRef(id)
  at.current = id
  const step = async (by: 1 | -1): Promise<boolean> => {
    const next = await feed.beside(at.current, by)
    if (next) {
      at.current = next.id
      onOpen(next.id)
    }
    return next !== undefined
  }
  const put = (i: GalleryImage): void => {
    if (other?.id === i.id) setOther(i)
    feed.patch(new Set([i.id]), was => ({ ...was, favourite: i.favourite, tags: i.tags }))
  }
  const favour = async (): Promise<void> => {
    if (!image) return
    put({ ...image, favourite: !image.favourite })
    try {
      put(await images.change(id, { favourite: !image.favourite }))
    } catch (e) {
      put(image)
      setProblem(asProblem(e))
    }
  }
  const remove = async (): Promise<void> => {
    if (!image) return
    const next = (await feed.beside(id, 1)) ?? (await feed.beside(id, -1))
    onDelete(image)
    onOpen(next?.id)
  }
  const show = (): void => {
    detailed = !side
    setSide(!side)
  }

  if (!image) {
    return (
      <Viewer id={id} label={t('gallery.image')} title={t('gallery.image')} src={images.original(id)} standIn={undefined} width={4} height={3} onClose={() => onOpen(undefined)} side={<ProblemNotice problem={problem} />} />
    )
  }
  const when = date(takenOf(image), zone)
  const from = fromWhom(image.sender)
  return (
    <Viewer
      id={id}
      label={[image.camera_name, when, from].filter(Boolean).join(', ')}
      title={<><b><bdi>{image.camera_name}</bdi></b><span class="muted num">{when}{from && <>, <bdi>{from}</bdi></>}</span></>}
      src={images.original(id)}
      standIn={thumbs.peek(images.thumbnail(id))}
      width={image.width}
      height={image.height}
      onClose={() => onOpen(undefined)}
      onStep={step}
      onKey={e => {
        if (e.key === 'Delete') void remove()
        else if (e.key.toLowerCase() === 'i') show()
        else if (e.key.toLowerCase() === 'f') void favour()
        else return false
        return true
      }}
      acts={
        <>
          <button type="button" class={`btn quiet ic${image.favourite ? ' fav' : ''}`} aria-pressed={image.favourite} aria-label={t('gallery.favourite')} title={t('gallery.favourite')} onClick={() => void favour()}><Icon name="star" /></button>
          <a class="btn quiet ic" href={images.download(id)} download="" aria-label={t('gallery.download')} title={t('gallery.download')}><Icon name="download" /></a>
          <Button kind="quiet" bare icon="trash" onClick={() => void remove()}>{t('gallery.delete')}</Button>
          <Button kind="quiet" bare icon="info" pressed={side} onClick={show}>{t('gallery.details')}</Button>
        </>
      }
      side={<>{side && <Details key={id} image={image} zone={zone} known={tags} onChanged={put} onFilter={onFilter} />}{problem && <div class="vproblem"><ProblemNotice problem={problem} /></div>}</>}
    />
  )
}
