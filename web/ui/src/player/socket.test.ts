import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Backoff } from './backoff'
import { Socket, type SocketConfig } from './socket'

class FakeSocket {
  static all: FakeSocket[] = []
  readyState = 0
  sent: string[] = []
  onopen: (() => void) | null = null
  onmessage: ((e: { data: string }) => void) | null = null
  onclose: ((e: { code: number }) => void) | null = null
  readonly url: string
  constructor(url: string) {
    this.url = url
    FakeSocket.all.push(this)
  }
  send(text: string) { this.sent.push(text) }
  close() { this.readyState = 3 }
  open() { this.readyState = 1; this.onopen?.() }
  drop(code: number) { this.readyState = 3; this.onclose?.({ code }) }
}

function make(): { socket: Socket; config: { [K in 'onMessage' | 'onUp' | 'onDown' | 'onStop']: ReturnType<typeof vi.fn> } } {
  const config = { onMessage: vi.fn(), onUp: vi.fn(), onDown: vi.fn(), onStop: vi.fn() }
  const socket = new Socket({ url: 'wss://h/s', random: () => 1, ...(config as unknown as Omit<SocketConfig, 'url'>) })
  socket.start()
  begun.push(socket)
  return { socket, config }
}
const begun: Socket[] = []
const last = (): FakeSocket => FakeSocket.all.at(-1) as FakeSocket

describe('socket', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    FakeSocket.all = []
    vi.stubGlobal('WebSocket', FakeSocket)
  })
  afterEach(() => {
    for (const s of begun.splice(0)) s.stop() // else it hears the events of the next test
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('is tried soon, then about every second for a minute, then after 2, 4, 8, 15 s', () => {
    const { config } = make()
    const wait = (ms: number): void => {
      const n = FakeSocket.all.length
      last().drop(1006)
      expect(config.onDown).toHaveBeenLastCalledWith(false)
      vi.advanceTimersByTime(ms - 1)
      expect(FakeSocket.all.length).toBe(n)
      vi.advanceTimersByTime(1)
      expect(FakeSocket.all.length).toBe(n + 1)
    }
    wait(600)
    for (let t = 600; t < 60_000; t += 1250) wait(1250)
    for (const ms of [2000, 4000, 8000, 15000, 15000]) wait(ms)
  })

  it('gives an attempt up that is not answered', () => {
    make()
    vi.advanceTimersByTime(3999)
    expect(FakeSocket.all.length).toBe(1)
    vi.advanceTimersByTime(601)
    expect(FakeSocket.all.length).toBe(2)
    expect(FakeSocket.all[0]?.readyState).toBe(3)
  })

  it('begins an attempt about every second where nobody answers, on a line known to be quick; now and then a long one', () => {
    make()
    last().open()
    last().drop(1006)
    const begun: number[] = []
    for (let t = 0, n = 1; t < 10_000; t += 50) {
      vi.advanceTimersByTime(50)
      if (FakeSocket.all.length > n) begun.push(t + 50)
      n = FakeSocket.all.length
    }
    expect(begun).toEqual([600, 1850, 3100, 4350, 8500, 9750])
  })

  it('does not wait when the network is back or the page is looked at', () => {
    for (const e of ['online', 'visibilitychange', 'resume']) {
      FakeSocket.all = []
      const { socket } = make()
      last().drop(1006)
      ;(e === 'online' ? window : document).dispatchEvent(new Event(e))
      expect(FakeSocket.all.length).toBe(2)
      // One on its way for long may have been sent into a network that is no more.
      vi.advanceTimersByTime(1500)
      ;(e === 'online' ? window : document).dispatchEvent(new Event(e))
      vi.advanceTimersByTime(1)
      expect(FakeSocket.all.length).toBe(3)
      socket.stop()
    }
  })

  it('lets an open connection prove itself after a change of network', () => {
    make()
    last().open()
    vi.advanceTimersByTime(100)
    const pong = JSON.stringify({ type: 'pong', t: 1, server_time_ms: 1 })
    window.dispatchEvent(new Event('online'))
    vi.advanceTimersByTime(1000)
    last().onmessage?.({ data: pong })
    vi.advanceTimersByTime(1000)
    expect(FakeSocket.all.length).toBe(1)
    window.dispatchEvent(new Event('online'))
    vi.advanceTimersByTime(1501)
    expect(FakeSocket.all.length).toBe(2)
  })

  it('begins with short waits again once the server has spoken', () => {
    const { config } = make()
    last().drop(1006)
    vi.advanceTimersByTime(600)
    last().drop(1006)
    vi.advanceTimersByTime(1250)
    last().open()
    last().onmessage?.({ data: '{"type":"hello","node":"n","server_time":"2026-01-01T00:00:00Z"}' })
    expect(config.onUp).toHaveBeenCalledTimes(1)
    last().drop(4000)
    expect(config.onDown).toHaveBeenLastCalledWith(true)
    vi.advanceTimersByTime(600)
    expect(FakeSocket.all.length).toBe(4)
  })

  it.each([4500, 4501, 4502, 4503, 4999])('stops for good on %d', code => {
    const { config } = make()
    last().open()
    last().drop(code)
    vi.advanceTimersByTime(120_000)
    expect(FakeSocket.all.length).toBe(1)
    expect(config.onStop).toHaveBeenCalledWith(code)
    expect(config.onDown).not.toHaveBeenCalled()
  })

  it.each([1000, 1001, 1006, 4000, 4001, 4002, 4499])('comes back after %d', code => {
    make()
    last().open()
    last().drop(code)
    vi.advanceTimersByTime(1000)
    expect(FakeSocket.all.length).toBe(2)
  })

  it('pings at once and every 3 s, and leaves a connection that has been silent for 8 s', () => {
    const { config } = make()
    last().open()
    expect(last().sent.filter(s => s.includes('"ping"')).length).toBe(1)
    vi.advanceTimersByTime(6000)
    expect(last().sent.filter(s => s.includes('"ping"')).length).toBe(3)
    vi.advanceTimersByTime(3000)
    expect(config.onDown).toHaveBeenCalledWith(true)
    vi.advanceTimersByTime(1000)
    expect(FakeSocket.all.length).toBe(2)
  })

  it('keeps nothing said while it is down, and ignores what it cannot read', () => {
    const { socket, config } = make()
    expect(socket.send({ type: 'input' })).toBe(false)
    last().open()
    last().onmessage?.({ data: 'not json' })
    last().onmessage?.({ data: '{"type":"from the future"}' })
    expect(config.onMessage).not.toHaveBeenCalled()
    expect(socket.send({ type: 'input' })).toBe(true)
  })

  it('says nothing more after stop', () => {
    const { socket, config } = make()
    last().open()
    socket.stop()
    last().drop(1000)
    vi.advanceTimersByTime(60_000)
    expect(FakeSocket.all.length).toBe(1)
    expect(config.onDown).not.toHaveBeenCalled()
  })
})

describe('backoff', () => {
  it('spreads every wait over half its step', () => {
    const low = new Backoff(() => 0)
    const high = new Backoff(() => 1)
    expect([low.next(), low.next(), low.next()]).toEqual([500, 1000, 2000])
    expect([high.next(), high.next(), high.next()]).toEqual([1000, 2000, 4000])
  })
})
