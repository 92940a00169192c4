import { Icon } from '../kit/icons'
import { keyOf, type Wall } from './wall'
import { unheard } from './words'

/** Unheard says why nothing is heard while the sound is on. */
export function Unheard({ wall, mine }: { wall: Wall; mine(camera: string): boolean }) {
  const full = wall.full.value
  const positions = wall.positions.value
  const at = full === undefined ? positions[wall.selected.value] : positions.find(p => p.item && keyOf(p.item) === full)
  const why = wall.soundOn.value && at?.item && at.slot >= 0 ? unheard(wall.view(at.slot).value, mine(at.item.camera)) : undefined
  return <span class="unheard" role="status">{why && <><Icon name="mute" small />{why}</>}</span>
}
