import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import { active as texts, t } from '../i18n/i18n'
import { Icon } from '../kit/icons'
import { Cell, type Face } from './cell'
import type { Feed } from './feed'
import { Layout, Runway, type Band } from './layout'
import type { Thumbs } from './thumbs'

const gap = 8
const heading = 44
const captionHeight = 42
/** Cells narrower than this have no room for words. */
const wordsFrom = 104
/** Drawn above and below what is seen, CSS px. */
const over = 400

export interface GridProps<T extends { id: string }> {
  feed: Feed<T>
  label: string
  columns: number
  thumbs: Thumbs
  thumbURL(id: string): string
  face(item: T, day: string): Face
  dayTitle(day: string): string
  onOpen(item: T): void
  /** Whether the beginning is in sight. */
  onTop?(top: boolean): void
  selection?: Selection<T>
  /** Each new value scrolls to the beginning. */
  toTop?: number
  /** An image to keep in sight, as the viewer walks. */
  at?: string | undefined
}

export interface Selection<T> {
  ids: ReadonlySet<string>
  /** One more or one less; `range` takes everything since the last one. */
  toggle(item: T, range: boolean): void
  day(day: string): void
}

interface Spot {
  section: number
  index: number
}

/**
 * Grid draws the part of a feed that is in sight, whatever its length: rows
 * stand at computed heights, so nothing moves when pictures come, and the
 * scrollbar reaches every day at once. Arrow keys walk, Enter opens, Space selects.
 */
export function Grid<T extends { id: string }>(p: GridProps<T>) {
  const { feed, columns } = p
  const version = feed.version.value
  const scroller = useRef<HTMLDivElement>(null)
  const runway = useMemo(() => new Runway(), [feed])
  const [size, setSize] = useState({ width: 0, height: 0 })
  const [y, setY] = useState(0)
  const [spot, setSpot] = useState<Spot>({ section: 0, index: 0 })
  const focusing = useRef(false)
  const anchor = useRef<{ id: string | undefined; day: string; index: number; into: number } | undefined>(undefined)

  const cellWidth = Math.max(24, Math.floor((size.width - gap * (columns - 1)) / columns))
  const caption = cellWidth >= wordsFrom
  const pictureHeight = Math.round(Math.min((cellWidth * 2) / 3, Math.max(160, size.height - heading - captionHeight - 2 * gap)))
  const row = pictureHeight + (caption ? captionHeight : 0) + gap
  const layout = useMemo(() => new Layout(feed.sections.map(s => s.count), { columns, row, heading }), [feed, version, columns, row])
  runway.fit(layout.height, size.height)

  useLayoutEffect(() => {
    const el = scroller.current
    if (!el) return
    const measure = (): void => {
      const style = getComputedStyle(el)
      setSize({ width: el.clientWidth - Number.parseFloat(style.paddingInlineStart) - Number.parseFloat(style.paddingInlineEnd), height: el.clientHeight })
    }
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    measure()
    return () => watch.disconnect()
  }, [])

  // What was in sight stays where it was when images come, go or change their size; at the beginning, the newest shows.
  useLayoutEffect(() => {
    const el = scroller.current
    if (!el || size.width === 0) return
    const a = anchor.current
    const day = a ? feed.sections.findIndex(s => s.day === a.day) : -1
    const found = a?.id ? feed.find(a.id) : undefined
    const at = found ?? (a && day >= 0 ? { section: day, index: a.index } : undefined)
    if (a && at && y > heading) {
      el.scrollTop = runway.place(layout.topOf(at.section, at.index) + Math.max(-row, Math.min(a.into, row)))
      setY(runway.read(el.scrollTop))
    } else setY(runway.read(el.scrollTop))
  }, [layout, size])

  useEffect(() => {
    const el = scroller.current
    if (!el) return
    let frame = 0
    const on = (): void => {
      frame ||= requestAnimationFrame(() => {
        frame = 0
        setY(runway.read(el.scrollTop))
      })
    }
    el.addEventListener('scroll', on, { passive: true })
    return () => {
      cancelAnimationFrame(frame)
      el.removeEventListener('scroll', on)
    }
  }, [runway])

  const goTo = (top: number): void => {
    const el = scroller.current
    if (!el) return
    el.scrollTop = runway.place(top)
    setY(runway.read(el.scrollTop))
  }
  useEffect(() => {
    if (p.toTop) goTo(0)
  }, [p.toTop])

  const show = (s: Spot): void => {
    const top = layout.topOf(s.section, s.index)
    if (top < y + heading) goTo(top - heading)
    else if (top + row > y + size.height) goTo(top + row - size.height)
  }
  useEffect(() => {
    const found = p.at ? feed.find(p.at) : undefined
    if (found) {
      setSpot(found)
      show(found)
    }
  }, [p.at, version])

  const bands = size.width ? layout.bands(y - over, y + size.height + over) : []
  // The row with the focus stays drawn, else the focus would be lost.
  const spotRow = Math.floor(spot.index / columns)
  const held = scroller.current?.contains(document.activeElement) && !bands.some(b => b.section === spot.section && b.row === spotRow) && feed.sections[spot.section]
  const drawn: Band[] = held ? [...bands, { section: spot.section, row: spotRow, top: layout.topOf(spot.section, spot.index) }] : bands

  const section = layout.sectionAt(y + 1)
  const now = feed.sections[section]

  useEffect(() => {
    const first = bands.find(b => b.row >= 0 && b.top + row > y)
    const at = first && feed.sections[first.section]
    if (first && at) anchor.current = { id: at.items[first.row * columns]?.id, day: at.day, index: first.row * columns, into: y - first.top }
    p.onTop?.(y < heading)
    const timer = setTimeout(() => {
      const upto = new Map<number, number>()
      for (const b of bands) upto.set(b.section, Math.max(upto.get(b.section) ?? 0, (b.row + 2) * columns))
      feed.want([...upto].flatMap(([s, n]) => {
        const x = feed.sections[s]
        return x && (x.stale || (!x.whole && x.items.length < n)) ? [{ section: x, upto: n }] : []
      }))
      if (feed.more && y + size.height * 2 > layout.height) void feed.loadMore()
    }, 60)
    return () => clearTimeout(timer)
  }, [y, size, layout])

  useLayoutEffect(() => {
    if (!focusing.current) return
    focusing.current = false
    scroller.current?.querySelector<HTMLElement>('.gcell[tabindex="0"]')?.focus({ preventScroll: true })
  })

  const walk = (key: string): Spot | undefined => {
    const rtl = texts.peek().dir === 'rtl'
    const ahead = rtl ? 'ArrowLeft' : 'ArrowRight'
    const back = rtl ? 'ArrowRight' : 'ArrowLeft'
    const count = (s: number): number => feed.sections[s]?.count ?? 0
    let { section: s, index: i } = spot
    const column = i % columns
    const page = Math.max(1, Math.floor(size.height / row))
    const down = (): boolean => {
      if (Math.floor(i / columns) < Math.floor((count(s) - 1) / columns)) i = Math.min(count(s) - 1, i + columns)
      else if (s + 1 < feed.sections.length) [s, i] = [s + 1, Math.min(column, count(s + 1) - 1)]
      else return false
      return true
    }
    const up = (): boolean => {
      if (i >= columns) i -= columns
      else if (s > 0) [s, i] = [s - 1, Math.min(count(s - 1) - 1, Math.floor((count(s - 1) - 1) / columns) * columns + column)]
      else return false
      return true
    }
    switch (key) {
      case ahead:
        if (i + 1 < count(s)) i++
        else if (s + 1 < feed.sections.length) [s, i] = [s + 1, 0]
        break
      case back:
        if (i > 0) i--
        else if (s > 0) [s, i] = [s - 1, count(s - 1) - 1]
        break
      case 'ArrowDown': down(); break
      case 'ArrowUp': up(); break
      case 'PageDown': for (let n = 0; n < page && down(); n++); break
      case 'PageUp': for (let n = 0; n < page && up(); n++); break
      case 'Home': [s, i] = [0, 0]; break
      case 'End': [s, i] = [feed.sections.length - 1, count(feed.sections.length - 1) - 1]; break
      default: return undefined
    }
    return { section: s, index: Math.max(0, i) }
  }

  const onKey = (e: KeyboardEvent): void => {
    if (!(e.target as Element).closest('.gcell') || e.altKey || e.metaKey) return
    const item = feed.sections[spot.section]?.items[spot.index]
    if (e.key === 'Enter' && item) p.onOpen(item)
    else if (e.key === ' ' && item && p.selection) p.selection.toggle(item, e.shiftKey)
    else if (e.ctrlKey && e.key.toLowerCase() === 'a' && p.selection) p.selection.day(feed.sections[spot.section]?.day ?? '')
    else {
      const next = walk(e.key)
      if (!next) return
      const to = feed.sections[next.section]?.items[next.index]
      if (e.shiftKey && p.selection && item && to) {
        if (p.selection.ids.size === 0) p.selection.toggle(item, false)
        p.selection.toggle(to, true)
      }
      setSpot(next)
      show(next)
      focusing.current = true
    }
    e.preventDefault()
  }

  const itemOf = (el: Element | null): { item: T; spot: Spot } | undefined => {
    const id = el?.closest<HTMLElement>('.gcell')?.dataset.image
    const at = id ? feed.find(id) : undefined
    return at && { item: at.item, spot: { section: at.section, index: at.index } }
  }
  const touch = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const skipClick = useRef(false)
  const onClick = (e: MouseEvent): void => {
    const target = e.target as Element
    const hit = itemOf(target)
    if (!hit) return
    setSpot(hit.spot)
    if (skipClick.current) {
      skipClick.current = false
      return
    }
    const sel = p.selection
    if (sel && (sel.ids.size > 0 || e.shiftKey || e.ctrlKey || e.metaKey || target.closest('[data-tick]'))) {
      e.preventDefault()
      sel.toggle(hit.item, e.shiftKey)
    } else p.onOpen(hit.item)
  }
  // A long touch begins a selection.
  const onTouch = (e: TouchEvent): void => {
    const hit = itemOf(e.target as Element)
    clearTimeout(touch.current)
    skipClick.current = false
    if (!hit || !p.selection) return
    touch.current = setTimeout(() => {
      skipClick.current = true
      p.selection?.toggle(hit.item, false)
    }, 500)
  }
  const untouch = (): void => clearTimeout(touch.current)

  return (
    <div class="gwrap">
      {now && y > 2 && <div class="gnow" aria-hidden="true"><span>{p.dayTitle(now.day)}</span></div>}
      <div
        ref={scroller}
        class="gscroll"
        role="grid"
        aria-label={p.label}
        aria-colcount={columns}
        aria-rowcount={-1}
        aria-multiselectable={p.selection ? true : undefined}
        aria-busy={feed.loading.value || undefined}
        onKeyDown={onKey}
        onClick={onClick}
        onFocusIn={e => {
          const hit = itemOf(e.target as Element)
          if (hit && (hit.spot.section !== spot.section || hit.spot.index !== spot.index)) setSpot(hit.spot)
        }}
        onTouchStart={onTouch}
        onTouchMove={untouch}
        onTouchEnd={untouch}
        onContextMenu={e => { if (skipClick.current) e.preventDefault() }}
      >
        <div class="gsize" role="presentation" style={{ blockSize: `${runway.height}px` }}>
          {drawn.map(b => {
            const s = feed.sections[b.section]
            if (!s) return null
            const place = { transform: `translateY(${runway.paint(b.top)}px)` }
            if (b.row < 0) {
              const here = p.selection && s.items.length > 0 && s.items.length >= s.count && s.items.every(i => p.selection?.ids.has(i.id))
              return (
                <div key={`h${s.day}`} class="gday" role="row" style={place}>
                  <div role="rowheader" aria-colspan={columns}>
                    <h2>{p.dayTitle(s.day)}</h2>
                    <span class="dim num">{t('gallery.images', { n: s.count })}</span>
                    {p.selection && (
                      <button type="button" class="btn quiet s" tabIndex={b.top < y + size.height && b.top >= y ? 0 : -1} aria-pressed={here} onClick={() => p.selection?.day(s.day)}>
                        {here && <Icon name="check" small />}
                        {t('gallery.select_day')}
                        <span class="vh"> {p.dayTitle(s.day)}</span>
                      </button>
                    )}
                  </div>
                </div>
              )
            }
            const cells = []
            for (let c = 0; c < columns; c++) {
              const index = b.row * columns + c
              if (index >= s.count) break
              const item = s.items[index]
              const here = spot.section === b.section && spot.index === index
              cells.push(item
                ? (
                  <Cell
                    key={item.id}
                    id={item.id}
                    thumb={p.thumbURL(item.id)}
                    thumbs={p.thumbs}
                    column={c}
                    width={cellWidth}
                    height={pictureHeight}
                    caption={caption}
                    whole={columns <= 2}
                    active={here}
                    selectable={!!p.selection}
                    selected={!!p.selection?.ids.has(item.id)}
                    face={faceOf(p, item, s.day)}
                  />
                )
                : <div key={`w${index}`} class="gcell wait" role="gridcell" aria-label={t('state.loading')} tabIndex={here ? 0 : -1} style={{ inlineSize: `${cellWidth}px` }}><div class="gpic" style={{ blockSize: `${pictureHeight}px` }} /></div>)
            }
            return <div key={`${s.day}/${b.row}`} class="gline" role="row" style={place}>{cells}</div>
          })}
        </div>
      </div>
    </div>
  )
}

const faces = new WeakMap<object, { of: unknown; lang: unknown; face: Face }>()

/** faceOf keeps one face an item, so that cells are drawn again only when theirs changes. */
function faceOf<T extends { id: string }>(p: GridProps<T>, item: T, day: string): Face {
  const had = faces.get(item)
  if (had && had.of === p.face && had.lang === texts.peek()) return had.face
  const face = p.face(item, day)
  faces.set(item, { of: p.face, lang: texts.peek(), face })
  return face
}
