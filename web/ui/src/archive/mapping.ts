import { end, type Piece } from './playlist'

/** Placed is a piece with the media second at which a player has put it. */
export interface Placed {
  piece: Piece
  start: number
}

/** inLine places pieces one after another, as their lengths say. */
export function inLine(pieces: readonly Piece[]): Placed[] {
  let start = 0
  return pieces.map(piece => {
    const p = { piece, start }
    start += piece.seconds
    return p
  })
}

/** A player's clock runs a little beyond the last frame of a piece. */
const slack = 0.001

/** wallOf is the wall clock of a media second, ms: exact also where the clock was set, since each piece has its own. */
export function wallOf(placed: readonly Placed[], media: number): number | undefined {
  let low = 0
  let high = placed.length - 1
  while (low < high) {
    const mid = (low + high + 1) >> 1
    if ((placed[mid] as Placed).start <= media + slack) low = mid
    else high = mid - 1
  }
  const p = placed[low]
  return p && p.piece.at + (media - p.start) * 1000
}

export interface Found {
  /** Media second of it. */
  media: number
  /** The moment itself lies in a gap: media is where footage goes on. */
  gap: boolean
}

/**
 * mediaOf is the media second of a wall-clock moment, or of where footage goes
 * on after it. undefined outside of what the pieces cover. Where a clock was
 * set back, the same moment was recorded twice: the first counts.
 */
export function mediaOf(placed: readonly Placed[], wall: number): Found | undefined {
  const first = placed[0]
  if (!first || wall < first.piece.at) return undefined
  for (const { piece, start } of placed) {
    if (wall < piece.at) return { media: start, gap: true }
    if (wall < end(piece)) return { media: start + (wall - piece.at) / 1000, gap: false }
  }
  return undefined
}
