import type { Signal } from '@preact/signals'
import { t } from '../i18n/i18n'
import { clock, duration } from '../i18n/time'
import { Button } from '../kit/button'
import type { Player } from './player'
import type { Span } from './spans'
import type { Lane } from './timeline'

interface Props {
  lane: Lane | undefined
  player: Player
  range: Signal<Span | undefined>
  zone: string
  mark(end: 'from' | 'to'): void
  /** Whether it may be taken away as a file. */
  may: boolean
}

/** Range is a stretch of time that was marked, to be saved as a file by who may. */
export function Range({ lane, range, zone, mark, may }: Props) {
  const r = range.value
  if (!may) return null
  const save = (span: Span | undefined): void => {
    void import('./export').then(m => m.exportDialog(span && lane && { camera: lane.camera, name: lane.name, from: span.from, to: span.to, layer: lane.deck.footage.layer, zone }))
  }
  return (
    <div class="ar-pick row">
      <Button kind="quiet" small icon="rangefrom" bare onClick={() => mark('from')}>{t('archive.range_from')}</Button>
      <Button kind="quiet" small icon="rangeto" bare onClick={() => mark('to')}>{t('archive.range_to')}</Button>
      {r && (
        <>
          <span class="num ar-picked" dir="ltr">{t('archive.range', { from: clock(r.from, zone), to: clock(r.to, zone), time: duration(r.to - r.from) })}</span>
          <Button small icon="download" onClick={() => save(r)}>{t('archive.export')}</Button>
          <Button kind="quiet" small bare icon="close" onClick={() => { range.value = undefined }}>{t('archive.range_clear')}</Button>
        </>
      )}
      {!r && <Button kind="quiet" small icon="download" bare onClick={() => save(undefined)}>{t('export.list')}</Button>}
    </div>
  )
}
