import Hls, { type HlsConfig, type LoaderCallbacks, type LoaderConfiguration, type LoaderContext, type LoaderStats } from 'hls.js/light'
import { playlistURL } from './api'
import type { Engine, Told } from './engine'
import { inLine, type Placed } from './mapping'
import { compose } from './playlist'
import type { Reel } from './reel'

/** Seconds that are fetched ahead at normal speed, and kept behind. */
const ahead = 16
const kept = 40
/**
 * Where the first piece is put, s. A list's lengths are rounded: where a later piece
 * is fetched first, an earlier one could come to lie a little before 0, and browsers
 * drop what begins there up to the next key frame.
 */
const lead = 1

function stats(): LoaderStats {
  const phase = (): { start: number; end: number } => ({ start: 0, end: 0 })
  return { aborted: false, loaded: 0, retry: 0, total: 0, chunkCount: 0, bwEstimate: 0, loading: { ...phase(), first: 0 }, parsing: phase(), buffering: { ...phase(), first: 0 } }
}

/** listLoader hands hls.js the reel's list, and each time it asks again, waits until the list has grown. */
function listLoader(reel: Reel) {
  return class {
    context: LoaderContext | null = null
    stats = stats()
    private readonly stop = new AbortController()
    static given = 0
    load(context: LoaderContext, _: LoaderConfiguration, on: LoaderCallbacks<LoaderContext>): void {
      this.context = context
      const Loader = this.constructor as unknown as { given: number }
      this.stats.loading.start = performance.now()
      void reel.more(Loader.given, this.stop.signal).then(() => {
        if (this.stop.signal.aborted) return
        Loader.given = reel.pieces.length
        const data = compose(reel.pieces, false)
        this.stats.loading.first = this.stats.loading.end = performance.now()
        this.stats.loaded = this.stats.total = data.length
        on.onSuccess({ url: context.url, data, code: 200 }, this.stats, context, null)
      }, () => {})
    }
    abort(): void {
      this.stats.aborted = true
      this.stop.abort()
    }
    destroy(): void {
      this.stop.abort()
    }
    getCacheAge(): number | null {
      return null
    }
    getResponseHeader(): string | null {
      return null
    }
  }
}

/** hlsEngine plays by hls.js. Its worker stays off: the pages' policy allows no code that is made at run time, and fragments of MP4 need no work. */
export function hlsEngine(video: HTMLVideoElement, reel: Reel, at: number, told: Told): Engine {
  const config: Partial<HlsConfig> = {
    enableWorker: false,
    autoStartLoad: true,
    startPosition: at,
    timelineOffset: lead,
    pLoader: listLoader(reel) as never,
    maxBufferLength: ahead,
    maxMaxBufferLength: 240,
    backBufferLength: kept,
    maxBufferHole: 0.2,
    maxFragLookUpTolerance: 0.02,
    liveSyncDurationCount: 1,
    liveMaxLatencyDurationCount: Infinity,
    maxLiveSyncPlaybackRate: 1,
    liveDurationInfinity: false,
    startFragPrefetch: true,
    lowLatencyMode: false,
    testBandwidth: false,
    abrEwmaDefaultEstimate: 20_000_000,
    appendErrorMaxRetry: 2,
    fragLoadPolicy: { default: { maxTimeToFirstByteMs: 8000, maxLoadTimeMs: 30_000, timeoutRetry: { maxNumRetry: 2, retryDelayMs: 0, maxRetryDelayMs: 0 }, errorRetry: { maxNumRetry: 3, retryDelayMs: 500, maxRetryDelayMs: 4000, shouldRetry: (policy, count, _timeout, res) => count < (policy?.maxNumRetry ?? 0) && (!res?.code || res.code >= 500 || res.code === 429) } } },
  }
  const hls = new Hls(config)
  let starts: readonly number[] = []
  let cache: { starts: readonly number[]; count: number; placed: readonly Placed[] } | undefined
  const look = (_: unknown, d: { details: { fragments: { start: number }[] } }): void => { starts = d.details.fragments.map(f => f.start) }
  hls.on(Hls.Events.LEVEL_UPDATED, look)
  hls.on(Hls.Events.LEVEL_PTS_UPDATED, look)
  let recovered = false
  hls.on(Hls.Events.ERROR, (_, d) => {
    const code = d.response?.code ?? 0
    const network = d.type === Hls.ErrorTypes.NETWORK_ERROR
    // A refusal is final at once: rights are decided anew for every part.
    if (!d.fatal && !(network && code >= 400 && code < 500 && code !== 429)) return
    if (!network && d.type === Hls.ErrorTypes.MEDIA_ERROR && !recovered) {
      recovered = true
      hls.recoverMediaError()
      return
    }
    hls.stopLoad()
    told.failed(code, network ? 'network' : 'media')
  })
  hls.attachMedia(video)
  hls.loadSource(new URL(playlistURL(reel.camera, reel.pieces[0]?.at ?? 0, 0, reel.layer), location.href).href)
  return {
    placed() {
      if (cache?.starts === starts && cache.count === reel.pieces.length) return cache.placed
      const line = inLine(reel.pieces)
      // What hls.js has not listed yet follows what it has.
      const last = starts.length - 1
      const off = last >= 0 && line[last] ? (starts[last] as number) - line[last].start : lead
      const placed = line.map((p, i) => ({ piece: p.piece, start: starts[i] ?? p.start + off }))
      cache = { starts, count: reel.pieces.length, placed }
      return placed
    },
    pace(rate) {
      hls.config.maxBufferLength = ahead * Math.max(1, rate)
    },
    dispose() {
      hls.destroy()
    },
  }
}
