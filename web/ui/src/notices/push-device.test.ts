// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PushDevice, PushState } from './ways-api'

const key = 'BAAA' // of the server, as base64url
const bytesOf = (s: string): ArrayBuffer => Uint8Array.from(atob(s), c => c.charCodeAt(0)).buffer

const device = (id: string, current: boolean): PushDevice => ({ id, current, browser: '', service: '', created_at: '' })

let kept: { endpoint: string; key: string } | null
let state: PushState
let asked: string[]

function subscription() {
  return kept && {
    endpoint: kept.endpoint,
    options: { applicationServerKey: bytesOf(kept.key) },
    toJSON: () => ({ endpoint: kept?.endpoint, expirationTime: null, keys: { p256dh: 'p', auth: 'a' } }),
    unsubscribe: async () => { asked.push('unsubscribe'); kept = null; return true },
  }
}

beforeEach(() => {
  vi.resetModules()
  asked = []
  kept = { endpoint: 'https://push.example/1', key }
  state = { public_key: key, subscriptions: [] }
  localStorage.clear()
  vi.stubGlobal('isSecureContext', true)
  vi.stubGlobal('PushManager', class {})
  vi.stubGlobal('Notification', { permission: 'granted', requestPermission: async () => 'granted' })
  vi.stubGlobal('fetch', async (url: string, init?: RequestInit) => {
    asked.push(`${init?.method ?? 'GET'} ${url}`)
    if (init?.method === 'POST') state.subscriptions = [device('d1', true)]
    if (init?.method === 'DELETE') state.subscriptions = []
    return new Response(init?.method === 'GET' ? JSON.stringify(state) : init?.method === 'POST' ? '{}' : null, { status: init?.method === 'DELETE' ? 204 : 200 })
  })
  const registration = {
    pushManager: {
      getSubscription: async () => subscription(),
      subscribe: async () => { asked.push('subscribe'); kept = { endpoint: 'https://push.example/2', key }; return subscription() },
    },
  }
  Object.defineProperty(navigator, 'serviceWorker', {
    configurable: true,
    value: { getRegistration: async () => registration, register: async () => registration, ready: Promise.resolve(registration) },
  })
})
afterEach(() => vi.unstubAllGlobals())

const load = () => import('./push-device')
const posted = 'POST /api/v1/me/push/subscriptions'

describe('a browser that was switched on, after another sign-in', () => {
  it('goes on for the same person', async () => {
    const { turnOn, settle } = await load()
    await turnOn('anna', state)
    expect(asked).toEqual(['subscribe', posted])
    state.subscriptions = [] // the login has ended
    asked = []
    await settle('anna')
    expect(asked).toEqual(['GET /api/v1/me/push', posted])
  })
  it('ends for anybody else', async () => {
    const { turnOn, settle } = await load()
    await turnOn('anna', state)
    state.subscriptions = [device('d7', false)] // of another device of his
    asked = []
    await settle('max')
    expect(asked).toEqual(['GET /api/v1/me/push', 'unsubscribe'])
  })
  it('is left alone while its login goes on', async () => {
    const { turnOn, settle } = await load()
    await turnOn('anna', state)
    asked = []
    await settle('anna')
    expect(asked).toEqual(['GET /api/v1/me/push'])
  })
  it('ends when the server has another key', async () => {
    const { turnOn, settle } = await load()
    await turnOn('anna', state)
    state.public_key = 'BBBB'
    asked = []
    await settle('anna')
    expect(asked).toEqual(['GET /api/v1/me/push', 'unsubscribe'])
  })
  it('asks nobody where nothing was switched on', async () => {
    kept = null
    const { settle } = await load()
    await settle('anna')
    expect(asked).toEqual([])
  })
})

describe('switching', () => {
  it('signs up anew for another key of the server', async () => {
    kept = { endpoint: 'https://push.example/0', key: 'BBBB' }
    const { turnOn } = await load()
    await turnOn('anna', state)
    expect(asked).toEqual(['unsubscribe', 'subscribe', posted])
  })
  it('off tells the browser and the server', async () => {
    const { turnOn, turnOff, settle } = await load()
    await turnOn('anna', state)
    asked = []
    await turnOff({ public_key: key, subscriptions: [device('d1', true), device('d2', false)] })
    expect(asked).toEqual(['unsubscribe', 'DELETE /api/v1/me/push/subscriptions/d1'])
    asked = []
    await settle('anna')
    expect(asked).toEqual([])
  })
  it('says when the person refuses', async () => {
    vi.stubGlobal('Notification', { permission: 'default', requestPermission: async () => 'denied' })
    const { turnOn, Refused } = await load()
    await expect(turnOn('anna', state)).rejects.toBeInstanceOf(Refused)
    expect(asked).toEqual([])
  })
  it('knows what a browser cannot', async () => {
    const { ability } = await load()
    expect(ability()).toBe('able')
    vi.stubGlobal('Notification', { permission: 'denied' })
    expect(ability()).toBe('denied')
    vi.stubGlobal('isSecureContext', false)
    expect(ability()).toBe('insecure')
  })
})
