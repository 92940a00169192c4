import { useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { date, moment, parseTime, sentence } from '../i18n/time'
import { Button } from '../kit/button'
import { copy } from '../kit/copy'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { images, type GalleryImage, type ImageDetail } from './api'
import { bytes, fromWhom } from './words'

interface Props {
  image: GalleryImage
  zone: string
  /** Tags met so far, to choose from. */
  known: readonly string[]
  onChanged(i: GalleryImage): void
  onFilter(f: { camera?: string; sender?: string; tag?: string }): void
}

/** How an image came in. */
const vias: Readonly<Record<string, Key>> = {
  http: 'gallery.via_http', mail: 'gallery.via_mail', ftp: 'gallery.via_ftp', live: 'gallery.via_live',
  demand: 'gallery.via_demand', notice: 'gallery.via_notice', snapshot: 'gallery.via_snapshot',
}

/** Details is everything the server knows about an image, and its tags. */
export function Details({ image, zone, known, onChanged, onFilter }: Props) {
  const detail = useResource(() => images.get(image.id))
  const d: Partial<ImageDetail> & GalleryImage = detail.data ?? image
  const taken = parseTime(image.taken_at ?? undefined)
  const received = parseTime(image.received_at) ?? 0
  const now = Date.now()
  const via = vias[d.via ?? '']
  const place = d.details?.place
  const model = [d.details?.make, d.details?.model].filter(Boolean).join(' ')
  const facts: { name: string; text: preact.ComponentChildren }[] = [
    { name: t('gallery.taken'), text: taken === undefined ? t('gallery.not_known') : sentence(moment(taken, zone, now)) },
    { name: t('gallery.received'), text: `${date(received, zone)}${via ? `, ${t(via)}` : ''}` },
    { name: t('cameras.camera'), text: <button type="button" class="lnk" onClick={() => onFilter({ camera: image.camera })}><bdi>{image.camera_name}</bdi></button> },
    ...(image.sender ? [{ name: t('gallery.sender'), text: <button type="button" class="lnk" onClick={() => onFilter({ sender: image.sender?.id ?? '' })}><bdi>{fromWhom(image.sender)}</bdi></button> }] : []),
    ...(model ? [{ name: t('gallery.model'), text: <bdi>{model}</bdi> }] : []),
    ...(place ? [{ name: t('gallery.place'), text: <Place lat={place.lat} lon={place.lon} /> }] : []),
    { name: t('gallery.size'), text: <bdi dir="ltr">{`${image.width} × ${image.height}, ${bytes(image.bytes)}`}</bdi> },
  ]
  return (
    <aside class="vside" aria-label={t('gallery.details')}>
      <h2>{t('gallery.details')}</h2>
      <ProblemNotice problem={detail.problem} />
      <dl class="facts">
        {facts.map(f => <div key={f.name}><dt>{f.name}</dt><dd>{f.text}</dd></div>)}
      </dl>
      {image.sender && <p class="meta dim">{t('gallery.yours')}</p>}
      <Tags image={image} known={known} onChanged={onChanged} onFilter={tag => onFilter({ tag })} />
    </aside>
  )
}

function Place({ lat, lon }: { lat: number; lon: number }) {
  const [done, setDone] = useState(false)
  const text = `${lat.toFixed(5)}, ${lon.toFixed(5)}`
  return (
    <span class="row">
      <bdi dir="ltr" class="num">{text}</bdi>
      <Button small kind="quiet" icon={done ? 'check' : 'copy'} bare onClick={() => void copy(text).then(setDone)}>{done ? t('action.copied') : t('action.copy')}</Button>
    </span>
  )
}

/** Tags of one image: chips with a cross, and a field that adds. */
function Tags({ image, known, onChanged, onFilter }: { image: GalleryImage; known: readonly string[]; onChanged(i: GalleryImage): void; onFilter(tag: string): void }) {
  const [text, setText] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const save = async (tags: string[]): Promise<void> => {
    setProblem(undefined)
    try {
      onChanged(await images.change(image.id, { tags }))
      setText('')
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  const add = (e: Event): void => {
    e.preventDefault()
    const tag = text.trim()
    if (tag !== '' && !image.tags.includes(tag)) void save([...image.tags, tag])
  }
  return (
    <section class="tags">
      <h3 id="tags">{t('gallery.tags')}</h3>
      {image.tags.length > 0 && (
        <ul aria-labelledby="tags">
          {image.tags.map(x => (
            <li key={x} class="chip">
              <button type="button" class="tagname" title={t('gallery.show_tag', { tag: x })} onClick={() => onFilter(x)}><bdi>{x}</bdi></button>
              <button type="button" class="cross" aria-label={t('gallery.untag', { tag: x })} onClick={() => void save(image.tags.filter(y => y !== x))}><Icon name="close" small /></button>
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add}>
        <input class="fld" aria-label={t('gallery.add_tag')} placeholder={t('gallery.add_tag')} list="known-tags" maxLength={40} value={text} autoComplete="off" onInput={e => setText(e.currentTarget.value)} />
        <Button small type="submit">{t('action.add')}</Button>
      </form>
      <datalist id="known-tags">{known.filter(k => !image.tags.includes(k)).map(k => <option key={k} value={k} />)}</datalist>
      <ProblemNotice problem={problem} />
    </section>
  )
}
