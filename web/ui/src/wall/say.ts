import { t } from '../i18n/i18n'
import type { Wall } from './wall'

const saidAt = new WeakMap<Wall, Map<string, number>>()

/** announceOffline is the text that is read out at once when a tile goes offline, once per camera a minute. */
export function announceOffline(wall: Wall): string {
  const said = saidAt.get(wall) ?? new Map<string, number>()
  saidAt.set(wall, said)
  const now = Date.now()
  const names: string[] = []
  for (const p of wall.positions.value) {
    if (p.slot < 0) continue
    const v = wall.view(p.slot).value
    if (v.state !== 'offline' || v.camera === undefined) continue
    const before = said.get(v.camera)
    if (before === undefined || now - before > 60_000) said.set(v.camera, now)
    else if (now - before > 3000) continue
    names.push(v.name)
  }
  return names.map(name => t('tile.label', { name, state: t('tile.offline') })).join('. ')
}
