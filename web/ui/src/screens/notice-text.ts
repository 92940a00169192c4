import type { NoticeRow } from '../api/sharing'
import { hasText, t } from '../i18n/i18n'

/** noticeText is the sentence of a notice in the language shown; what may not be named any more is not. */
export function noticeText(n: NoticeRow): string {
  const key = `notice.${n.kind}${n.answer ? `_${n.answer}` : n.link ? '_link' : ''}`
  const v = {
    person: n.person?.name || t('notices.somebody'),
    camera: n.camera?.name || t('notices.a_camera'),
    group: n.group?.name || t('notices.a_group'),
    link: n.link?.name || t('notices.a_link'),
    n: n.links ?? 0,
  }
  return hasText(key) ? t(key, v) : t('notices.other')
}
