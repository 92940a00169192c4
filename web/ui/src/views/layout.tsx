import { t } from '../i18n/i18n'
import { Segmented } from '../kit/choice'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { oneFive, sameGrid, type Grid } from '../wall/grid'
import { gridText } from './resolve'

const layouts: Readonly<Record<string, Grid>> = {
  '1': { rows: 1, columns: 1 }, '2x2': { rows: 2, columns: 2 }, '2x3': { rows: 2, columns: 3 },
  '3x3': { rows: 3, columns: 3 }, '4x4': { rows: 4, columns: 4 }, '1+5': oneFive,
}

/** LayoutPick chooses the grid for every camera; the rest goes on further pages. Auto takes one that holds all, up to sixteen. */
export function LayoutPick({ value, onChange }: { value: Grid | undefined; onChange(g: Grid | undefined): void }) {
  const key = value ? Object.keys(layouts).find(k => sameGrid(layouts[k] as Grid, value)) ?? 'auto' : 'auto'
  const options = [{ value: 'auto', text: t('views.auto') }, ...Object.entries(layouts).map(([value, g]) => ({ value, text: value === '1' ? '1' : gridText(g) }))]
  const now = options.find(o => o.value === key)?.text
  return (
    <>
      <span class="vw-wide"><Segmented label={t('views.layout')} value={key} options={options} onChange={k => onChange(layouts[k])} /></span>
      <span class="vw-compact">
        <Menu label={`${t('views.layout')}: ${now}`} cls="btn quiet s" button={<>{now}<Icon name="down" small /></>} items={options.map(o => ({ text: o.text, checked: o.value === key, act: () => onChange(layouts[o.value]) }))} />
      </span>
    </>
  )
}
