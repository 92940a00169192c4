import type { Problem } from '../api/problem'
import { hasText, t } from './i18n'
import { duration } from './time'

/** reason is the sentence of a code from one of the closed lists, or `otherwise` for a code unknown here. */
export function reason(code: string | undefined, otherwise = ''): string {
  const key = `reason.${code ?? ''}`
  return hasText(key) ? t(key) : otherwise || t('reason.internal')
}

/** problemText is what a person reads about a failed request. */
export function problemText(p: Problem): string {
  const text = reason(p.code, p.detail)
  if (p.retryAfter === undefined || p.retryAfter < 1) return text
  return `${text} ${t('error.retry_in', { time: duration(p.retryAfter * 1000) })}`
}
