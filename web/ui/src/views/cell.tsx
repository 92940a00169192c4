import type { Camera, ViewCell } from '../api/wire'
import { t } from '../i18n/i18n'
import { Icon, type IconName } from '../kit/icons'
import { Popover } from '../kit/popover'
import { Thumb } from '../screens/thumb'
import type { Spot } from '../wall/grid'
import type { Carry } from './carry'
import { Chooser } from './chooser'
import { effectOf, type Draft } from './draft'
import { filled } from './resolve'
import { cellWords, effectWords } from './words'

interface Props {
  draft: Draft
  at: number
  spot: Spot | undefined
  list: readonly Camera[]
  carry: Carry
  onPut(to: number, what: ViewCell, from?: number): void
  onClear(at: number): void
}

/** EditCell is a cell of the view being arranged: what it holds, its handle and its menu, and what a drop would do. */
export function EditCell({ draft, at, spot, list, carry, onPut, onClear }: Props) {
  const cell = draft.cells[at] ?? {}
  const has = filled(cell)
  const words = cellWords(cell, list)
  const n = at + 1
  const { carried } = carry
  const effect = carried && effectOf(draft, at, carried.what, carried.from)
  const over = carried?.over === at
  const cls = ['vw-cell', has ? '' : 'vw-void', spot?.span === 2 && 'vw-large', carried?.from === at && 'vw-lifted', over && `vw-over vw-${effect}`].filter(Boolean).join(' ')
  return (
    <li class={cls} data-cell={at} aria-label={t('views.cell', { n, name: words.name })}>
      {words.camera && <Thumb camera={words.camera} />}
      <span class="kbd" aria-hidden="true">{n}</span>
      {words.restricted && <span class="vw-lock"><Icon name="lock" /></span>}
      <div class="vw-rail">
        {has && (
          <button type="button" class="vw-grip" aria-label={t('views.handle', { name: words.name, n })} aria-describedby="vw-how" {...carry.handle(cell, at)}>
            <Icon name="grip" />
          </button>
        )}
        <Popover
          button={`vw-name${has ? '' : ' vw-add'}`}
          cls="vw-pop"
          label={has ? t('views.cell_menu', { n, name: [words.name, words.more].filter(Boolean).join(' ') }) : t('views.cell_fill', { n })}
          text={has ? <><bdi class={cell.any ? 'vw-longer' : undefined}>{words.name}</bdi>{cell.any && <bdi class="vw-short" aria-hidden="true" dir="ltr">#{cell.any}</bdi>}{' '}{words.more && <small><bdi>{words.more}</bdi></small>}</> : <><Icon name="plus" small />{t('views.fill')}</>}
        >
          {close => (
            <Chooser
              draft={draft}
              at={at}
              list={list}
              onPut={what => { close(); onPut(at, what) }}
              onMove={to => { close(); onPut(to, cell, at) }}
              onClear={() => { close(); onClear(at) }}
            />
          )}
        </Popover>
      </div>
      {carried && effect && (
        carried.by === 'hand'
          ? <button type="button" class="vw-drop" tabIndex={-1} onClick={() => carry.drop(at)}><Effect effect={effect} over={over} there={words.name} n={n} /></button>
          : over && <span class="vw-drop" aria-hidden="true"><Icon name={icons[effect]} /></span>
      )}
    </li>
  )
}

const icons: Readonly<Record<ReturnType<typeof effectOf>, IconName>> = { same: 'undo', free: 'down', swap: 'swap', replace: 'trash' }

function Effect({ effect, over, there, n }: { effect: ReturnType<typeof effectOf>; over: boolean; there: string; n: number }) {
  return (
    <>
      <span class="vh">{t('views.cell_n', { n })} </span>
      {over && <Icon name={icons[effect]} />}
      <span>{effectWords(effect, there)}</span>
    </>
  )
}
