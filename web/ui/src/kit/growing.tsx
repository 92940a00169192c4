import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { Button } from './button'

/** How many rows are drawn at first, and more at a time. */
const step = 100

interface Props<R> {
  rows: readonly R[]
  /** Rows that are drawn wherever they stand: what is being edited must not be out of the page. */
  keep?(row: R): boolean
  children(shown: readonly R[]): ComponentChildren
}

/** Growing draws a long list in steps: the next when its end comes into sight, or by the button there. */
export function Growing<R>({ rows, keep, children }: Props<R>) {
  const [count, setCount] = useState(step)
  const end = useRef<HTMLDivElement>(null)
  const left = rows.length - count
  useEffect(() => {
    const el = end.current
    if (!el || left <= 0 || typeof IntersectionObserver === 'undefined') return
    const watch = new IntersectionObserver(seen => {
      if (seen.some(e => e.isIntersecting)) setCount(n => n + step)
    }, { rootMargin: '400px' })
    watch.observe(el)
    return () => watch.disconnect()
  }, [left])
  return (
    <>
      {children(left <= 0 ? rows : rows.filter((r, i) => i < count || keep?.(r)))}
      {left > 0 && <div class="acts" ref={end}><Button small onClick={() => setCount(n => n + step)}>{t('list.more', { n: left })}</Button></div>}
    </>
  )
}
