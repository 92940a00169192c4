/** Piece is one stretch of footage that can be fetched and shown by itself: it begins with a key frame. */
export interface Piece {
  /** Absolute address, and the bytes of it; no bytes means all. */
  uri: string
  offset?: number
  bytes?: number
  /** Where the parts before all pieces of its kind are: an EXT-X-MAP line's attributes, addresses absolute. */
  map: string
  /** Wall clock of its first frame, ms. */
  at: number
  /** Seconds of media. */
  seconds: number
  /** It does not go on from the piece before it: a gap, another clock or another codec. */
  jump: boolean
}

export interface Playlist {
  pieces: Piece[]
  /** Nothing will be added to the stretch that was asked for. */
  ended: boolean
}

/** end is the wall clock at the end of a piece, ms. */
export function end(p: Piece): number {
  return p.at + p.seconds * 1000
}

function absolute(uri: string, base: string): string {
  return new URL(uri, base).href
}

/**
 * parse reads the server's list (RFC 8216: media playlist, fMP4). Every piece
 * has a wall clock: its own EXT-X-PROGRAM-DATE-TIME, or the end of the one
 * before. Throws when the first has none, since nothing could be said of when.
 */
export function parse(text: string, base: string): Playlist {
  const out: Playlist = { pieces: [], ended: false }
  let map = ''
  let seconds: number | undefined
  let at: number | undefined
  let range: { bytes: number; offset?: number } | undefined
  let jump = false
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (line === '') continue
    if (!line.startsWith('#')) {
      const last = out.pieces.at(-1)
      const uri = absolute(line, base)
      if (seconds === undefined) throw new Error('a piece without EXTINF')
      const when = at ?? (last && end(last))
      if (when === undefined) throw new Error('a list without EXT-X-PROGRAM-DATE-TIME')
      const follows = last?.uri === uri ? (last.offset ?? 0) + (last.bytes ?? 0) : 0
      out.pieces.push({ uri, ...(range && { bytes: range.bytes, offset: range.offset ?? follows }), map, at: when, seconds, jump: jump && last !== undefined })
      seconds = at = range = undefined
      jump = false
    } else if (line.startsWith('#EXTINF:')) seconds = Number.parseFloat(line.slice(8))
    else if (line.startsWith('#EXT-X-PROGRAM-DATE-TIME:')) {
      const ms = Date.parse(line.slice(25))
      at = Number.isNaN(ms) ? undefined : ms
    } else if (line.startsWith('#EXT-X-BYTERANGE:')) {
      const [bytes = 0, offset] = line.slice(17).split('@').map(Number)
      range = { bytes, ...(offset !== undefined && { offset }) }
    } else if (line.startsWith('#EXT-X-MAP:')) map = line.slice(11).replace(/URI="([^"]*)"/, (_, u: string) => `URI="${absolute(u, base)}"`)
    else if (line === '#EXT-X-DISCONTINUITY') jump = true
    else if (line === '#EXT-X-ENDLIST') out.ended = true
  }
  return out
}

/** after is where a piece ends in its file; of one that is a whole file, nowhere. */
function after(p: Piece): number | undefined {
  return p.bytes === undefined ? undefined : (p.offset ?? 0) + p.bytes
}

/** rest is what a piece has grown by since it was listed as `known`; undefined when it has not. */
function rest(known: Piece, now: Piece): Piece | undefined {
  const from = after(known)
  const to = after(now)
  const seconds = (end(now) - end(known)) / 1000
  if (from === undefined || to === undefined || to <= from || seconds <= 0) return undefined
  return { ...now, offset: from, bytes: to - from, at: end(known), seconds, jump: false }
}

/**
 * append adds what a later list has to the pieces known. A list that holds the
 * last piece known says whether the rest goes on from it; one that does not is
 * behind a gap. What a piece has grown by becomes a piece of its own: players
 * fetch none twice.
 */
export function append(known: readonly Piece[], more: readonly Piece[]): Piece[] {
  const last = known.at(-1)
  if (!last) return [...more]
  const spot = last.offset ?? 0
  const same = more.findLastIndex(p => p.uri === last.uri && (p.offset ?? 0) <= spot && (after(p) ?? Infinity) > spot)
  if (same < 0) return [...known, ...more.filter(p => p.at > last.at).map((p, i) => (i === 0 ? { ...p, jump: true } : p))]
  const grown = rest(last, more[same] as Piece)
  return [...known, ...(grown ? [grown] : []), ...more.slice(same + 1)]
}

/** How often a player asks for a list that grows, s: it waits at no cost, since nothing goes over the network for it. */
const often = 1

/** compose writes pieces as the list a player reads: whole or, with more to come, growing. */
export function compose(pieces: readonly Piece[], ended: boolean): string {
  const out = ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${often}`, '#EXT-X-MEDIA-SEQUENCE:0', `#EXT-X-PLAYLIST-TYPE:${ended ? 'VOD' : 'EVENT'}`, '#EXT-X-INDEPENDENT-SEGMENTS']
  let map = ''
  for (const p of pieces) {
    if (p.jump) out.push('#EXT-X-DISCONTINUITY')
    if (p.map !== map) {
      out.push(`#EXT-X-MAP:${p.map}`)
      map = p.map
    }
    out.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(p.at).toISOString()}`, `#EXTINF:${p.seconds.toFixed(5)},`)
    if (p.bytes !== undefined) out.push(`#EXT-X-BYTERANGE:${p.bytes}@${p.offset ?? 0}`)
    out.push(p.uri)
  }
  if (ended) out.push('#EXT-X-ENDLIST')
  return `${out.join('\n')}\n`
}
