/** A still with the time it was taken at, ms. */
export interface Still {
  url: string
  at: number
}

export type FetchStill = (camera: string) => Promise<{ blob: Blob; at: number } | undefined>

const again = 4

/** StandIn holds the still of one camera that stands in for a picture that is not there. */
export class StandIn {
  private camera: string | undefined
  private timer: ReturnType<typeof setTimeout> | undefined
  private still: Still | undefined
  private readonly fetch: FetchStill
  private readonly onChange: () => void

  constructor(fetch: FetchStill, onChange: () => void) {
    this.fetch = fetch
    this.onChange = onChange
  }

  get picture(): Still | undefined {
    return this.still
  }

  /** ask gets the still of a camera after ms, once: a picture that comes sooner drops it. */
  ask(camera: string, ms: number): void {
    if (this.camera === camera) return
    this.drop()
    this.camera = camera
    this.timer = setTimeout(() => void this.load(camera), ms)
  }

  /** renew gets a newer still of the camera whose still is shown; the old one stays until it is there. */
  renew(camera: string): void {
    if (this.camera === camera) void this.load(camera)
    else this.ask(camera, 0)
  }

  /** put gives a picture that is at hand: the last one that was shown. One the server may have is not asked for then. */
  put(camera: string, blob: Blob, at: number): void {
    this.drop()
    this.camera = camera
    this.still = { url: URL.createObjectURL(blob), at }
    this.onChange()
  }

  /** drop forgets the still and that one was asked for. */
  drop(): void {
    clearTimeout(this.timer)
    this.camera = undefined
    if (this.still) URL.revokeObjectURL(this.still.url)
    this.still = undefined
  }

  /** A still that cannot be had now is asked for again, a few times and ever later: the server may have been busy. */
  private async load(camera: string, tries = 0): Promise<void> {
    const p = await this.fetch(camera)
    if (this.camera !== camera) return
    if (!p) {
      if (tries < again) this.timer = setTimeout(() => void this.load(camera, tries + 1), 2000 * 2 ** tries)
      return
    }
    if (this.still) URL.revokeObjectURL(this.still.url)
    this.still = { url: URL.createObjectURL(p.blob), at: p.at }
    this.onChange()
  }
}
