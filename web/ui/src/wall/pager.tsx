import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import type { Wall } from './wall'

/** Pager is absent while one page holds everything. */
export function Pager({ wall, large }: { wall: Wall; large?: boolean }) {
  const n = wall.pages.value
  if (n < 2) return null
  const at = Math.min(wall.page.value, n - 1)
  return (
    <nav class="pager" aria-label={t('wall.pages')}>
      <Button kind={large ? 'plain' : 'quiet'} small={!large} bare icon="left" onClick={() => wall.turn(-1)}>{t('wall.page_before')}</Button>
      <span class="dots" role="img" aria-label={t('wall.page_of', { page: at + 1, pages: n })}>
        {Array.from({ length: n }, (_, i) => <i key={i} class={i === at ? 'on' : ''} />)}
      </span>
      <Button kind={large ? 'plain' : 'quiet'} small={!large} bare icon="right" onClick={() => wall.turn(1)}>{t('wall.page_next')}</Button>
    </nav>
  )
}
