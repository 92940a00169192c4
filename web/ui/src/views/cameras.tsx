import { useState } from 'preact/hooks'
import type { Camera, ViewCell } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { Thumb } from '../screens/thumb'
import type { Carry } from './carry'
import { matching } from './chooser'
import { nextAny, placeOf, type Draft } from './draft'

const atOnce = 60
const searchFrom = 8
/** With more cameras than this the list shows names only: each picture is a request. */
const picturesUpTo = 24

interface Props {
  draft: Draft
  list: readonly Camera[]
  carry: Carry
  /** Puts something into the first empty cell. */
  onAdd(what: ViewCell): void
}

/** CameraList is what cells can be filled with: each row has a handle to drag or carry by, and a button for the first empty cell. */
export function CameraList({ draft, list, carry, onAdd }: Props) {
  const [text, setText] = useState('')
  const found = matching(list, text)
  const any = { any: nextAny(draft) }
  return (
    <section class="vw-list" aria-labelledby="vw-list-h">
      <h3 id="vw-list-h">{t('views.cameras')}</h3>
      <p class="hint" id="vw-how">{t('views.how')}</p>
      {list.length >= searchFrom && (
        <label class="vw-find">
          <Icon name="search" small />
          <input class="fld" type="search" aria-label={t('views.find')} placeholder={t('views.find')} value={text} onInput={e => setText(e.currentTarget.value)} />
        </label>
      )}
      <ul>
        <Row name={t('views.any', { n: any.any })} more={t('views.any_hint')} what={any} carry={carry} onAdd={onAdd} />
        {found.slice(0, atOnce).map(c => {
          const where = placeOf(draft, c.id)
          return (
            <Row
              key={c.id}
              name={c.name}
              more={where >= 0 ? t('views.in_cell', { n: where + 1 }) : c.mine ? '' : t('views.of', { name: c.owner.name })}
              camera={list.length <= picturesUpTo ? c : undefined}
              what={{ camera: c.id }}
              carry={carry}
              placed={where >= 0}
              onAdd={onAdd}
            />
          )
        })}
        {found.length === 0 && <li class="hint">{t('views.none_found')}</li>}
        {found.length > atOnce && <li class="hint">{t('views.more_found', { n: found.length - atOnce })}</li>}
      </ul>
    </section>
  )
}

interface RowProps {
  name: string
  more: string
  camera?: Camera
  what: ViewCell
  carry: Carry
  placed?: boolean
  onAdd(what: ViewCell): void
}

function Row({ name, more, camera, what, carry, placed, onAdd }: RowProps) {
  return (
    <li class={`vw-row${placed ? ' vw-placed' : ''}`} data-row={what.camera ?? 'any'}>
      <button type="button" class="vw-grip" aria-label={t('views.handle_list', { name })} aria-describedby="vw-how" {...carry.handle(what)}><Icon name="grip" /></button>
      {camera && <Thumb camera={camera} />}
      <span class="vw-who"><bdi>{name}</bdi>{more && <small>{more}</small>}</span>
      {!placed && <Button kind="quiet" small bare icon="plus" onClick={() => onAdd(what)}>{t('views.add', { name })}</Button>}
    </li>
  )
}
