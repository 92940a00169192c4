// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { serverStates } from '../api/wire'
import { pictureOf, shownState, type Facts, type Shown } from './state'

const now = 100_000
const facts = (f: Partial<Facts>): Facts => ({ server: undefined, painted: undefined, since: now, connected: true, ...f })

describe('TestR91_exactly one state from frames and the word of the server', () => {
  const table: [string, Partial<Facts>, Shown][] = [
    ['nothing known', {}, 'connecting'],
    ['nothing known, no connection', { connected: false }, 'connecting'],
    ['frames from before a lost session', { connected: false, seen: true }, 'reconnecting'],
    ['frames from before, the connection stands again', { seen: true }, 'connecting'],
    ['live said, was seen before, connection lost', { server: 'live', connected: false, seen: true }, 'reconnecting'],
    ['live said, no frame yet', { server: 'live' }, 'connecting'],
    ['live said, no frame just under 5 s', { server: 'live', since: now - 4999 }, 'connecting'],
    ['live said, no frame for 5 s', { server: 'live', since: now - 5000 }, 'stalled'],
    ['live said, no frame for 5 s, but no connection either', { server: 'live', since: now - 5000, connected: false }, 'connecting'],
    ['live said and painted now', { server: 'live', painted: now }, 'live'],
    ['painted just under 4 s ago', { server: 'live', painted: now - 3999 }, 'live'],
    ['painted 4 s ago', { server: 'live', painted: now - 4000 }, 'stalled'],
    ['painted 4 s ago, connection lost', { server: 'live', painted: now - 4000, connected: false }, 'reconnecting'],
    ['connection lost a moment ago, frames still new', { server: 'live', painted: now - 500, connected: false }, 'live'],
    ['frames while the server says connecting: a ring is played once more', { server: 'connecting', painted: now }, 'connecting'],
    ['connecting, connection lost, was seen before', { server: 'connecting', painted: now, connected: false, seen: true }, 'reconnecting'],
    ['connecting for long', { server: 'connecting', since: now - 60_000 }, 'connecting'],
    ['reconnecting wins over fresh frames', { server: 'reconnecting', painted: now }, 'reconnecting'],
    ['offline wins over fresh frames', { server: 'offline', painted: now }, 'offline'],
    ['ended wins over fresh frames', { server: 'ended', painted: now }, 'ended'],
    ['throttled with an old picture is not stalled', { server: 'throttled', painted: now - 59_000 }, 'throttled'],
    ['frozen', { server: 'frozen', painted: now - 59_000 }, 'frozen'],
  ]
  it.each(table)('%s', (_, f, want) => expect(shownState(facts(f), now)).toBe(want))

  it('never says live of a picture that does not move', () => {
    for (const server of [undefined, ...serverStates]) {
      for (const connected of [true, false]) {
        for (const seen of [true, false]) {
          for (const painted of [undefined, now - 4000, now - 10_000]) {
            expect(shownState({ server, connected, painted, seen, since: now - 10_000 }, now)).not.toBe('live')
          }
          // And never without the server's word, however the picture moves.
          if (server !== 'live') expect(shownState({ server, connected, painted: now, seen, since: now }, now)).not.toBe('live')
        }
      }
    }
  })

  it('shows no picture where the right or the stream is gone', () => {
    for (const s of ['off', 'closed', 'restricted', 'ended', 'unsupported'] as const) expect(pictureOf(s)).toBe('none')
    expect(pictureOf('live')).toBe('full')
    expect(pictureOf('offline')).toBe('dark')
  })
})
