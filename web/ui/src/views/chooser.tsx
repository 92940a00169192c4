import { useState } from 'preact/hooks'
import type { Camera, ViewCell } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { effectOf, placeOf, type Draft } from './draft'
import { filled } from './resolve'
import { cellWords, effectWords } from './words'

/** How many cameras are listed at once; the rest are found by typing. */
const atOnce = 50
/** From how many on there is something to type into. */
const searchFrom = 8

/** matching is the part of a list that a person looks for. */
export function matching(list: readonly Camera[], text: string): readonly Camera[] {
  const want = text.trim().toLocaleLowerCase()
  return want ? list.filter(c => `${c.name} ${c.mine ? '' : c.owner.name}`.toLocaleLowerCase().includes(want)) : list
}

interface Props {
  draft: Draft
  at: number
  list: readonly Camera[]
  onPut(what: ViewCell): void
  onMove(to: number): void
  onClear(): void
}

/** Chooser is all that can be done with one cell without dragging: fill it, move what it holds, empty it. */
export function Chooser({ draft, at, list, onPut, onMove, onClear }: Props) {
  const [text, setText] = useState('')
  const cell = draft.cells[at] ?? {}
  const [number, setNumber] = useState(String(cell.any ?? 1))
  const found = matching(list, text)
  const has = filled(cell)
  const any = Math.round(Number(number))
  const anyFits = any >= 1 && any <= 1000
  return (
    <div class="vw-choose">
      {list.length >= searchFrom && (
        <label class="vw-find">
          <Icon name="search" small />
          <input class="fld" type="search" aria-label={t('views.find')} placeholder={t('views.find')} value={text} onInput={e => setText(e.currentTarget.value)} />
        </label>
      )}
      <ul class="vw-options">
        {found.slice(0, atOnce).map(c => {
          const where = placeOf(draft, c.id)
          return (
            <li key={c.id}>
              <button type="button" class="o" aria-current={where === at || undefined} onClick={() => onPut({ camera: c.id })}>
                <span class="mark">{where === at && <Icon name="check" small />}</span>
                <bdi>{c.name}</bdi>
                {where >= 0 && where !== at && <span class="note">{t('views.in_cell', { n: where + 1 })}</span>}
              </button>
            </li>
          )
        })}
        {found.length === 0 && <li class="hint">{t('views.none_found')}</li>}
        {found.length > atOnce && <li class="hint">{t('views.more_found', { n: found.length - atOnce })}</li>}
      </ul>
      <form class="vw-any" onSubmit={e => { e.preventDefault(); if (anyFits) onPut({ any }) }}>
        <label for={`vw-any-${at}`}>{t('views.any_label')}</label>
        <input id={`vw-any-${at}`} class={`fld${anyFits ? '' : ' bad'}`} type="number" inputMode="numeric" min={1} max={1000} value={number} aria-invalid={!anyFits || undefined} aria-describedby={`vw-any-${at}-h`} onInput={e => setNumber(e.currentTarget.value)} />
        <Button type="submit" small>{t('views.any_put')}</Button>
        <p class="hint" id={`vw-any-${at}-h`}>{anyFits ? cellWords({ any }, list).more : t('views.any_range')}</p>
      </form>
      {has && draft.cells.length > 1 && (
        <fieldset class="vw-moves">
          <legend>{t('views.move_to')}</legend>
          <div>
            {draft.cells.map((c, i) => {
              const words = effectWords(effectOf(draft, i, cell, at), cellWords(c, list).name)
              return <button key={i} type="button" class="btn s" disabled={i === at} aria-label={t('views.move_to_cell', { n: i + 1, effect: words })} title={words} onClick={() => onMove(i)}>{i + 1}</button>
            })}
          </div>
        </fieldset>
      )}
      {has && <Button kind="quiet" small icon="none" onClick={onClear}>{t('views.clear')}</Button>}
    </div>
  )
}
