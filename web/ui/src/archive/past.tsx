import { useCallback, useEffect, useMemo } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { clock } from '../i18n/time'
import { Button } from '../kit/button'
import { go } from '../kit/router'
import { toLive, type PastProps } from '../wall/past'
import { archivePage } from './api'
import { Player } from './player'
import { message } from './words'

/** So near to now there is nothing that is not live, ms. */
const nearLive = 4000

/** PastPlayer plays a camera's recording in its tile of the live wall. */
export function PastPlayer({ wall, past, zone }: PastProps) {
  const player = useMemo(() => new Player({ cameras: [past.camera], at: past.begin }), [past])
  const [deck] = player.decks
  const live = (): void => toLive(wall, past.camera)
  useEffect(() => {
    past.skip = seconds => {
      const to = player.now.peek() + seconds * 1000
      if (to > wall.clock.now() - nearLive) live()
      else player.seek(to)
    }
    const stop = deck?.view.subscribe(v => { past.at.value = v.state === 'recorded' ? v.at : undefined })
    return () => {
      stop?.()
      past.skip = undefined
      player.dispose()
      live() // it left the page: when it comes back it is live
    }
  }, [player])
  const video = useCallback((el: HTMLVideoElement | null) => deck?.attach(el, el?.parentElement?.querySelector('canvas') ?? null), [deck])
  if (!deck) return null
  const v = deck.view.value
  const msg = message(v, deck.footage.spans.value, player.now.peek(), zone)
  const skip = (s: number) => (e: Event): void => { e.stopPropagation(); past.skip?.(s) }
  return (
    <div class={`ar-past ar-${v.state}`}>
      <video ref={video} muted playsInline disablePictureInPicture tabIndex={-1} aria-hidden="true" />
      <canvas class="ar-cover" hidden aria-hidden="true" />
      <div class="ar-past-bar">
        <span class="ar-past-what" role="status">{msg ? msg.title : t('archive.recorded')}{v.at !== undefined && !msg && <b class="num" dir="ltr">{clock(v.at, zone)}</b>}</span>
        <span class="row" dir="ltr">
          <Button small onClick={skip(-10)} aria-label={t('archive.back', { n: 10 })}>−10</Button>
          <Button small onClick={skip(10)} aria-label={t('archive.forward', { n: 10 })}>+10</Button>
        </span>
        <Button small bare icon="archive" onClick={e => { e.stopPropagation(); go(archivePage([past.camera], past.at.peek() ?? player.now.peek())) }}>{t('archive.open')}</Button>
        <Button small icon="live" onClick={e => { e.stopPropagation(); live() }}>{t('tile.live')}</Button>
      </div>
    </div>
  )
}
