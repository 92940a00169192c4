import type { ComponentChildren } from 'preact'
import type { Problem } from '../api/problem'
import { problemText } from '../i18n/reason'
import { t } from '../i18n/i18n'
import { useAgain } from './again'
import { Button } from './button'
import { Icon } from './icons'
import type { Resource } from './resource'

/** Empty says in one sentence what would be here, with at most one button. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p>{title}</p>
      {children}
    </div>
  )
}

/** Skeleton holds the place of a list on its first load only. */
export function Skeleton({ rows = 3 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t('state.loading')}>
      {Array.from({ length: rows }, (_, i) => <div key={i}><i /><i /></div>)}
    </div>
  )
}

/** Failed stands where the list would: the reason, and a way to try again. It also tries by itself where waiting helps. */
export function Failed({ problem, retry }: { problem: Problem; retry(): void }) {
  useAgain(problem, retry)
  return (
    <div class="failed" role="alert">
      <Icon name="warn" />
      <p>{problemText(problem)}</p>
      <Button small onClick={retry}>{t('action.try_again')}</Button>
    </div>
  )
}

/** Loaded shows a resource in whichever of its states it is; old data stay while new are fetched. */
export function Loaded<T>({ of, rows, children }: { of: Resource<T>; rows?: number; children(data: T): ComponentChildren }) {
  return (
    <>
      {of.problem && <Failed problem={of.problem} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : !of.problem && <Skeleton rows={rows} />}
    </>
  )
}
