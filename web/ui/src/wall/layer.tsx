import { useEffect, useState } from 'preact/hooks'
import type { LayerWhy } from '../api/wire'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import type { TileView } from '../player/tile'

const whys: Record<LayerWhy, Key> = {
  size: 'layer.size', focus: 'layer.focus', tiles: 'layer.tiles', bandwidth: 'layer.bandwidth',
  only: 'layer.only', starting: 'layer.starting', asked: 'layer.asked',
}

/** A picture older than this is said so unasked, ms (spec 3.3). */
export const lateAfter = 1000

/** layerText is "HD: full screen": which layer a tile shows and why; empty while none is shown. */
export function layerText(v: TileView): string {
  const s = v.server
  if (!s?.layer || v.poster || (v.state !== 'live' && s.state !== 'stalled')) return ''
  const name = t(s.layer === 'main' ? 'layer.hd' : 'layer.sd')
  return s.layer_why ? t('layer.why', { layer: name, why: t(whys[s.layer_why]) }) : name
}

/** LayerChip is the small HD or SD in a tile's rail; why is its tooltip. */
export function LayerChip({ view: v }: { view: TileView }) {
  const text = layerText(v)
  if (!text) return null
  const low = v.server?.layer_why === 'bandwidth'
  return <span class={low ? 'ly low' : 'ly'} title={text} role="img" aria-label={text}>{t(v.server?.layer === 'main' ? 'layer.hd' : 'layer.sd')}</span>
}

/** span is a delay as people read it: 40 ms, 1.4 s. */
export function span(ms: number): string {
  if (ms < 1000) return t('unit.ms', { n: Math.round(ms / 10) * 10 })
  return t('unit.seconds', { n: (Math.round(ms / 100) / 10).toFixed(1) })
}

/** DelayBadge says how late the picture is, once that is worth knowing: over a second. */
export function DelayBadge({ view: v }: { view: TileView }) {
  if (v.delay === undefined || v.delay <= lateAfter) return null
  const text = t('delay.text', { time: span(v.delay) })
  return <span class={v.delay > 3000 ? 'dl bad' : 'dl'} title={text}>{t('delay.badge', { time: span(v.delay) })}</span>
}

/** Stats is what a tile is made of, for who asks: layer, size, frames a second, delay. */
export function Stats({ view: v, video }: { view: TileView; video: { readonly current: HTMLVideoElement | null } }) {
  const [now, tick] = useState({ width: 0, height: 0, fps: 0, frames: 0 })
  useEffect(() => {
    const look = (): void => {
      const el = video.current
      if (!el) return
      const frames = el.getVideoPlaybackQuality().totalVideoFrames
      tick(old => ({ width: el.videoWidth, height: el.videoHeight, frames, fps: old.frames ? Math.max(0, frames - old.frames) : 0 }))
    }
    look()
    const timer = setInterval(look, 1000)
    return () => clearInterval(timer)
  }, [video])
  const rows: [string, string][] = [
    [t('stats.layer'), layerText(v) || '–'],
    [t('stats.picture'), now.width && v.picture !== 'none' ? `${now.width}×${now.height}, ${t('unit.fps', { n: now.fps })}` : '–'],
    [t('stats.delay'), v.delay === undefined ? '–' : t('delay.text', { time: span(v.delay) })],
  ]
  return (
    <dl class="stats">
      {rows.map(([name, text]) => <div key={name}><dt>{name}</dt><dd>{text}</dd></div>)}
    </dl>
  )
}
