/** How many thumbnails are fetched at once: the rest of the page needs the connection too. */
const atOnce = 4
/** How many are kept after they have left the screen. */
const kept = 600

interface Job {
  url: string
  done(blobURL: string | undefined): void
  abort: AbortController
  /** What comes into sight together is fetched in its order. */
  wave: number
}

/**
 * Thumbs fetches small pictures for a list that scrolls: what came
 * into sight last first, what leaves the screen before its turn never, and what was shown is
 * kept a while. Object URLs live until dispose, or until too many came after.
 */
export class Thumbs {
  private readonly have = new Map<string, string>()
  private readonly shown = new Map<string, number>()
  private queue: Job[] = []
  private running = 0

  /** peek is the object URL of a thumbnail that is here. */
  peek(url: string): string | undefined {
    return this.have.get(url)
  }

  /** get calls done with an object URL, or undefined where there is no picture. The answer cancels it. */
  get(url: string, done: (blobURL: string | undefined) => void): () => void {
    this.shown.set(url, (this.shown.get(url) ?? 0) + 1)
    const off = (): void => {
      const n = (this.shown.get(url) ?? 1) - 1
      if (n > 0) this.shown.set(url, n)
      else this.shown.delete(url)
    }
    const here = this.have.get(url)
    if (here) {
      this.have.delete(url) // newest last
      this.have.set(url, here)
      done(here)
      return off
    }
    const job: Job = { url, done, abort: new AbortController(), wave: Math.floor(performance.now() / 200) }
    this.queue.push(job)
    this.next()
    return () => {
      off()
      this.queue = this.queue.filter(j => j !== job)
      job.abort.abort()
    }
  }

  /** forget drops pictures that are no more. */
  forget(url: string): void {
    const here = this.have.get(url)
    if (here) URL.revokeObjectURL(here)
    this.have.delete(url)
  }

  dispose(): void {
    for (const j of this.queue) j.abort.abort()
    this.queue = []
    for (const u of this.have.values()) URL.revokeObjectURL(u)
    this.have.clear()
  }

  private next(): void {
    if (this.running >= atOnce) return
    const last = this.queue.at(-1)?.wave
    const job = this.queue.find(j => j.wave === last)
    if (!job) return
    this.queue = this.queue.filter(j => j !== job)
    this.running++
    void this.load(job).finally(() => {
      this.running--
      this.next()
    })
    this.next()
  }

  private async load(job: Job): Promise<void> {
    const here = this.have.get(job.url)
    if (here) return job.done(here)
    try {
      const blob = await fetchPicture(job.url, job.abort.signal)
      if (!blob) return job.done(undefined)
      const u = URL.createObjectURL(blob)
      this.have.set(job.url, u)
      for (const [old, o] of this.have) {
        if (this.have.size <= kept) break
        if (this.shown.has(old)) continue
        this.have.delete(old)
        URL.revokeObjectURL(o)
      }
      job.done(u)
    } catch {
      if (!job.abort.signal.aborted) job.done(undefined)
    }
  }
}

/** fetchPicture gets a JPEG; undefined when the server has none to give. */
export async function fetchPicture(url: string, signal?: AbortSignal): Promise<Blob | undefined> {
  const res = await fetch(url, { headers: { Accept: 'image/jpeg' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: signal ?? null })
  return res.ok ? res.blob() : undefined
}
