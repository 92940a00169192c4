// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { parseMessage } from './messages'

describe('messages of the server', () => {
  it('reads a tile', () => {
    expect(parseMessage('{"type":"tile","seq":4,"version":2,"cell":1,"camera":"c","mid":"1","state":"live","first_ts":4294967295,"layer":"sub"}')).toMatchObject({
      type: 'tile', seq: 4, version: 2, cell: 1, camera: 'c', mid: '1', state: 'live', first_ts: 4294967295, layer: 'sub',
    })
  })
  it('reads who steers, and nothing of a camera without a name', () => {
    expect(parseMessage('{"type":"ptz","ptz":{"camera":"c","moving":true,"by":{"mine":false}}}')).toEqual({
      type: 'ptz', ptz: { camera: 'c', moving: true, by: { name: '', mine: false }, reason: undefined, ended: undefined },
    })
    for (const bad of ['{"type":"ptz"}', '{"type":"ptz","ptz":[]}', '{"type":"ptz","ptz":{"camera":7}}']) expect(parseMessage(bad)).toBeNull()
  })
  it('reads a snapshot and leaves broken tiles out', () => {
    const m = parseMessage('{"type":"tiles","seq":9,"version":3,"tiles":[{"cell":0,"state":"closed","next":"2026-01-01T08:00:00Z"},{"cell":1,"state":"glowing"},7]}')
    expect(m).toMatchObject({ type: 'tiles', seq: 9, tiles: [{ cell: 0, state: 'closed', next: '2026-01-01T08:00:00Z' }] })
    expect(m?.type === 'tiles' && m.tiles.length).toBe(1)
  })
  it('reads the others', () => {
    expect(parseMessage('{"type":"hello","node":"n1","server_time":"2026-01-01T08:00:00Z"}')).toEqual({ type: 'hello', node: 'n1', server_time: '2026-01-01T08:00:00Z' })
    expect(parseMessage('{"type":"pong","t":5,"server_time_ms":7}')).toEqual({ type: 'pong', t: 5, server_time_ms: 7 })
    expect(parseMessage('{"type":"pong","t":5,"server_time_ms":7,"media_ms":9.5}')).toEqual({ type: 'pong', t: 5, server_time_ms: 7, media_ms: 9.5 })
    expect(parseMessage('{"type":"tile","cell":1,"state":"stalled","reason":"low_bandwidth","layer":"sub","layer_why":"odd","first_ms":8}'))
      .toMatchObject({ state: 'stalled', layer: 'sub', layer_why: undefined, first_ms: 8 })
    expect(parseMessage('{"type":"changed","what":"cameras"}')).toEqual({ type: 'changed', what: 'cameras' })
    expect(parseMessage('{"type":"visit","state":"paused","reason":"link_paused"}')).toMatchObject({ state: 'paused' })
    for (const type of ['viewing_gone', 'link_removed', 'draining']) expect(parseMessage(JSON.stringify({ type }))).toEqual({ type })
  })
  it.each(['', '[]', 'null', '"x"', '{', '{"type":"tile"}', '{"type":"tile","cell":"1","state":"live"}', '{"type":"tiles"}', '{"type":"visit","state":"odd"}', '{"type":"pong","t":"x"}', '{"type":"news"}'])('gives null for %s', text => {
    expect(parseMessage(text)).toBeNull()
  })
})
