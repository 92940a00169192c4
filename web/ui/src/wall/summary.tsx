import { Icon } from '../kit/icons'
import { Announcer } from './say'
import { stateIcon, summary } from './words'
import type { Wall } from './wall'

/** Summary is the wall in words: "2 live, 1 offline". A click selects the next such tile. */
export function Summary({ wall }: { wall: Wall }) {
  const positions = wall.positions.value
  const states = positions.filter(p => p.slot >= 0).map(p => wall.view(p.slot).value.state)
  const counts = summary(states)
  const select = (state: string): void => {
    const at = wall.selected.peek()
    const n = positions.length
    for (let i = 1; i <= n; i++) {
      const j = (at + i) % n
      const slot = positions[j]?.slot ?? -1
      if (slot >= 0 && wall.view(slot).peek().state === state) {
        wall.selected.value = j
        return
      }
    }
  }
  return (
    <div class="sum">
      {counts.map(c => (
        <button key={c.state} type="button" class={`s-${c.state}`} onClick={() => select(c.state)}>
          <Icon name={stateIcon[c.state]} small />
          {c.text}
        </button>
      ))}
      <Announcer wall={wall} />
    </div>
  )
}
