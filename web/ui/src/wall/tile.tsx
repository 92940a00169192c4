import { memo } from './memo'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { clock, hour } from '../i18n/time'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { go } from '../kit/router'
import { archivePage } from '../archive/api'
import { Countdown } from './countdown'
import { DelayBadge, LayerChip } from './layer'
import { PastPicture, pastsOf, toLive } from './past'
import { Stats } from './stats'
import { maySteer } from './ops'
import { PadButton, PadHere, usePad } from '../ptz/tile'
import { TileActs, TileMark } from './tile-ops'
import type { Wall } from './wall'
import { age, message, stateIcon, stateWord, ticks, unheard, why } from './words'

export interface TileProps {
  wall: Wall
  slot: number
  position: number
  number: number
  selected: boolean
  full: boolean
  camera: string
  zone: string
  /** The viewer owns this camera: reasons come with what to do. */
  mine: boolean
  shared: boolean
  /** Opens what the camera is shared with; absent where that is nobody's to change. */
  onShare?(camera: string): void
  watermark?: string
  hasSound: boolean
  /** This is the tile one listens to, whether or not there is anything to hear. */
  listening: boolean
}

/** TileBox is one cell: picture, rail below it, and a message only when the picture is not the present. */
export const TileBox = memo(function TileBox(p: TileProps) {
  const { wall, slot } = p
  const v = wall.view(slot).value
  const [, beat] = useState(0)
  const counts = ticks(v.state)
  useEffect(() => {
    if (!counts) return
    const timer = setInterval(() => beat(n => n + 1), 1000)
    return () => clearInterval(timer)
  }, [counts])
  const late = useLate(v.state === 'connecting', 1000)
  const element = useRef<HTMLVideoElement | null>(null)
  const video = useCallback((el: HTMLVideoElement | null) => {
    element.current = el
    wall.attach(slot, el)
  }, [wall, slot])
  const li = useRef<HTMLLIElement>(null)
  useEffect(() => {
    if (p.selected && li.current?.closest('.grid')?.contains(document.activeElement)) li.current.focus()
  }, [p.selected])

  const [pad, setPad] = usePad()
  const steers = p.full && maySteer(wall, p.camera)

  const now = wall.clock.now()
  const pasts = pastsOf(wall)
  const past = pasts.shown.value.get(p.camera)
  const records = pasts.may.value.has(p.camera)
  const msg = past ? null : v.state === 'connecting' && !late ? null : message(v, { now, zone: p.zone, mine: p.mine })
  const word = past ? t('archive.recorded') : stateWord(v.state)
  const name = v.state === 'restricted' ? t('msg.restricted') : v.name
  const time = past ? (past.at.value === undefined ? '' : clock(past.at.value, p.zone)) : v.state === 'throttled' || v.state === 'image' ? age(v, now) : v.at === undefined || v.picture === 'none' ? '' : clock(v.at, p.zone)
  const silent = p.listening ? unheard(v, p.mine) : undefined
  const sound = p.listening && p.hasSound && silent === undefined
  const cls = ['tile', past ? 'ar-tile ar-recorded ar-here' : v.state, `pic-${v.picture}`, v.poster && 'posted', p.selected && 'sel', p.full && 'full'].filter(Boolean).join(' ')

  return (
    <li
      ref={li}
      class={cls}
      data-slot={slot}
      data-camera={p.camera}
      data-state={past ? 'recorded' : v.state}
      tabIndex={p.selected ? 0 : -1}
      aria-label={t('tile.label', { name, state: word })}
      aria-current={p.selected || undefined}
      onClick={() => { wall.selected.value = p.position }}
      onFocus={() => { wall.selected.value = p.position }}
      onDblClick={e => { if (!(e.target as Element).closest('button')) wall.toggleFull(p.position) }}
    >
      <div class="pic">
        {v.poster && <img class="poster" src={v.poster.url} alt="" />}
        <video ref={video} muted autoplay playsInline disablePictureInPicture tabIndex={-1} aria-hidden="true" />
        {past && <PastPicture wall={wall} past={past} zone={p.zone} />}
        <div class="over">
          {p.hasSound && (
            <Button bare icon={sound ? 'sound' : 'mute'} pressed={p.listening} onClick={() => { wall.selected.value = p.position; wall.soundOn.value = !p.listening }}>
              {p.listening ? t('wall.sound_off') : t('wall.sound_on')}
            </Button>
          )}
          {steers && <PadButton on={pad} set={setPad} />}
          <TileActs wall={wall} slot={slot} />
          {past && <Button bare icon="live" onClick={() => toLive(wall, p.camera)}>{t('archive.back_live')}</Button>}
          {records && <Button bare icon="archive" onClick={() => go(archivePage([p.camera], past?.at.peek()))}>{t('archive.of', { name })}</Button>}
          <Button bare icon={p.full ? 'close' : 'full'} onClick={() => wall.toggleFull(p.position)}>
            {p.full ? t('wall.back') : t('wall.full')}
          </Button>
        </div>
        {wall.stats.value && !past && <Stats view={v} wall={wall} slot={slot} />}
        <TileMark wall={wall} camera={p.camera} zone={p.zone} />
        {steers && pad && <PadHere camera={p.camera} />}
        {msg && (
          <div class="msg">
            <div>
              <h2>{msg.title}</h2>
              {msg.text && <p>{msg.text}</p>}
            </div>
            {msg.act === 'try_now' && <Button small onClick={() => wall.tryNow(slot)}>{t('wall.try_now')}</Button>}
            {msg.act === 'check' && <Button small onClick={() => go(`/cameras/${p.camera}`)}>{t('wall.check_camera')}</Button>}
            {msg.act === 'continue' && <Button small onClick={() => wall.resume()}>{t('wall.continue')}</Button>}
          </div>
        )}
        {p.watermark && v.picture === 'full' && v.at !== undefined && <span class="wm"><bdi>{p.watermark}</bdi> · <bdi>{hour(v.at, p.zone)}</bdi></span>}
      </div>
      <div class="rail">
        <span class="kbd" aria-hidden="true">{p.number}</span>
        <bdi class="nm" title={name}>{name}</bdi>
        {p.shared && p.onShare && <button type="button" class="share" aria-label={t('share.open', { name })} title={t('share.open', { name })} onClick={e => { e.stopPropagation(); p.onShare?.(p.camera) }}><Icon name="shared" small /></button>}
        {sound && <Icon name="sound" small />}
        {silent && <span class="ns" title={silent}><Icon name="mute" small /><span class="vh">{silent}</span></span>}
        <span class="sp" />
        {past ? <span class="st"><Icon name="archive" small />{word}</span> : (
          <>
            <LayerChip view={v} />
            <DelayBadge view={v} />
            <Countdown view={v} now={() => wall.clock.now()}><span class="st" title={why(v)}><Icon name={stateIcon[v.state]} small />{word}</span></Countdown>
          </>
        )}
        {time && <span class="ck" dir="ltr">{time}</span>}
      </div>
    </li>
  )
})

/** useLate is true once `on` has lasted for `ms`: a short wait says nothing. */
function useLate(on: boolean, ms: number): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    if (!on) {
      setLate(false)
      return
    }
    const timer = setTimeout(() => setLate(true), ms)
    return () => clearTimeout(timer)
  }, [on, ms])
  return late
}
