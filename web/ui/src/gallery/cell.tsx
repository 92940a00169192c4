import { t } from '../i18n/i18n'
import { Icon } from '../kit/icons'
import { memo } from '../wall/memo'
import type { Thumbs } from './thumbs'
import { useThumb } from './use-thumb'

/** What stands beside a picture of a gallery. */
export interface Face {
  camera: string
  /** Who it was received from. */
  from?: string | undefined
  /** "14:05", or with its day where that is another than the heading's. */
  time: string
  favourite?: boolean
  /** The whole of it in a sentence. */
  label: string
}

interface CellProps {
  id: string
  thumb: string
  thumbs: Thumbs
  face: Face
  column: number
  width: number
  height: number
  caption: boolean
  /** Whole pictures; in small cells they are cut to fill. */
  whole: boolean
  active: boolean
  selectable: boolean
  selected: boolean
}

/** Cell is one image in the grid. Its clicks and keys are the grid's. */
export const Cell = memo(function Cell(p: CellProps) {
  const src = useThumb(p.thumbs, p.thumb)
  return (
    <div
      class={`gcell${p.selected ? ' sel' : ''}`}
      role="gridcell"
      aria-colindex={p.column + 1}
      aria-selected={p.selectable ? p.selected : undefined}
      aria-label={p.caption ? undefined : p.face.label}
      tabIndex={p.active ? 0 : -1}
      data-image={p.id}
      style={{ inlineSize: `${p.width}px` }}
    >
      <div class={`gpic${p.whole ? ' whole' : ''}`} style={{ blockSize: `${p.height}px` }}>
        {src && <img src={src} alt="" draggable={false} decoding="async" />}
        {src === null && <span class="gnone"><Icon name="codec" />{t('gallery.no_picture')}</span>}
        {p.selectable && <span class="gtick" data-tick aria-hidden="true"><i>{p.selected && <Icon name="check" small />}</i></span>}
      </div>
      {p.caption && (
        <div class="gcap">
          <span class="num">{p.face.time}</span>
          {p.face.favourite && <b><Icon name="star" small /><span class="vh">{t('gallery.favourite')}</span></b>}
          <p><bdi>{p.face.camera}</bdi>{p.face.from && <>, <bdi>{p.face.from}</bdi></>}</p>
        </div>
      )}
    </div>
  )
})
