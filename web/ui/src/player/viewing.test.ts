import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { ViewingAPI } from '../api/api'
import type { ClientMessage } from '../api/messages'
import { Problem } from '../api/problem'
import type { Opened, TileState, TileWant } from '../api/wire'
import { Viewing } from './viewing'

class FakePC {
  static all: FakePC[] = []
  kinds: string[] = []
  connectionState = 'new'
  onconnectionstatechange: (() => void) | null = null
  localDescription: unknown = null
  answers: string[] = []
  began: unknown
  set: unknown
  restarts = 0
  bytes = 0
  flow = 0
  slow = false // what is begun is never settled, as in a browser that is closing the connection
  constructor(c?: { iceServers?: unknown }) {
    this.began = c?.iceServers
    FakePC.all.push(this)
  }
  setConfiguration(c: { iceServers: unknown }) { this.set = c.iceServers }
  async getStats() { this.bytes += this.flow; return new Map([['t', { type: 'inbound-rtp', bytesReceived: this.bytes }]]) }
  restartIce() { this.restarts++ }
  addTransceiver(kind: string) { this.kinds.push(kind) }
  getTransceivers() { return this.kinds.map((kind, i) => ({ mid: String(i), receiver: { track: { kind, id: `${FakePC.all.indexOf(this)}/${i}` } } })) }
  async createOffer() { return { type: 'offer', sdp: `offer of ${this.kinds.length}` } }
  async setLocalDescription(d: unknown) {
    if (this.slow) await new Promise(() => {})
    this.localDescription = d
  }
  async setRemoteDescription(d: { sdp: string }) { this.answers.push(d.sdp) }
  close() { this.connectionState = 'closed' }
  become(s: string) { this.connectionState = s; this.onconnectionstatechange?.() }
}

const want = (cell: number, camera: string): TileWant => ({ cell, camera, px: 640, focus: false })

function make(up = true) {
  const said: ClientMessage[] = []
  const tiles: TileState[] = []
  const problems: (string | undefined)[] = []
  const onReached = vi.fn()
  let n = 0
  const api = {
    open: vi.fn(async (b: { tiles: TileWant[] }, _signal?: AbortSignal): Promise<Opened> => ({ id: `v${++n}`, sdp: 'answer', tiles: b.tiles.map(t => ({ cell: t.cell, camera: t.camera, mid: String(t.cell), state: 'live' as const })) })),
    renegotiate: vi.fn(async () => ({ sdp: 'answer 2' })),
    close: vi.fn(async (_id: string) => {}),
    socket: '/x',
  }
  const line = { up }
  const viewing = new Viewing({
    api: api as unknown as ViewingAPI,
    send: m => { if (line.up) said.push(m); return line.up },
    onTile: s => tiles.push(s),
    onConnected: () => {},
    onTracks: () => {},
    onReached,
    onProblem: p => problems.push(p?.code),
  })
  return { viewing, api, said, tiles, problems, line, onReached }
}
const settle = () => vi.advanceTimersByTimeAsync(0)

describe('viewing session', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    FakePC.all = []
    vi.stubGlobal('RTCPeerConnection', FakePC)
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.useRealTimers()
  })

  it('waits for nobody once the server has answered that the session is gone, and lets the socket know', async () => {
    const { viewing, api, onReached, line } = make()
    viewing.show([want(0, 'c1')], 1)
    await settle()
    FakePC.all.at(-1)?.become('connected')
    expect(onReached).not.toHaveBeenCalled()
    line.up = false
    api.renegotiate.mockRejectedValueOnce(new Problem({ status: 404, code: 'not_found' }))
    FakePC.all.at(-1)?.become('disconnected')
    await settle()
    expect(onReached).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(150)
    expect(api.open).toHaveBeenCalledTimes(2)
  })

  it('offers what was prepared, if it is large enough', async () => {
    const a = make()
    a.viewing.prepare(6)
    a.viewing.show([want(0, 'a')], 2)
    await settle()
    expect(FakePC.all.length).toBe(1)
    expect(a.api.open).toHaveBeenCalledWith(expect.objectContaining({ sdp: 'offer of 7' }), expect.anything())
    a.viewing.show([want(0, 'a'), want(1, 'b')], 6)
    await settle()
    expect(a.api.renegotiate).not.toHaveBeenCalled() // there is room
    const b = make()
    b.viewing.prepare(2)
    b.viewing.show([want(0, 'a')], 6)
    await settle()
    expect(FakePC.all.map(p => p.connectionState)).toEqual(['new', 'closed', 'new'])
    const c = make()
    c.viewing.prepare(2)
    c.viewing.close()
    expect(FakePC.all.at(-1)?.connectionState).toBe('closed')
  })

  it('makes a new session when the old one is gone while an offer is being made', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    const pc = FakePC.all[0] as FakePC
    pc.become('connected')
    pc.slow = true
    pc.become('disconnected') // a restart begins
    await settle()
    viewing.receive({ type: 'viewing_gone', viewing: 'v1' })
    await vi.advanceTimersByTimeAsync(1000)
    expect(pc.connectionState).toBe('closed')
    expect(api.open).toHaveBeenCalledTimes(2)
  })

  it('tries TURN servers where no connection comes, and begins with them from then on', async () => {
    const { viewing, api } = make()
    const servers = [{ urls: ['turn:relay.example'], username: 'u', credential: 'c' }]
    api.open.mockImplementation(async () => ({ id: 'v1', sdp: 'answer', tiles: [], ice_servers: servers }))
    viewing.show([want(0, 'a')], 2)
    await settle()
    const pc = FakePC.all[0] as FakePC
    await vi.advanceTimersByTimeAsync(3999)
    expect(api.renegotiate).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(pc.set).toEqual(servers)
    expect(pc.restarts).toBe(1)
    expect(api.renegotiate).toHaveBeenCalledTimes(1)
    expect(pc.answers).toEqual(['answer', 'answer 2'])
    pc.become('connected')
    pc.become('failed')
    await vi.advanceTimersByTimeAsync(1000)
    expect(FakePC.all[1]?.began).toEqual(servers)

    const other = make()
    other.api.open.mockImplementation(async () => ({ id: 'v2', sdp: 'answer', tiles: [], ice_servers: servers }))
    other.viewing.show([want(0, 'a')], 2)
    await settle()
    FakePC.all.at(-1)?.become('connected')
    await vi.advanceTimersByTimeAsync(5000)
    expect(other.api.renegotiate).not.toHaveBeenCalled() // it got through
  })

  it('offers one connection: the pool and one sound, and says hello with its id', async () => {
    const { viewing, api, said, tiles } = make()
    viewing.show([want(0, 'a'), want(1, 'b')], 6)
    await settle()
    expect(FakePC.all.length).toBe(1)
    expect(FakePC.all[0]?.kinds).toEqual([...Array(6).fill('video'), 'audio'])
    expect(api.open).toHaveBeenCalledTimes(1)
    expect(said[0]).toEqual({ type: 'hello', viewing: 'v1', seq: 0 })
    expect(tiles.map(s => s.camera)).toEqual(['a', 'b'])
    expect(viewing.audio?.kind).toBe('audio')
  })

  it('sends the newest list once it is open, whatever was wanted meanwhile', async () => {
    const { viewing, said } = make()
    viewing.show([want(0, 'a')], 2)
    viewing.show([want(0, 'b')], 2)
    viewing.show([want(0, 'c')], 2)
    await settle()
    const lists = said.filter(m => m.type === 'tiles')
    expect(lists.length).toBe(1)
    expect(lists[0]).toMatchObject({ version: 3, tiles: [{ camera: 'c' }] })
  })

  it('grows the pool by one renegotiation and never shrinks it', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.show([want(0, 'a'), want(3, 'b')], 6)
    await settle()
    expect(api.renegotiate).toHaveBeenCalledTimes(1)
    expect(FakePC.all[0]?.kinds).toEqual(['video', 'video', 'audio', 'video', 'video', 'video', 'video'])
    viewing.show([want(0, 'a')], 2)
    await settle()
    expect(api.renegotiate).toHaveBeenCalledTimes(1)
    expect(FakePC.all.length).toBe(1)
  })

  it('survives a lost socket: hello again with the last sequence number, and what changed meanwhile', async () => {
    const { viewing, said, line, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.receive({ type: 'tile', seq: 7, version: 1, cell: 0, camera: 'a', state: 'offline' })
    line.up = false
    viewing.show([want(0, 'b')], 2)
    line.up = true
    said.length = 0
    viewing.hello()
    expect(said[0]).toEqual({ type: 'hello', viewing: 'v1', seq: 7 })
    expect(said.some(m => m.type === 'tiles' && m.version === 2)).toBe(true)
    expect(api.open).toHaveBeenCalledTimes(1)
  })

  it('makes a new one a little later when the server or the connection lost it', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.receive({ type: 'viewing_gone' })
    expect(FakePC.all[0]?.connectionState).toBe('closed')
    await vi.advanceTimersByTimeAsync(600)
    expect(api.open).toHaveBeenCalledTimes(2)
    FakePC.all[1]?.become('connected')
    FakePC.all[1]?.become('failed')
    await vi.advanceTimersByTimeAsync(600)
    expect(api.open).toHaveBeenCalledTimes(3)
  })

  it('takes another way with the same connection when nothing is heard', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    const pc = FakePC.all[0] as FakePC
    pc.become('connected')
    pc.become('disconnected')
    await settle()
    expect(pc.restarts).toBe(1)
    expect(api.renegotiate).toHaveBeenCalledTimes(1)
    expect(pc.answers).toEqual(['answer', 'answer 2'])
    pc.become('connected')
    await vi.advanceTimersByTimeAsync(20_000)
    expect([api.open.mock.calls.length, api.renegotiate.mock.calls.length]).toEqual([1, 1])
  })

  it('makes another connection when the server answered and nothing comes all the same', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    FakePC.all[0]?.become('connected')
    FakePC.all[0]?.become('disconnected')
    await vi.advanceTimersByTimeAsync(4600)
    expect(api.open).toHaveBeenCalledTimes(2)
    expect(api.close).toHaveBeenCalledWith('v1')
  })

  it('asks about once in two seconds while the network is away, one offer at a time, and at once when it is back', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    const pc = FakePC.all[0] as FakePC
    pc.become('connected')
    api.renegotiate.mockRejectedValue(new Problem({ status: 0, code: 'network' }))
    pc.become('disconnected')
    await vi.advanceTimersByTimeAsync(10_000)
    const asked = api.renegotiate.mock.calls.length
    expect(asked).toBeGreaterThan(3)
    expect(asked).toBeLessThan(9)
    expect(api.open).toHaveBeenCalledTimes(1)
    api.renegotiate.mockResolvedValue({ sdp: 'answer 3' })
    viewing.hello()
    await vi.advanceTimersByTimeAsync(1500)
    expect(pc.answers.at(-1)).toBe('answer 3')
  })

  it('asks anew what went into a dead network, as soon as the server is reached', async () => {
    const { viewing, api, problems } = make()
    api.open.mockImplementationOnce((_: unknown, signal?: AbortSignal) => new Promise((_ok, no) => { signal?.addEventListener('abort', () => no(new Error('aborted'))) }))
    viewing.show([want(0, 'a')], 2)
    await vi.advanceTimersByTimeAsync(2000)
    viewing.hello()
    await vi.advanceTimersByTimeAsync(200)
    expect(api.open).toHaveBeenCalledTimes(2)
    expect(problems).toEqual(['network', undefined])
  })

  it('does not wait on when the server is reached, unless the server asked to', async () => {
    const { viewing, api } = make()
    api.open.mockRejectedValueOnce(new Problem({ status: 0, code: 'network' }))
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.hello()
    await vi.advanceTimersByTimeAsync(200)
    expect(api.open).toHaveBeenCalledTimes(2)

    const busy = make()
    busy.api.open.mockRejectedValueOnce(new Problem({ status: 503, code: 'busy', retryAfter: 5 }))
    busy.viewing.show([want(0, 'a')], 2)
    await settle()
    busy.viewing.hello()
    await vi.advanceTimersByTimeAsync(4000)
    expect(busy.api.open).toHaveBeenCalledTimes(1)
  })

  it('looks after a sleep whether anything still comes', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    const pc = FakePC.all[0] as FakePC
    pc.become('connected')
    pc.flow = 100
    void viewing.check()
    await vi.advanceTimersByTimeAsync(1000)
    expect(api.renegotiate).not.toHaveBeenCalled()
    pc.flow = 0
    void viewing.check()
    await vi.advanceTimersByTimeAsync(1000)
    expect(api.renegotiate).toHaveBeenCalledTimes(1)
  })

  it('ignores words about a session that is not its own any more', async () => {
    const { viewing, api, tiles } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    const n = tiles.length
    viewing.receive({ type: 'viewing_gone', viewing: 'v0' })
    viewing.receive({ type: 'tile', viewing: 'v0', seq: 9, version: 1, cell: 0, camera: 'a', state: 'ended' })
    await vi.advanceTimersByTimeAsync(5000)
    expect(api.open).toHaveBeenCalledTimes(1)
    expect(tiles.length).toBe(n)
  })

  it('R87: a frozen wall whose session is gone stays frozen until somebody continues', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.receive({ type: 'tile', seq: 2, version: 1, cell: 0, camera: 'a', state: 'frozen' })
    viewing.receive({ type: 'viewing_gone' })
    await vi.advanceTimersByTimeAsync(120_000)
    viewing.hello()
    viewing.show([want(0, 'b')], 2)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(api.open).toHaveBeenCalledTimes(1)
    expect(viewing.resume()).toBe(true)
    await settle()
    expect(api.open).toHaveBeenCalledTimes(2)
    expect(viewing.resume()).toBe(false) // the session must be told
  })

  it('ends a session that could not be told its end when the server is reached', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    api.close.mockRejectedValueOnce(new Problem({ status: 0, code: 'network' }))
    FakePC.all[0]?.become('failed')
    await settle()
    viewing.hello()
    expect(api.close.mock.calls).toEqual([['v1'], ['v1']])
  })

  it('begins again when a page that was put away is back', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.close()
    viewing.reopen()
    await settle()
    expect(api.open).toHaveBeenCalledTimes(2)
  })

  it('waits as long as the server asks, and gives up where there is no right', async () => {
    const { viewing, api, problems } = make()
    api.open.mockRejectedValueOnce(new Problem({ status: 503, code: 'busy', retryAfter: 20 }))
    viewing.show([want(0, 'a')], 2)
    await settle()
    expect(problems).toEqual(['busy'])
    await vi.advanceTimersByTimeAsync(19_000)
    expect(api.open).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(1500)
    expect(api.open).toHaveBeenCalledTimes(2)
    expect(problems).toEqual(['busy', undefined])

    const gone = make()
    gone.api.open.mockRejectedValue(new Problem({ status: 410, code: 'link_gone' }))
    gone.viewing.show([want(0, 'a')], 2)
    await vi.advanceTimersByTimeAsync(120_000)
    expect(gone.api.open).toHaveBeenCalledTimes(1)
  })

  it('ends the session on close', async () => {
    const { viewing, api } = make()
    viewing.show([want(0, 'a')], 2)
    await settle()
    viewing.close()
    expect(api.close).toHaveBeenCalledWith('v1')
    expect(FakePC.all[0]?.connectionState).toBe('closed')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(api.open).toHaveBeenCalledTimes(1)
  })
})
