import type { NoticeRow } from '../api/sharing'
import { hasText, t } from '../i18n/i18n'

/** noticeText is the sentence of a notice in the language shown; what may not be named any more is not. */
export function noticeText(n: NoticeRow): string {
  const key = n.kind === 'storage' && n.camera ? 'notice.storage_camera' : `notice.${n.kind}${tail(n)}`
  const v = {
    person: n.person?.name || t('notices.somebody'),
    camera: n.camera?.name || t('notices.a_camera'),
    group: n.group?.name || t('notices.a_group'),
    link: n.link?.name || t('notices.a_link'),
    name: n.name ?? '',
    n: n.links ?? 0,
    budget: n.budget && hasText(`notice.budget_${n.budget}`) ? t(`notice.budget_${n.budget}`) : '',
  }
  return hasText(key) ? t(key, v) : t('notices.other')
}

function tail(n: NoticeRow): string {
  if (n.answer) return `_${n.answer}`
  if (n.link) return '_link'
  return n.reason ? `_${n.reason}` : ''
}
