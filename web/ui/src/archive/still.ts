import { stillURL } from './api'

/** How many are kept, and how wide they are. */
const kept = 120
const width = 320

/** How often one picture is asked for while the server has too much to do. */
const tries = 6

/**
 * Stills fetches small pictures of moments while a pointer moves over the
 * timeline: the newest wish only, nearby moments once. Where the server has too
 * much to do nothing is asked until it said, then the newest wish again. Object
 * URLs live until dispose or until many came after.
 */
export class Stills {
  private readonly have = new Map<string, string | undefined>()
  private abort: AbortController | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  /** Before that the server wants no question, performance.now(). */
  private rest = 0

  /** get calls done with an object URL, or undefined where there is no picture; not at all while there may be one later. `step` is how far apart moments are worth two pictures, ms. */
  get(camera: string, t: number, step: number, done: (url: string | undefined) => void): void {
    const at = Math.floor(t / step) * step
    const key = `${camera} ${at} ${step}`
    clearTimeout(this.timer)
    if (this.have.has(key)) {
      const url = this.have.get(key)
      this.have.delete(key) // newest last
      this.have.set(key, url)
      done(url)
      return
    }
    const ask = (left: number): void => {
      this.timer = setTimeout(() => {
        this.abort?.abort()
        const mine = (this.abort = new AbortController())
        fetch(stillURL(camera, at, width), { headers: { Accept: 'image/jpeg' }, credentials: 'same-origin', cache: 'no-store', signal: mine.signal })
          .then(async r => {
            const url = r.ok ? URL.createObjectURL(await r.blob()) : undefined
            if (r.ok || r.status === 404) {
              this.keep(key, url)
              if (!mine.signal.aborted) done(url)
              return
            }
            if (r.status !== 429 && r.status !== 503) return
            this.rest = performance.now() + 1000 * Math.max(1, Number(r.headers.get('Retry-After')) || 0)
            if (!mine.signal.aborted && left > 1) ask(left - 1)
          }, () => {})
      }, Math.max(60, this.rest - performance.now()))
    }
    ask(tries)
  }

  /** leave stops what is on its way. */
  leave(): void {
    clearTimeout(this.timer)
    this.abort?.abort()
  }

  dispose(): void {
    this.leave()
    for (const url of this.have.values()) if (url) URL.revokeObjectURL(url)
    this.have.clear()
  }

  private keep(key: string, url: string | undefined): void {
    this.have.set(key, url)
    for (const [old, u] of this.have) {
      if (this.have.size <= kept) break
      this.have.delete(old)
      if (u) URL.revokeObjectURL(u)
    }
  }
}

/** stepFor is how far apart two stills are on a timeline of so many px: about 8 px, and no less than a second. */
export function stepFor(length: number, px: number): number {
  return Math.max(1000, Math.round(((length / Math.max(1, px)) * 8) / 1000) * 1000)
}
