import { active, t } from '../i18n/i18n'
import type { Limit } from './api'
import { bytes } from './words'

/** seconds is how long one of Go's durations is ("1h30m", "250ms"); undefined for what is none. */
export function seconds(text: string): number | undefined {
  const each: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 1e-3, µs: 1e-6, ns: 1e-9 }
  if (text === '0') return 0
  if (!/^(\d+(\.\d+)?(h|ms|m|s|µs|ns))+$/.test(text)) return undefined
  return [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|µs|ns)/g)].reduce((n, [, v, u]) => n + Number(v) * (each[u ?? ''] ?? 0), 0)
}

type Unit = 'day' | 'hour' | 'minute' | 'second' | 'millisecond' | 'percent'

function counted(n: number, unit: Unit): string {
  return new Intl.NumberFormat(active.value.locale, { style: 'unit', unit, unitDisplay: unit === 'percent' ? 'short' : 'long', numberingSystem: 'latn', maximumFractionDigits: 3 }).format(n)
}

/** spelled is a time in whole words, nothing of it lost: "14 days", "24 hours", "1 hour 30 minutes". Days begin at two. */
function spelled(s: number): string {
  if (s === 0) return counted(0, 'second')
  if (s < 1) return counted(s * 1000, 'millisecond')
  const parts: string[] = []
  let rest = s
  const table: readonly [Unit, number, number][] = [['day', 86_400, 172_800], ['hour', 3600, 3600], ['minute', 60, 60]]
  for (const [unit, size, from] of table) {
    if (rest < from) continue
    parts.push(counted(Math.floor(rest / size), unit))
    rest -= Math.floor(rest / size) * size
  }
  if (rest > 1e-9) parts.push(counted(rest, 'second'))
  return new Intl.ListFormat(active.value.locale, { type: 'unit', style: 'narrow' }).format(parts)
}

/** readable is a configured value as people of the language read it; what is not understood stays as it is written. */
export function readable(value: string, unit?: Limit['unit']): string {
  if (unit === 'duration') {
    const s = seconds(value)
    return s === undefined ? value : spelled(s)
  }
  if (!/^\d+(\.\d+)?$/.test(value)) return value
  const n = Number(value)
  if (unit === 'bytes') return n === 0 ? t('limits.unlimited') : bytes(n)
  return unit === 'percent' ? counted(n, 'percent') : active.value.number.format(n)
}
