import { useEffect, useState } from 'preact/hooks'
import { active, t } from '../i18n/i18n'
import type { TileView } from '../player/tile'
import { between, count, type Counted, type Figures } from './figures'
import { delayText, layerText } from './layer'
import type { Wall } from './wall'

const none = '–'

/** Stats is what a tile is made of, for who asks. It asks the browser once a second while it is on the screen, and never else. */
export function Stats({ view: v, wall, slot }: { view: TileView; wall: Wall; slot: number }) {
  const [now, set] = useState<Figures>()
  useEffect(() => {
    let last: Counted | undefined
    let over = false
    const look = async (): Promise<void> => {
      const report = await wall.report(slot)
      if (over) return
      const c = report && count(report as unknown as ReadonlyMap<string, unknown>)
      set(last && c ? between(last, c) : undefined)
      last = c
    }
    void look()
    const timer = setInterval(() => void look(), 1000)
    return () => {
      over = true
      clearInterval(timer)
    }
  }, [wall, slot])
  const shown = v.picture !== 'none' && now !== undefined && now.width > 0
  const of = (n: number, o: Intl.NumberFormatOptions): string => new Intl.NumberFormat(active.value.lang, o).format(n)
  const ms = (n: number | undefined): string => (n === undefined ? none : t('unit.ms', { n: of(n, { maximumFractionDigits: n < 10 ? 1 : 0 }) }))
  const rows: [string, string][] = [
    [t('stats.codec'), (shown && now.codec) || none],
    [t('stats.picture'), shown ? `${now.width}×${now.height}, ${t('unit.fps', { n: Math.round(now.fps) })}` : none],
    [t('stats.rate'), shown ? t('unit.mbits', { n: of(now.bits / 1e6, { maximumFractionDigits: 2 }) }) : none],
    [t('stats.loss'), shown ? of(now.loss, { style: 'percent', maximumFractionDigits: 1 }) : none],
    [t('stats.jitter'), shown ? ms(now.jitter) : none],
    [t('stats.trip'), shown ? ms(now.trip) : none],
    [t('stats.layer'), layerText(v) || none],
    [t('stats.delay'), delayText(v) || none],
  ]
  return (
    <dl class="stats ops-stats">
      {rows.map(([name, text]) => <div key={name}><dt>{name}</dt><dd><bdi>{text}</bdi></dd></div>)}
    </dl>
  )
}
