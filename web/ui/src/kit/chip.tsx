import type { ComponentChildren } from 'preact'
import { Icon, type IconName } from './icons'

export type Tone = 'plain' | 'live' | 'warn' | 'still' | 'bad' | 'blue' | 'sched' | 'shut'

/** Chip is a state in a word; colour never stands alone. */
export function Chip({ tone = 'plain', icon, children }: { tone?: Tone; icon?: IconName; children: ComponentChildren }) {
  return (
    <span class={`chip ${tone}`}>
      {icon && <Icon name={icon} small />}
      {children}
    </span>
  )
}
