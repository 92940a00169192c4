import { afterEach, describe, expect, it, vi } from 'vitest'
import { Problem } from '../api/problem'
import { keepAwake } from './awake'
import { shiftAt } from './burnin'
import { between, count } from './figures'
import { isPatrolKey, keyAct, type Acts } from './keys'
import { isScreen, standingOf, wasScreen } from './kiosk'
import { fileName } from './snapshot'

const key = (k: string, o: Partial<KeyboardEvent> & { on?: string } = {}) =>
  ({ key: k, altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, defaultPrevented: false, repeat: false, ...o,
    target: { closest: (s: string) => (o.on && s.split(', ').includes(o.on) ? {} : null) } as unknown as EventTarget })

describe('keys (R95)', () => {
  const did: string[] = []
  const acts: Acts = { snapshot: whole => did.push(whole ? 'png' : 'jpeg'), kiosk: () => did.push('kiosk'), answer: () => did.push('answer'), skip: n => did.push(`skip ${n}`), live: () => did.push('live') }
  const press = (e: ReturnType<typeof key>, single = true): string => {
    did.length = 0
    keyAct(e, single)?.(acts)
    return did.join()
  }
  it('does what the list says, with either case of a letter', () => {
    expect([press(key('s')), press(key('S', { shiftKey: true })), press(key('k')), press(key('A')), press(key('x'))]).toEqual(['jpeg', 'png', 'kiosk', 'answer', ''])
  })
  it('does nothing in fields, menus and dialogs, with modifiers, held down, taken already, or turned off', () => {
    for (const on of ['input', 'select', 'dialog', '[role=menu]']) expect(press(key('s', { on }))).toBe('')
    for (const o of [{ altKey: true }, { ctrlKey: true }, { metaKey: true }, { repeat: true }, { defaultPrevented: true }]) expect(press(key('s', o))).toBe('')
    expect(press(key('s'), false)).toBe('')
  })
  it('goes back into the recording, ahead, and to live again', () => {
    expect([press(key('[')), press(key('{', { shiftKey: true })), press(key(']')), press(key('l')), press(key('['), false)]).toEqual(['skip -10', 'skip -30', 'skip 10', 'live', ''])
  })
  it('leaves Space to the button that has the focus', () => {
    expect([isPatrolKey(key(' ')), isPatrolKey(key(' ', { on: 'button' })), isPatrolKey(key(' ', { on: 'input' })), isPatrolKey(key(' ', { shiftKey: true })), isPatrolKey(key('x'))]).toEqual([true, false, false, false, false])
  })
})

describe('pictures to keep', () => {
  it('are named by camera and time, in the zone of the wall, for every file system', () => {
    const at = Date.parse('2026-11-22T22:04:05Z')
    expect(fileName('Gate', at, 'Europe/Kyiv', 'image/jpeg')).toBe('Gate 2026-11-23 00-04-05.jpg')
    expect(fileName('../a\\b:"c"\u202e', at, 'UTC', 'image/png')).toBe('a b c 2026-11-22 22-04-05.png')
    expect(fileName('  ', at, 'UTC', 'image/png')).toBe('camera 2026-11-22 22-04-05.png')
    expect(fileName('Ворота №1', at, 'UTC', 'image/png')).toBe('Ворота №1 2026-11-22 22-04-05.png')
  })
})

describe('figures', () => {
  const report = (s: number, o = {}) => new Map<string, unknown>([
    ['r', { type: 'inbound-rtp', kind: 'video', id: 'r', timestamp: s * 1000, codecId: 'c', bytesReceived: 125_000 * s, packetsReceived: 90 * s, packetsLost: 10 * s, framesDecoded: 25 * s, frameWidth: 640, frameHeight: 360, jitter: 0.004, ...o }],
    ['c', { type: 'codec', id: 'c', mimeType: 'video/H264', sdpFmtpLine: 'packetization-mode=1;profile-level-id=42e01f' }],
    ['t', { type: 'transport', id: 't', selectedCandidatePairId: 'p' }],
    ['p', { type: 'candidate-pair', id: 'p', currentRoundTripTime: 0.02 }],
  ])
  it('are what happened in the last second', () => {
    const [a, b] = [count(report(1)), count(report(2))]
    expect(a && b && between(a, b)).toEqual({ codec: 'H264 42e01f', width: 640, height: 360, fps: 25, bits: 1e6, loss: 0.1, jitter: 4, trip: 20 })
  })
  it('are none without pictures, and none over a change of streams', () => {
    expect(count(new Map())).toBeUndefined()
    const [a, b] = [count(report(2)), count(report(3, { bytesReceived: 5, framesDecoded: 1 }))]
    expect(a && b && between(a, b)).toBeUndefined()
  })
})

describe('a screen on a wall', () => {
  it('moves by two pixels and comes back', () => {
    expect([0, 1, 2, 3, 4].map(shiftAt)).toEqual([[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]])
  })

  const doc = { visibilityState: 'visible', listeners: new Set<() => void>() }
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })
  function page() {
    doc.listeners.clear()
    vi.stubGlobal('document', {
      get visibilityState() { return doc.visibilityState },
      addEventListener: (_: string, f: () => void) => doc.listeners.add(f),
      removeEventListener: (_: string, f: () => void) => doc.listeners.delete(f),
    })
    const see = (s: string): void => {
      doc.visibilityState = s
      for (const f of doc.listeners) f()
    }
    const locks: (EventTarget & { released: boolean; release(): Promise<void> })[] = []
    let refuse = 0
    const request = vi.fn(async () => {
      if (refuse-- > 0) throw new Error('low battery')
      const l = Object.assign(new EventTarget(), { released: false, async release() { l.released = true; l.dispatchEvent(new Event('release')) } })
      locks.push(l)
      return l
    })
    return { see, locks, request, refuse: (n: number) => { refuse = n }, nav: { wakeLock: { request } } as unknown as Navigator, held: () => locks.filter(l => !l.released).length }
  }
  const settled = async (): Promise<void> => { for (let i = 0; i < 10; i++) await Promise.resolve() }

  it('takes its lock again after every hiding (R96)', async () => {
    const p = page()
    const stop = keepAwake(p.nav)
    await settled()
    expect(p.held()).toBe(1)
    for (let i = 0; i < 3; i++) {
      p.see('hidden')
      await p.locks.at(-1)?.release() // as browsers do
      await settled()
      expect(p.held()).toBe(0)
      p.see('visible')
      await settled()
      expect(p.held()).toBe(1)
    }
    stop()
    await settled()
    expect([p.held(), doc.listeners.size]).toEqual([0, 0])
  })

  it('asks again when the lock was refused or lost, and lives without the API', async () => {
    vi.useFakeTimers()
    const p = page()
    p.refuse(2)
    const stop = keepAwake(p.nav)
    await vi.advanceTimersByTimeAsync(25_000)
    expect(p.held()).toBe(1)
    await p.locks[0]?.release()
    await vi.advanceTimersByTimeAsync(0)
    expect(p.held()).toBe(1)
    stop()
    keepAwake({} as Navigator)()
  })
})

describe('a screen without pictures', () => {
  const refused = (status: number) => new Problem({ status, code: 'x', retryAfter: 60 })
  it('says that a browser is no screen yet, and that a screen has ended', () => {
    expect(standingOf(refused(401), 'opening', false)).toBe('never')
    expect(standingOf(refused(401), 'opening', true)).toBe('ended')
    expect(standingOf(refused(401), 'gone', false)).toBe('gone')
  })
  it('says that there were too many tries, then what comes of the next', () => {
    expect(standingOf(refused(429), 'opening', false)).toBe('busy')
    expect(standingOf(refused(503), 'busy', false)).toBe('away')
    expect(standingOf(refused(503), 'ended', true)).toBe('ended')
  })
  it('remembers that it was a screen', () => {
    localStorage.clear()
    expect(wasScreen()).toBe(false)
    isScreen()
    expect(wasScreen()).toBe(true)
    localStorage.clear()
  })
})
