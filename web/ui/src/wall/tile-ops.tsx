import { t } from '../i18n/i18n'
import { clock } from '../i18n/time'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { mayTake, opsOf, take } from './ops'
import type { Wall } from './wall'

/** TileActs are the buttons over a tile's picture that are not its owner's alone; absent without the right. */
export function TileActs({ wall, slot }: { wall: Wall; slot: number }) {
  if (!mayTake(wall, slot)) return null
  return <Button bare icon="image" onClick={() => void take(wall, slot)}>{t('snapshot.name')}</Button>
}

/** TileMark says that something has happened at this camera, in words, until somebody answers it. */
export function TileMark({ wall, camera, zone }: { wall: Wall; camera: string; zone: string }) {
  const highlights = opsOf(wall).highlights.value
  const m = highlights?.marks.value.get(camera)
  if (!m) return null
  return (
    <div class="ops-mark">
      <button type="button" onClick={e => { e.stopPropagation(); highlights?.answer(camera) }} title={t('highlight.answer')}>
        <i class={m.pulses > wall.clock.now() ? 'ops-dot pulse' : 'ops-dot'} aria-hidden="true" />
        <span class="ops-what">{m.text}</span>
        <span class="num" dir="ltr">{clock(m.at, zone)}</span>
        <Icon name="check" small />
        <span class="vh">{t('highlight.answer')}</span>
      </button>
    </div>
  )
}
