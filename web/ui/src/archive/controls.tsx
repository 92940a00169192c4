import type { Signal } from '@preact/signals'
import { t } from '../i18n/i18n'
import { city, clock, duration } from '../i18n/time'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { Icon, type IconName } from '../kit/icons'
import { Menu } from '../kit/menu'
import { speeds, type Player } from './player'
import type { Span } from './spans'
import { fine, fullDay } from './words'

/** Lengths of time the timeline is set to with one press. */
export const lengths = [24 * 3_600_000, 6 * 3_600_000, 3_600_000, 600_000] as const

interface Props {
  player: Player
  zone: string
  events: boolean
  skip(seconds: number): void
  step(by: 1 | -1): void
  event(by: 1 | -1): void
  live: { text: string; icon: IconName; act(): void }
}

/** Transport is how one goes through time, with the clock of what is on the screen. */
export function Transport({ player, zone, events, skip, step, event, live }: Props) {
  const playing = player.playing.value
  return (
    <div class="ar-transport">
      <Clock player={player} zone={zone} />
      <div class="ar-buttons" role="group" aria-label={t('archive.play')} dir="ltr">
        {events && <Button kind="quiet" small bare icon="eventback" extra="ar-wide" onClick={() => event(-1)}>{t('archive.event_back')}</Button>}
        <Button small extra="ar-skip ar-wide" onClick={() => skip(-30)} aria-label={t('archive.back', { n: 30 })} title={t('archive.back', { n: 30 })}>−30</Button>
        <Button small extra="ar-skip" onClick={() => skip(-10)} aria-label={t('archive.back', { n: 10 })} title={t('archive.back', { n: 10 })}>−10</Button>
        <Button kind="quiet" small bare icon="frameback" onClick={() => step(-1)}>{t('archive.frame_back')}</Button>
        <Button kind="primary" bare icon={playing ? 'pause' : 'play'} extra="ar-play" onClick={() => player.play(!playing)}>{playing ? t('archive.pause') : t('archive.play')}</Button>
        <Button kind="quiet" small bare icon="framenext" onClick={() => step(1)}>{t('archive.frame_next')}</Button>
        <Button small extra="ar-skip" onClick={() => skip(10)} aria-label={t('archive.forward', { n: 10 })} title={t('archive.forward', { n: 10 })}>+10</Button>
        <Button small extra="ar-skip ar-wide" onClick={() => skip(30)} aria-label={t('archive.forward', { n: 30 })} title={t('archive.forward', { n: 30 })}>+30</Button>
        {events && <Button kind="quiet" small bare icon="eventnext" extra="ar-wide" onClick={() => event(1)}>{t('archive.event_next')}</Button>}
      </div>
      <div class="ar-end">
        <Speed player={player} />
        <Button small icon={live.icon} extra="ar-live" onClick={live.act}>{live.text}</Button>
      </div>
    </div>
  )
}

function Speed({ player }: { player: Player }) {
  const rate = player.rate.value
  return (
    <Menu
      end
      cls="btn quiet s num"
      label={t('archive.speed', { n: number(rate) })}
      button={<><span dir="ltr">{text(rate)}</span><Icon name="down" small /></>}
      items={speeds.map(s => ({ text: <span dir="ltr" class="num">{text(s)}</span>, checked: s === rate, act: () => player.setRate(s) }))}
    />
  )
}

function number(rate: number): string {
  return rate === 0.5 ? '½' : String(rate)
}

function text(rate: number): string {
  return `${number(rate)}×`
}

/** Clock is when the picture on the screen was taken: the day, and to the frame while it stands still. */
function Clock({ player, zone }: { player: Player; zone: string }) {
  const now = player.now.value
  const still = !player.playing.value
  return (
    <p class="ar-clock">
      <b class="num" dir="ltr">{still ? fine(now, zone) : clock(now, zone)}</b>
      <span class="dim">{fullDay(now, zone)} ({city(zone)})</span>
    </p>
  )
}

/** Zoom is how much time the timeline shows. */
export function Zoom({ view, set }: { view: Signal<Span>; set(length: number): void }) {
  const length = view.value.to - view.value.from
  const near = lengths.find(l => Math.abs(l - length) < l * 0.02)
  return (
    <div class="ar-zoom row">
      <span class="ar-wide"><Segmented label={t('archive.length')} value={String(near ?? '')} options={lengths.map(l => ({ value: String(l), text: duration(l) }))} onChange={l => set(Number(l))} /></span>
      <Button kind="quiet" small bare icon="zoomout" onClick={() => set(length * 2)}>{t('archive.zoom_out')}</Button>
      <Button kind="quiet" small bare icon="zoom" onClick={() => set(length / 2)}>{t('archive.zoom_in')}</Button>
    </div>
  )
}
