import type { ServerState } from '../api/wire'

/** The one state a tile shows. "stalled" is the browser's own; all else the server may say. */
export type Shown = ServerState | 'stalled'

/** A picture older than this is not the present (spec 3.2). */
export const stallAfter = 4000
/** A source that is said to be live and has shown nothing for this long is not connecting any more. */
export const connectWithin = 5000

export interface Facts {
  /** What the server said about the camera wanted now; undefined before its first word. */
  server: ServerState | undefined
  /** When the newest frame of that camera was painted; undefined while there is none. Same clock as `now`, ms. */
  painted: number | undefined
  /** Since when the camera is wanted, or the server says it is live; same clock. */
  since: number
  /** Whether the peer connection carries media. */
  connected: boolean
  /** Whether a picture of that camera was live here before: then it comes back, and does not begin. */
  seen?: boolean
}

/**
 * shownState computes the one state of a tile. Pure and total. Live is only
 * ever said of frames that advance: the server's word opens the door, a painted
 * frame walks through it, and four seconds without one close it again.
 */
export function shownState(f: Facts, now: number): Shown {
  const coming = f.seen && !f.connected ? 'reconnecting' : 'connecting'
  switch (f.server) {
    case undefined:
    case 'connecting': // pictures from before, or of a ring that is played once more, are not the present
      return coming
    case 'live': {
      if (f.painted === undefined) {
        return f.connected && now - f.since >= connectWithin ? 'stalled' : coming
      }
      if (now - f.painted < stallAfter) return 'live'
      return f.connected ? 'stalled' : 'reconnecting'
    }
    default:
      return f.server
  }
}

/** How the picture itself is shown in a state: as it is, dimmed, as a dark memory, or not at all. */
export type Picture = 'full' | 'dim' | 'dark' | 'none'

const pictures: Record<Shown, Picture> = {
  live: 'full', stalled: 'full', throttled: 'full', image: 'full',
  connecting: 'dim', reconnecting: 'dim', frozen: 'dim',
  offline: 'dark',
  off: 'none', closed: 'none', restricted: 'none', ended: 'none', unsupported: 'none',
}

export function pictureOf(s: Shown): Picture {
  return pictures[s]
}
