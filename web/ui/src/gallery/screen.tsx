import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { cameras as cameraAPI } from '../api/api'
import { t } from '../i18n/i18n'
import { parseTime } from '../i18n/time'
import { Empty, Failed } from '../kit/blocks'
import { Button } from '../kit/button'
import { useAgain } from '../kit/again'
import { Icon } from '../kit/icons'
import { changesOf, useResource } from '../kit/resource'
import { zone as zoneSignal } from '../state/session'
import { act, download, inTurn, undo, type Outcome, type Progress } from './actions'
import { images, type BatchDo, type GalleryImage } from './api'
import { ActionBar, Left } from './bar'
import { columns, mostColumns, setColumns } from './columns'
import { Feed, type Source } from './feed'
import { counted, inDays, isAll, query, readFilter, writeFilter, type Filter } from './filter'
import { Active, Filters, type Choices } from './filters'
import { Grid, type Selection } from './grid'
import { OwnViewer } from './own-viewer'
import { QuotaButton, QuotaNotice, useQuota } from './quota'
import { Thumbs } from './thumbs'
import { dropPictures } from './viewer'
import { dayOf, dayTitle, faceOf } from './words'

/** source is where a filtered gallery comes from. */
function source(f: Filter, zone: string): Source<GalleryImage> {
  return {
    ...(counted(f) ? { days: async () => (await images.days()).days.filter(d => inDays(f, d.day)) } : {}),
    page: q => images.list(query(f, zone, q)),
    dayOf: i => dayOf(parseTime(i.received_at) ?? 0, zone),
  }
}

const openImage = (): string | undefined => new URLSearchParams(location.search).get('image') ?? undefined

/** Gallery is one's own images and those received, newest first. */
export function Gallery() {
  const zone = zoneSignal.value
  const [filter, setFilter] = useState(() => readFilter(location.search))
  const [opened, setOpened] = useState(openImage)
  const feed = useMemo(() => new Feed(source(filter, zone)), [writeFilter(filter), zone])
  const thumbs = useMemo(() => new Thumbs(), [])
  const quota = useQuota()
  const [fresh, setFresh] = useState(0)
  const [top, setTop] = useState(0)
  const atTop = useRef(true)
  const version = feed.version.value

  useEffect(() => () => { thumbs.dispose(); dropPictures() }, [])
  useEffect(() => {
    setFresh(0)
    void feed.load()
    return () => feed.dispose()
  }, [feed])
  // The server says at most once a second that something came or went; the list follows by itself.
  const changed = changesOf('images')
  useEffect(() => {
    if (changed === 0) return
    void feed.load().then(n => { if (n > 0 && !atTop.current) setFresh(f => f + n) })
  }, [changed])
  useAgain(feed.problem.value, () => void feed.load())

  // The address says what is shown: filters replace it, an opened image is a step one can go back from.
  const address = useCallback((f: Filter, image: string | undefined, push: boolean): void => {
    const q = new URLSearchParams(writeFilter(f))
    if (image) q.set('image', image)
    const s = q.toString()
    history[push ? 'pushState' : 'replaceState'](null, '', `/gallery${s ? `?${s}` : ''}`)
  }, [])
  useEffect(() => {
    const back = (): void => {
      if (location.pathname !== '/gallery') return
      setFilter(readFilter(location.search))
      setOpened(openImage())
    }
    addEventListener('popstate', back)
    return () => removeEventListener('popstate', back)
  }, [])
  const change = (f: Filter): void => {
    setFilter(f)
    selection.clear()
    pushed.current = false
    address(f, undefined, false)
    setOpened(undefined)
  }
  const pushed = useRef(false)
  const open = (image: string | undefined): void => {
    if (image && !opened) {
      pushed.current = true
      address(filter, image, true)
    } else if (!image && pushed.current) {
      pushed.current = false
      history.back() // what is shown follows the address
      return
    } else address(filter, image, false)
    setOpened(image)
  }

  const selection = useSelection(feed)
  const [progress, setProgress] = useState<Progress>()
  const [outcome, setOutcome] = useState<Outcome>()
  const stop = useRef(false)
  const run = async (ids: readonly string[], what: BatchDo, tag?: string): Promise<void> => {
    setOutcome(undefined)
    // Asked twice to delete, the second time finds nothing left of it.
    const r = await inTurn(() => act(feed, what === 'delete' ? ids.filter(i => feed.find(i)) : ids, what, tag, setProgress))
    setOutcome(r)
    if (what === 'delete') selection.drop(r.done)
  }
  const save = async (list: readonly GalleryImage[]): Promise<void> => {
    stop.current = false
    setOutcome(undefined)
    setOutcome(await download(list, setProgress, () => stop.current))
  }
  useLayoutEffect(() => { // a key acts on what is seen
    const on = (e: KeyboardEvent): void => {
      if (e.defaultPrevented || (e.target as Element).closest?.('input, textarea, select, dialog')) return
      if (e.key === 'Escape' && selection.ids.size > 0 && !opened) selection.clear()
      else if (e.key === 'Delete' && selection.ids.size > 0 && !opened) { if (!e.repeat) void run([...selection.ids.keys()], 'delete') }
      else if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'z') void undo(feed, setProgress)
      else return
      e.preventDefault()
    }
    addEventListener('keydown', on)
    return () => removeEventListener('keydown', on)
  })

  const choices = useChoices(feed, version, quota.data)
  const title = useCallback((d: string) => dayTitle(d, zone, Date.now()), [zone])
  const face = useCallback((i: GalleryImage, d: string) => faceOf(i, d, zone), [zone])
  const thumbURL = images.thumbnail
  const problem = feed.problem.value
  const loaded = version > 0
  const empty = loaded && feed.count === 0
  const chosen = selection.ids.size > 0 || progress !== undefined

  return (
    <>
      <main id="main" class="gal">
        <h1 class="vh">{t('nav.gallery')}</h1>
        {chosen ? (
          <ActionBar
            n={selection.ids.size}
            favourite={selection.ids.size > 0 && [...selection.ids.values()].every(i => i.favourite)}
            tags={choices.tags}
            progress={progress}
            onDo={(what, tag) => void run([...selection.ids.keys()], what, tag)}
            onDownload={() => void save([...selection.ids.values()])}
            onStop={() => { stop.current = true }}
            onClear={selection.clear}
          />
        ) : (
          <div class="gtools">
            <Filters filter={filter} choices={choices} onChange={change} />
            <Active filter={filter} choices={choices} dayTitle={title} onChange={change} />
            <span class="sp" />
            <label class="cols">
              <Icon name="wall" />
              <span class="vh">{t('gallery.columns')}</span>
              <input type="range" min={1} max={mostColumns} step={1} value={columns.value} aria-valuetext={t('gallery.columns_n', { n: columns.value })} onInput={e => setColumns(Number(e.currentTarget.value))} />
            </label>
            <QuotaButton of={quota} />
          </div>
        )}
        <div class="gtop">
          {problem && <Failed problem={problem} retry={() => void feed.load()} />}
          <Left outcome={outcome} />
          <QuotaNotice of={quota.data} />
        </div>
        {empty && !problem ? (
          <div class="gempty">
            {isAll(filter)
              ? <Empty title={t('gallery.none')}><a class="btn primary" href="/cameras/new">{t('cameras.add')}</a></Empty>
              : <Empty title={t('gallery.none_filtered')}><Button onClick={() => change(readFilter(''))}>{t('filter.clear')}</Button></Empty>}
          </div>
        ) : loaded ? (
          <Grid
            feed={feed}
            label={t('nav.gallery')}
            columns={columns.value}
            thumbs={thumbs}
            thumbURL={thumbURL}
            face={face}
            dayTitle={title}
            onOpen={i => open(i.id)}
            onTop={on => { atTop.current = on; if (on && fresh) setFresh(0) }}
            selection={selection}
            toTop={top}
            at={opened}
          />
        ) : !problem && <Waiting columns={columns.value} />}
        {fresh > 0 && (
          <button type="button" class="pill" onClick={() => { setFresh(0); setTop(n => n + 1) }}>
            <Icon name="up" small />{t('gallery.new', { n: fresh })}
          </button>
        )}
        <p class="vh" role="status">{fresh > 0 ? t('gallery.new', { n: fresh }) : ''}</p>
      </main>
      {opened && (
        <OwnViewer
          key="viewer"
          id={opened}
          feed={feed}
          zone={zone}
          thumbs={thumbs}
          tags={choices.tags}
          onOpen={open}
          onFilter={f => change({ ...readFilter(''), ...f })}
          onDelete={i => void run([i.id], 'delete')}
        />
      )}
    </>
  )
}

/** Waiting holds the place of the first images. */
function Waiting({ columns: n }: { columns: number }) {
  return (
    <div class="gwait" role="status" aria-label={t('state.loading')} style={{ gridTemplateColumns: `repeat(${n}, 1fr)` }}>
      {Array.from({ length: n * 3 }, (_, i) => <i key={i} />)}
    </div>
  )
}

interface Selected extends Selection<GalleryImage> {
  ids: ReadonlyMap<string, GalleryImage> & ReadonlySet<string>
  clear(): void
  drop(ids: readonly string[]): void
}

/** useSelection holds the chosen images; a range is everything between the last one and this. */
function useSelection(feed: Feed<GalleryImage>): Selected {
  const [map, setMap] = useState<ReadonlyMap<string, GalleryImage>>(new Map())
  const last = useRef<string>(undefined)
  // What has changed or gone since it was chosen.
  const version = feed.version.value
  const live = useMemo(() => new Map([...map].map(([id, i]) => [id, feed.find(id)?.item ?? i])), [map, version])
  const add = (list: readonly GalleryImage[]): void => setMap(m => new Map([...m, ...list.map(i => [i.id, i] as const)]))
  return {
    ids: live as unknown as Selected['ids'],
    toggle: (i, range) => {
      const from = last.current
      last.current = i.id
      if (range && from && from !== i.id && live.size > 0) void feed.range(from, i.id).then(add)
      else {
        setMap(m => {
          const next = new Map(m)
          if (!next.delete(i.id)) next.set(i.id, i)
          return next
        })
      }
    },
    day: day => {
      void feed.all(day).then(list => {
        if (list.length > 0 && list.every(i => live.has(i.id))) setMap(m => new Map([...m].filter(([id]) => !list.some(i => i.id === id))))
        else add(list)
        last.current = list.at(-1)?.id
      })
    },
    clear: () => { setMap(new Map()); last.current = undefined },
    drop: ids => setMap(m => new Map([...m].filter(([id]) => !ids.includes(id)))),
  }
}

/** useChoices is what one can filter by: what the plan's use names, one's cameras and tags, and what was met so far. */
function useChoices(feed: Feed<GalleryImage>, version: number, quota: { cameras: { id: string; name: string }[]; senders: { id: string; name: string }[] } | undefined): Choices {
  const cameras = useResource(() => cameraAPI.list().then(r => r.cameras), ['cameras'])
  const tags = useResource(() => images.tags().then(r => r.tags), ['quota'])
  const met = useRef({ cameras: new Map<string, string>(), senders: new Map<string, string>(), tags: new Set<string>() })
  return useMemo(() => {
    const m = met.current
    for (const s of feed.sections) {
      for (const i of s.items) {
        if (i.tags.length) for (const x of i.tags) m.tags.add(x)
        if (!m.cameras.has(i.camera)) m.cameras.set(i.camera, i.camera_name)
        if (i.sender && !m.senders.has(i.sender.id)) m.senders.set(i.sender.id, i.sender.name || t('gallery.closed_account'))
      }
    }
    for (const x of tags.data ?? []) m.tags.add(x)
    for (const c of quota?.cameras ?? []) m.cameras.set(c.id, c.name || t('gallery.gone_camera'))
    for (const s of quota?.senders ?? []) m.senders.set(s.id, s.name || t('gallery.closed_account'))
    for (const c of cameras.data ?? []) if (c.mine) m.cameras.set(c.id, c.name)
    const sorted = (list: Map<string, string>): { id: string; name: string }[] => [...list].map(([id, name]) => ({ id, name })).sort((a, b) => a.name.localeCompare(b.name))
    return { cameras: sorted(m.cameras), senders: sorted(m.senders), tags: [...m.tags].sort() }
  }, [feed, version, quota, cameras.data, tags.data])
}
