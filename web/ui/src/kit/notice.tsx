import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/problem'
import { problemText } from '../i18n/reason'
import { Icon, type IconName } from './icons'

/** Notice stands in a page where it matters; errors are never toasts. */
export function Notice({ tone = 'plain', icon, children, live }: { tone?: 'plain' | 'bad' | 'warn' | 'good'; icon?: IconName; children: ComponentChildren; live?: boolean }) {
  return (
    <div class={`notice ${tone}`} tabIndex={-1} role={tone === 'bad' ? 'alert' : live ? 'status' : undefined}>
      <Icon name={icon ?? (tone === 'good' ? 'check' : 'warn')} />
      <div>{children}</div>
    </div>
  )
}

export function ProblemNotice({ problem }: { problem: Problem | undefined }) {
  return problem ? <Notice tone="bad">{problemText(problem)}</Notice> : null
}
