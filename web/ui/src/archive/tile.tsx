import { useCallback, useRef } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { clock } from '../i18n/time'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import type { Lane } from './timeline'
import type { Player } from './player'
import { message, stateIcon, stateWord } from './words'

interface Props {
  player: Player
  lane: Lane
  number: number
  zone: string
  selected: boolean
  /** There are others beside it. */
  several: boolean
  onSelect(): void
  onOpen(): void
}

/** ArchiveTile is one camera: picture, rail below it, and a message only where there is no picture. It never says Live. */
export function ArchiveTile({ player, lane, number, zone, selected, several, onSelect, onOpen }: Props) {
  const { deck } = lane
  const v = deck.view.value
  const cover = useRef<HTMLCanvasElement>(null)
  const li = useRef<HTMLLIElement>(null)
  const video = useCallback((el: HTMLVideoElement | null) => deck.attach(el, el ? (el.parentElement?.querySelector('canvas') ?? null) : null), [deck])
  const spans = deck.footage.spans.value
  const msg = message(v, spans, v.state === 'gap' ? player.now.value : 0, zone)
  const word = stateWord(v.state)
  return (
    <li
      ref={li}
      class={`tile ar-tile ar-${v.state}${selected && several ? ' sel' : ''}`}
      data-camera={lane.camera}
      data-state={v.state}
      data-at={v.at}
      tabIndex={several ? (selected ? 0 : -1) : undefined}
      aria-label={t('tile.label', { name: lane.name, state: word })}
      aria-current={several && selected ? true : undefined}
      onClick={onSelect}
      onFocus={onSelect}
      onDblClick={e => { if (!(e.target as Element).closest('button')) onOpen() }}
    >
      <div class="pic">
        <video ref={video} muted playsInline disablePictureInPicture tabIndex={-1} aria-hidden="true" />
        <canvas ref={cover} class="ar-cover" hidden aria-hidden="true" />
        {v.state === 'loading' && <i class="ar-busy" aria-hidden="true" />}
        {several && (
          <div class="over">
            <Button bare icon="full" onClick={onOpen}>{t('archive.of', { name: lane.name })}</Button>
          </div>
        )}
        {msg && (
          <div class="msg">
            <div>
              <h2>{msg.title}</h2>
              {msg.text && <p>{msg.text}</p>}
            </div>
            {msg.to !== undefined && <Button small onClick={e => { e.stopPropagation(); player.seek(msg.to as number) }}>{t('archive.go_on', { time: clock(msg.to, zone) })}</Button>}
            {msg.act === 'retry' && <Button small onClick={e => { e.stopPropagation(); deck.retry(player.now.peek()) }}>{t('action.try_again')}</Button>}
          </div>
        )}
      </div>
      <div class="rail">
        {several && <span class="kbd" aria-hidden="true">{number}</span>}
        <bdi class="nm" title={lane.name}>{lane.name}</bdi>
        <span class="sp" />
        <span class="st"><Icon name={stateIcon[v.state]} small />{word}</span>
        {v.at !== undefined && v.state === 'recorded' && <span class="ck" dir="ltr">{clock(v.at, zone)}</span>}
      </div>
    </li>
  )
}
