import type { LayerWhy } from '../api/wire'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import type { TileView } from '../player/tile'

const whys: Record<LayerWhy, Key> = {
  size: 'layer.size', focus: 'layer.focus', tiles: 'layer.tiles', bandwidth: 'layer.bandwidth',
  only: 'layer.only', starting: 'layer.starting', asked: 'layer.asked', budget: 'layer.budget',
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

/** delayText says what a delay is made of: the camera's own part is named where it is known. */
export function delayText(v: Pick<TileView, 'delay' | 'cameraDelay'>): string {
  if (v.delay === undefined) return ''
  if (v.cameraDelay === undefined) return t('delay.text', { time: span(v.delay) })
  return t('delay.whole', { time: span(v.delay), camera: span(v.cameraDelay) })
}

/** DelayBadge says how late the picture is, once that is worth knowing: over a second. */
export function DelayBadge({ view: v }: { view: TileView }) {
  if (v.delay === undefined || v.delay <= lateAfter) return null
  return <span class={v.delay > 3000 ? 'dl bad' : 'dl'} title={delayText(v)}>{t('delay.badge', { time: span(v.delay) })}</span>
}
