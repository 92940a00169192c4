import { hasText, t } from '../i18n/i18n'
import type { IconName } from '../kit/icons'

/** Kinds of notices about what cameras see and how they are, in the order shown. */
export const seen = ['motion', 'person', 'vehicle', 'sound', 'tamper', 'input', 'camera_lost', 'camera_back', 'still', 'storage', 'throttle'] as const
/** Kinds about sharing and the account. */
export const shared = [
  'offer_received', 'offer_answered', 'access_requested', 'access_changed', 'access_ended', 'group_invitation', 'group_removed', 'group_deleted',
  'link_near', 'link_used_up', 'links_paused_plan', 'gallery_full', 'webhook_off',
] as const

/** kindText is the name of a kind. */
export function kindText(kind: string): string {
  for (const key of [`notices.kind.${kind}`, `archive.event.${kind.replace('camera_', '')}`]) if (hasText(key)) return t(key)
  return kind
}

const icons: Readonly<Record<string, IconName>> = {
  motion: 'eye', person: 'shared', vehicle: 'eye', sound: 'sound', tamper: 'warn', input: 'bell', camera_lost: 'offline', camera_back: 'camera',
  still: 'image', storage: 'archive', throttle: 'clock', link_near: 'clock', link_used_up: 'clock', links_paused_plan: 'pause', gallery_full: 'image', webhook_off: 'globe',
}

/** kindIcon is the sign before a notice. */
export function kindIcon(kind: string, reason?: string): IconName {
  if (kind === 'storage' && reason !== 'disk_well') return 'warn'
  return icons[kind] ?? (kind.startsWith('group') || kind.startsWith('offer') || kind.startsWith('access') ? 'shared' : 'bell')
}

/** grave kinds are shown in the colour of trouble. */
export function grave(kind: string, reason?: string): boolean {
  return kind === 'camera_lost' || kind === 'tamper' || kind === 'webhook_off' || (kind === 'storage' && reason !== 'disk_well')
}
