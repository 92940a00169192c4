import { send } from '../api/http'

/** A browser that gets notices while no page is open. */
export interface PushDevice {
  id: string
  /** Of the login that asks. */
  current: boolean
  browser: string
  /** Host of its push service. */
  service: string
  created_at: string
  used_at?: string
}

export interface PushState {
  public_key: string
  subscriptions: PushDevice[]
}

export interface Webhook {
  id: string
  name: string
  url: string
  on: boolean
  /** failing or gone, when the server switched it off. */
  off_reason?: 'failing' | 'gone'
  created_at: string
  failing_since?: string
  old_secret_until?: string
}

export interface Delivery {
  id: string
  kind: string
  at: string
  outcome: 'ok' | 'status' | 'redirect' | 'tls' | 'denied' | 'unreachable'
  status?: number
  took_ms: number
}

const me = '/api/v1/me'
const hook = (id: string): string => `${me}/webhooks/${encodeURIComponent(id)}`

export const push = {
  get: () => send<PushState>('GET', `${me}/push`),
  add: (s: PushSubscriptionJSON) => send<PushDevice>('POST', `${me}/push/subscriptions`, { endpoint: s.endpoint, keys: { p256dh: s.keys?.['p256dh'], auth: s.keys?.['auth'] } }),
  remove: (id: string) => send<void>('DELETE', `${me}/push/subscriptions/${encodeURIComponent(id)}`),
}

export const webhooks = {
  list: () => send<{ webhooks: Webhook[]; most: number }>('GET', `${me}/webhooks`),
  add: (name: string, url: string) => send<Webhook & { secret: string }>('POST', `${me}/webhooks`, { name, url }),
  change: (id: string, b: { name?: string; url?: string; on?: boolean }) => send<Webhook>('PATCH', hook(id), b),
  remove: (id: string) => send<void>('DELETE', hook(id)),
  secret: (id: string) => send<Webhook & { secret: string }>('POST', `${hook(id)}/secret`),
  test: (id: string) => send<Delivery>('POST', `${hook(id)}/test`),
  deliveries: (id: string) => send<{ deliveries: Delivery[] }>('GET', `${hook(id)}/deliveries`),
}
