import { push, type PushState } from './ways-api'

/** What this browser can do about notices while no page is open. */
export type Ability = 'able' | 'denied' | 'unsupported' | 'insecure' | 'install'

const worker = '/push-worker.js'

/** ability looks at the browser; it asks nobody. */
export function ability(): Ability {
  if (!isSecureContext) return 'insecure'
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) {
    // Safari on an iPhone has them only for pages opened from the Home Screen.
    return /iP(hone|ad|od)/.test(navigator.userAgent) || (navigator.platform === 'MacIntel' && navigator.maxTouchPoints > 1) ? 'install' : 'unsupported'
  }
  return Notification.permission === 'denied' ? 'denied' : 'able'
}

interface WorkerPolicy {
  createScriptURL(url: string): string
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): WorkerPolicy
}

let policy: WorkerPolicy | undefined

/** The content security policy lets one script address through: the worker's. */
function workerURL(): string {
  const types = (window as { trustedTypes?: TrustedTypes }).trustedTypes
  if (!types) return worker
  policy ??= types.createPolicy('push-worker', {
    createScriptURL: url => {
      if (url !== worker) throw new TypeError('not the worker of notices')
      return url
    },
  })
  return policy.createScriptURL(worker)
}

/** subscription is what this browser signed up with, if it did. */
export async function subscription(): Promise<PushSubscription | null> {
  if (ability() === 'unsupported' || ability() === 'insecure' || ability() === 'install') return null
  const reg = await navigator.serviceWorker.getRegistration('/')
  return reg ? reg.pushManager.getSubscription() : null
}

/** same reports whether a subscription is for the server's key of today. */
function same(sub: PushSubscription, key: string): boolean {
  const have = sub.options.applicationServerKey
  return !!have && bytes(key).every((b, i) => new Uint8Array(have)[i] === b)
}

export function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  const raw = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'))
  return Uint8Array.from(raw, c => c.charCodeAt(0))
}

// Whose notices this browser was asked to show: after a new sign-in they go on
// for the same person, and never for another one.
const owner = 'sightline.push'

function remembered(): string | null {
  try {
    return localStorage.getItem(owner)
  } catch {
    return null // the browser keeps nothing
  }
}

function remember(account: string | undefined): void {
  try {
    if (account) localStorage.setItem(owner, account)
    else localStorage.removeItem(owner)
  } catch {
    // the browser keeps nothing: it has to be switched on again after a new sign-in
  }
}

/** Refused says why switching on failed: the person, or the browser's push service. */
export class Refused extends Error {
  constructor(readonly why: 'denied' | 'failed') {
    super(why)
  }
}

/** turnOn asks the person, signs the browser up and tells the server. */
export async function turnOn(account: string, state: PushState): Promise<void> {
  if ((await Notification.requestPermission()) !== 'granted') throw new Refused('denied')
  let sub: PushSubscription
  try {
    await navigator.serviceWorker.register(workerURL(), { scope: '/', updateViaCache: 'none' })
    const reg = await navigator.serviceWorker.ready
    const old = await reg.pushManager.getSubscription()
    if (old && !same(old, state.public_key)) await old.unsubscribe()
    sub = await reg.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(state.public_key) })
  } catch {
    throw new Refused('failed')
  }
  await push.add(sub.toJSON())
  remember(account)
}

/** turnOff ends it here and at the server. */
export async function turnOff(state: PushState): Promise<void> {
  remember(undefined)
  await (await subscription().catch(() => null))?.unsubscribe().catch(() => false)
  for (const d of state.subscriptions.filter(d => d.current)) await push.remove(d.id)
}

/**
 * settle puts a browser in order that is signed up while another login than this
 * one has it: the same person's goes on, anybody else's ends. Nobody else's
 * notices are shown on a page of mine.
 */
export async function settle(account: string): Promise<void> {
  const sub = await subscription()
  if (!sub) return
  const state = await push.get()
  if (state.subscriptions.some(d => d.current) && same(sub, state.public_key)) return
  if (remembered() === account && Notification.permission === 'granted' && same(sub, state.public_key)) await push.add(sub.toJSON())
  else await sub.unsubscribe()
}
