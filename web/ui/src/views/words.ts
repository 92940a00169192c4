import type { Camera, ViewCell } from '../api/wire'
import { t } from '../i18n/i18n'
import type { Effect } from './draft'
import { byNumber, filled } from './resolve'

/** What a cell holds, for people. */
export interface CellWords {
  name: string
  /** More of it: which camera stands at that number now. */
  more?: string
  camera?: Camera
  /** Its camera may not be seen any more (row R99): neither name nor picture. */
  restricted: boolean
}

export function cellWords(c: ViewCell | undefined, list: readonly Camera[]): CellWords {
  if (!c || !filled(c)) return { name: t('views.empty'), restricted: false }
  if (c.any) {
    const camera = byNumber(list, c.any)
    return { name: t('views.any', { n: c.any }), more: camera ? t('views.any_now', { name: camera.name }) : t('views.any_none', { n: c.any }), camera, restricted: false }
  }
  const camera = list.find(x => x.id === c.camera)
  return camera ? { name: camera.name, camera, restricted: false } : { name: t('msg.restricted'), restricted: true }
}

/** effectWords says what a drop does: to whom goes `there`, what stands in the cell now. */
export function effectWords(effect: Effect, there: string): string {
  switch (effect) {
    case 'same': return t('views.drop_same')
    case 'free': return t('views.drop_free')
    case 'swap': return t('views.drop_swap', { name: there })
    case 'replace': return t('views.drop_replace', { name: there })
  }
}
