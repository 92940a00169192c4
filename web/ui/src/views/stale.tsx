import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Notice } from '../kit/notice'
import { difference, type Draft } from './draft'
import { gridText } from './resolve'
import { cellWords } from './words'

/** Stale stands in the editor when somebody else saved the view meanwhile: both versions, row by row, and the choice. */
export function Stale({ mine, theirs, list, onMine, onTheirs }: { mine: Draft; theirs: Draft; list: readonly Camera[]; onMine(): void; onTheirs(): void }) {
  const d = difference(mine, theirs)
  const defaults = (x: Draft): string => x.defaults.map(v => t(v === 'phone' ? 'views.phone' : 'views.pc')).join(', ') || t('views.default_none')
  const rows: [string, string, string][] = []
  if (d.name) rows.push([t('views.name'), mine.name, theirs.name])
  if (d.grid) rows.push([t('views.layout'), gridText(mine.grid), gridText(theirs.grid)])
  if (d.defaults) rows.push([t('views.default_of'), defaults(mine), defaults(theirs)])
  for (let i = 0; i < Math.max(mine.cells.length, theirs.cells.length); i++) {
    const [a, b] = [mine, theirs].map(x => (i < x.cells.length ? cellWords(x.cells[i], list).name : '–')) as [string, string]
    if (a !== b) rows.push([t('views.cell_n', { n: i + 1 }), a, b])
  }
  return (
    <Notice tone="warn" live>
      <p>{t('views.stale')}</p>
      <table class="vw-stale">
        <thead><tr><th scope="col"><span class="vh">{t('views.what')}</span></th><th scope="col">{t('views.mine')}</th><th scope="col">{t('views.theirs')}</th></tr></thead>
        <tbody>{rows.map(([what, a, b]) => <tr key={what}><th scope="row">{what}</th><td><bdi>{a}</bdi></td><td><bdi>{b}</bdi></td></tr>)}</tbody>
      </table>
      <div class="row">
        <Button small onClick={onMine}>{t('views.keep_mine')}</Button>
        <Button small kind="quiet" onClick={onTheirs}>{t('views.take_theirs')}</Button>
      </div>
    </Notice>
  )
}
