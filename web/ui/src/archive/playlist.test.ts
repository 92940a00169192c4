import { describe, expect, it } from 'vitest'
import { append, compose, end, parse, type Piece } from './playlist'

const base = 'https://cam.example/api/v1/cameras/c1/archive/playlist.m3u8?from=x'
const text = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-MAP:URI="init/aa"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:00:00.500Z
#EXTINF:4.00000,
#EXT-X-BYTERANGE:1000@200
segments/s1
#EXTINF:2.50000,
#EXT-X-BYTERANGE:700
segments/s1
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI="init/bb"
#EXT-X-PROGRAM-DATE-TIME:2026-11-22T14:10:00Z
#EXTINF:4,
#EXT-X-BYTERANGE:900@0
segments/s2
#EXT-X-ENDLIST
`

describe('playlists', () => {
  it('gives every piece its address, bytes, clock and place', () => {
    const { pieces, ended } = parse(text, base)
    expect(ended).toBe(true)
    expect(pieces.map(p => [p.uri.split('/').pop(), p.offset, p.bytes, new Date(p.at).toISOString(), p.seconds, p.jump])).toEqual([
      ['s1', 200, 1000, '2026-11-22T14:00:00.500Z', 4, false],
      ['s1', 1200, 700, '2026-11-22T14:00:04.500Z', 2.5, false],
      ['s2', 0, 900, '2026-11-22T14:10:00.000Z', 4, true],
    ])
    expect(pieces[0]?.map).toBe('URI="https://cam.example/api/v1/cameras/c1/archive/init/aa"')
    expect(end(pieces[1] as never)).toBe(Date.parse('2026-11-22T14:00:07Z'))
  })
  it('refuses a list that does not say when', () => {
    expect(() => parse(text.replaceAll(/#EXT-X-PROGRAM.*\n/g, ''), base)).toThrow(/PROGRAM-DATE-TIME/)
  })
  it('survives being written and read again', () => {
    const { pieces } = parse(text, base)
    expect(parse(compose(pieces, true), base)).toEqual({ pieces, ended: true })
    expect(compose(pieces, false)).toContain('PLAYLIST-TYPE:EVENT')
  })
  it('goes on without a hole where lists overlap, and says where they do not', () => {
    const { pieces } = parse(text, base)
    const [a, b, c] = pieces as [never, never, never]
    expect(append([a, b], [b, c])).toEqual([a, b, c]) // c keeps the jump the server said
    expect(append([a], [c]).map(p => p.jump)).toEqual([false, true])
    expect(append([a, b], [a, b])).toEqual([a, b])
    expect(append([], [a])).toEqual([a])
  })
  it('adds what a piece has grown by as a piece of its own', () => {
    const [, b, c] = parse(text, base).pieces as [Piece, Piece, Piece]
    const grown: Piece = { ...b, bytes: 900, seconds: 4 }
    const once = append([b], [grown])
    expect(once).toEqual([b, { ...b, offset: 2100 - 200, bytes: 200, seconds: 1.5, at: end(b) }])
    const more: Piece = { ...b, bytes: 1000, seconds: 5 }
    expect(append(once, [more, c]).slice(2)).toEqual([{ ...b, offset: 2100, bytes: 100, seconds: 1, at: end(grown) }, c])
  })
})
