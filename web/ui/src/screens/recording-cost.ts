import { cellsOfWeek, toCells } from '../share/schedule'
import type { Policy } from './recording-api'

/** Bytes of sound a day: an Opus or G.711 track is at most so much. */
const soundDay = (64_000 / 8) * 86_400

/**
 * perDay is what a policy takes of the disk a day, in bytes, where its layer sends
 * so many bits a second: of a schedule on average of the week, of notices at most.
 */
export function perDay(p: Policy, bitsPerSecond: number): number {
  if (p.mode === 'off') return 0
  const all = (bitsPerSecond / 8) * 86_400 + (p.sound ? soundDay : 0)
  return p.mode === 'schedule' ? all * (toCells(p.hours ?? null).filter(Boolean).length / cellsOfWeek) : all
}

/** days is for how many days there is room, when the limit by bytes comes first; undefined when it does not. */
export function days(p: Policy, day: number): number | undefined {
  if (p.keep_bytes === 0 || day === 0) return undefined
  const n = p.keep_bytes / day
  return p.keep_days === 0 || n < p.keep_days ? n : undefined
}
