import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import type { Visit } from '../api/wire'
import { t } from '../i18n/i18n'
import { cachedText } from '../guest/slowed'
import { date, moment, parseTime } from '../i18n/time'
import { Empty, Failed, Skeleton } from '../kit/blocks'
import { Button } from '../kit/button'
import { useMoment } from '../kit/moment'
import { Notice } from '../kit/notice'
import { isPhone } from '../wall/device'
import { guestImages, type GuestImage } from './api'
import { Feed } from './feed'
import { Grid } from './grid'
import { Thumbs } from './thumbs'
import { GuestViewer } from './guest-viewer'
import { dayOf, dayTitle, timeIn } from './words'

/** What a guest's tab knows of the link's gallery; it outlives a change to the wall and back, which would be counted. */
export class GuestGalleryState {
  readonly api
  feed: Feed<GuestImage> | undefined
  asOf: number | undefined
  throttled: string | undefined
  constructor(link: string) {
    this.api = guestImages(link)
  }

  /** refresh runs the list anew: one gallery update, or past the budget the list of before. */
  async refresh(zone: string): Promise<void> {
    const next = new Feed<GuestImage>({
      page: async q => {
        if (q.after) return this.api.page(q.after)
        const page = await this.api.refresh()
        this.asOf = parseTime(page.as_of)
        this.throttled = page.throttled
        return page
      },
      dayOf: i => dayOf(parseTime(i.taken_at) ?? 0, zone),
    })
    await next.load()
    if (next.problem.value) throw next.problem.value
    this.feed?.dispose()
    this.feed = next
  }
}

/** GuestGallery is the images of a link for its guests: to look at, and nothing else. */
export function GuestGallery({ state, visit, zone, onGone }: { state: GuestGalleryState; visit: Visit; zone: string; onGone(): void }) {
  const [, turn] = useState(0)
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [opened, open] = useState<string>()
  const thumbs = useMemo(() => new Thumbs(), [])
  useEffect(() => () => thumbs.dispose(), [])
  const { feed } = state

  const refresh = async (): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      await state.refresh(zone)
    } catch (e) {
      const p = asProblem(e)
      if (p.status === 410) onGone()
      setProblem(p)
    }
    setBusy(false)
  }
  useEffect(() => {
    if (!feed) void refresh()
  }, [])
  // What a person asked for and could not have yet is done when it can be: once, and only while it is looked at.
  useMoment([state.throttled], () => {
    state.throttled = undefined
    if (document.visibilityState === 'visible') void refresh()
    else turn(n => n + 1)
  })

  const names = useMemo(() => new Map(visit.cameras.map(c => [c.id, c.name])), [visit.cameras])
  const face = useCallback((i: GuestImage, d: string) => {
    const at = parseTime(i.taken_at) ?? 0
    const camera = names.get(i.camera) ?? ''
    return { camera, time: timeIn(at, d, zone), label: [camera, date(at, zone)].filter(Boolean).join(', ') }
  }, [names, zone])
  const title = useCallback((d: string) => dayTitle(d, zone, Date.now()), [zone])
  const again = parseTime(state.throttled)
  const now = Date.now()
  const waits = again !== undefined && again > now
  useEffect(() => {
    if (!waits) return
    const timer = setInterval(() => turn(n => n + 1), 15_000)
    return () => clearInterval(timer)
  }, [waits])

  return (
    <>
      <main id="main" class="gal guest">
        <h1 class="vh">{t('nav.gallery')}</h1>
        <div class="gtools">
          <Button icon="refresh" busy={busy} onClick={() => void refresh()}>{t('gallery.refresh')}</Button>
          {state.asOf !== undefined && <span class="muted" role="status">{t('gallery.as_of', { when: moment(state.asOf, zone, now) })}</span>}
        </div>
        <div class="gtop">
          {waits && <Notice icon="clock">{cachedText(again, zone, now)}</Notice>}
          <p class="vh" role="status">{waits ? cachedText(undefined, zone, now) : ''}</p>
          {problem && problem.status !== 410 && <Failed problem={problem} retry={() => void refresh()} />}
        </div>
        {feed && feed.count === 0 && <div class="gempty"><Empty title={t('gallery.guest_none')} /></div>}
        {feed && feed.count > 0 && (
          <Grid
            feed={feed}
            label={t('nav.gallery')}
            columns={isPhone.value ? 3 : 5}
            thumbs={thumbs}
            thumbURL={state.api.thumbnail}
            face={face}
            dayTitle={title}
            onOpen={i => open(i.id)}
            at={opened}
          />
        )}
        {!feed && !problem && <div class="gempty"><Skeleton /></div>}
      </main>
      {opened && feed && (
        <GuestViewer
          id={opened}
          find={id => feed.find(id)?.item}
          beside={(id, by) => feed.beside(id, by)}
          api={state.api}
          standIn={id => thumbs.peek(state.api.thumbnail(id))}
          names={names}
          zone={zone}
          watermark={visit.name}
          onOpen={open}
        />
      )}
    </>
  )
}
