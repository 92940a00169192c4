import type { ComponentChildren } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { active as texts, t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { fetchPicture } from './thumbs'
import { fit, hold, zoomAt, type Zoom } from './zoom'

interface ViewerProps {
  id: string
  /** What the picture is, in a sentence. */
  label: string
  title: ComponentChildren
  src: string
  /** A small picture that is here already, shown until the large one is. */
  standIn: string | undefined
  width: number
  height: number
  onClose(): void
  /** Shows the older (1) or newer (-1) one; false at the end. */
  onStep?(by: 1 | -1): Promise<boolean>
  acts?: ComponentChildren
  side?: ComponentChildren
  over?: ComponentChildren
  /** Keys of its own; true when the key meant something. */
  onKey?(e: KeyboardEvent): boolean
}

/** Pictures last looked at, so that a step back is at once. Object URLs by address. */
const recent = new Map<string, string>()

function keep(src: string, url: string): void {
  recent.set(src, url)
  for (const [old, u] of recent) {
    if (recent.size <= 6) break
    recent.delete(old)
    URL.revokeObjectURL(u)
  }
}

/** dropPictures forgets what was looked at. */
export function dropPictures(): void {
  for (const u of recent.values()) URL.revokeObjectURL(u)
  recent.clear()
}

/** preload fetches a picture that is likely next. */
export async function preload(src: string): Promise<void> {
  if (recent.has(src)) return
  const blob = await fetchPicture(src).catch(() => undefined)
  if (blob && !recent.has(src)) keep(src, URL.createObjectURL(blob))
}

/**
 * Viewer shows one picture over the whole page: arrows and swipes step, the
 * wheel, two fingers, a double click and + - 0 zoom, Escape closes. The page
 * below is inert meanwhile; what the toast says stays in reach.
 */
export function Viewer(p: ViewerProps) {
  const root = useRef<HTMLDivElement>(null)
  const stage = useRef<HTMLDivElement>(null)
  const [zoom, setZoom] = useState<Zoom>(fit)
  const [drag, setDrag] = useState(0)
  const [end, setEnd] = useState<1 | -1>()
  const picture = usePicture(p.src)
  const box = useFitted(stage, p.width, p.height)
  const put = (z: Zoom): void => setZoom(hold(z, box, frameOf(stage.current)))

  useEffect(() => {
    setZoom(fit)
    setDrag(0)
  }, [p.id])

  useLayoutEffect(() => {
    const before = document.activeElement as HTMLElement | null
    const rest = [...document.querySelectorAll<HTMLElement>('.app > :not(.viewer, .toaster, .gfoot)')].filter(e => !e.inert)
    for (const e of rest) e.inert = true
    // What a guest is told at the foot of the page stays in sight.
    const foot = document.querySelector<HTMLElement>('.gfoot')
    if (foot && root.current) root.current.style.insetBlockEnd = `${foot.offsetHeight}px`
    root.current?.focus()
    return () => {
      for (const e of rest) e.inert = false
      if (before?.isConnected) before.focus({ preventScroll: true })
    }
  }, [])

  const step = async (by: 1 | -1): Promise<void> => {
    if (p.onStep && !(await p.onStep(by))) {
      setEnd(by)
      setTimeout(() => setEnd(undefined), 1600)
    }
  }

  useLayoutEffect(() => {
    const on = (e: KeyboardEvent): void => {
      if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return
      if (document.querySelector('dialog[open]')) return
      const field = (e.target as Element).closest?.('input, textarea, select')
      if (e.key === 'Escape' && !field) p.onClose()
      else if (field) return
      else if (e.key.startsWith('Arrow') && zoom.scale > 1) {
        const [dx, dy] = ({ ArrowLeft: [80, 0], ArrowRight: [-80, 0], ArrowUp: [0, 80], ArrowDown: [0, -80] } as Record<string, [number, number]>)[e.key] ?? [0, 0]
        put({ ...zoom, x: zoom.x + dx, y: zoom.y + dy })
      } else if (e.key === 'ArrowLeft' || e.key === 'ArrowRight') void step((e.key === 'ArrowRight') !== (texts.peek().dir === 'rtl') ? 1 : -1)
      else if (e.key === '+' || e.key === '=') put(zoomAt(zoom, 1.5, 0, 0))
      else if (e.key === '-') put(zoomAt(zoom, 1 / 1.5, 0, 0))
      else if (e.key === '0') put(fit)
      else if (!p.onKey?.(e)) return
      e.preventDefault()
    }
    addEventListener('keydown', on)
    return () => removeEventListener('keydown', on)
  })

  // The wheel must not be passive: it zooms instead of scrolling.
  useEffect(() => {
    const el = stage.current
    if (!el) return
    const on = (e: WheelEvent): void => {
      e.preventDefault()
      const r = el.getBoundingClientRect()
      put(zoomAt(zoom, Math.exp(-e.deltaY / 400), e.clientX - r.x - r.width / 2, e.clientY - r.y - r.height / 2))
    }
    el.addEventListener('wheel', on, { passive: false })
    return () => el.removeEventListener('wheel', on)
  })

  const fingers = useRef(new Map<number, { x: number; y: number }>())
  const onDown = (e: PointerEvent): void => {
    if ((e.target as Element).closest('button, a')) return
    stage.current?.setPointerCapture(e.pointerId)
    fingers.current.set(e.pointerId, { x: e.clientX, y: e.clientY })
  }
  const onMove = (e: PointerEvent): void => {
    const was = fingers.current.get(e.pointerId)
    if (!was) return
    const now = { x: e.clientX, y: e.clientY }
    const other = [...fingers.current].find(([id]) => id !== e.pointerId)?.[1]
    if (other) {
      const r = stage.current?.getBoundingClientRect()
      const span = (a: { x: number; y: number }): number => Math.hypot(a.x - other.x, a.y - other.y)
      if (r && span(was) > 0) put(zoomAt(zoom, span(now) / span(was), (now.x + other.x) / 2 - r.x - r.width / 2, (now.y + other.y) / 2 - r.y - r.height / 2))
    } else if (zoom.scale > 1) put({ ...zoom, x: zoom.x + now.x - was.x, y: zoom.y + now.y - was.y })
    else if (p.onStep) setDrag(d => d + now.x - was.x)
    fingers.current.set(e.pointerId, now)
  }
  const onUp = (e: PointerEvent): void => {
    if (!fingers.current.delete(e.pointerId)) return
    if (Math.abs(drag) > 60 && zoom.scale === 1) void step((drag < 0) !== (texts.peek().dir === 'rtl') ? 1 : -1)
    setDrag(0)
  }

  const src = picture.url ?? p.standIn
  return (
    <div ref={root} class="viewer" role="dialog" aria-modal="true" aria-label={p.label} tabIndex={-1}>
      <header>
        <div class="vt">{p.title}</div>
        <span class="sp" />
        {p.acts}
        <Button kind="quiet" bare icon="close" onClick={p.onClose}>{t('action.close')}</Button>
      </header>
      <div class="vbody">
        <div
          ref={stage}
          class={`vstage${zoom.scale > 1 ? ' zoomed' : ''}`}
          onPointerDown={onDown}
          onPointerMove={onMove}
          onPointerUp={onUp}
          onPointerCancel={onUp}
          onDblClick={e => {
            if ((e.target as Element).closest('button')) return
            const r = e.currentTarget.getBoundingClientRect()
            put(zoom.scale > 1 ? fit : zoomAt(zoom, 3, e.clientX - r.x - r.width / 2, e.clientY - r.y - r.height / 2))
          }}
        >
          <div class="vpic" style={{ inlineSize: `${box.width}px`, blockSize: `${box.height}px`, transform: `translate(${zoom.x + drag}px, ${zoom.y}px) scale(${zoom.scale})` }}>
            {src && <img key={p.id} src={src} alt={p.label} draggable={false} class={picture.url ? '' : 'small'} />}
            {p.over}
          </div>
          {picture.failed && !src && <p class="vnone" role="alert"><Icon name="codec" />{t('gallery.picture_failed')}</p>}
          {picture.failed && src && <p class="vend" role="alert">{t('gallery.picture_failed')}</p>}
          {end && <p class="vend" role="status">{t(end > 0 ? 'gallery.oldest' : 'gallery.newest')}</p>}
          {p.onStep && (
            <>
              <button type="button" class="vstep back" aria-label={t('gallery.newer')} title={t('gallery.newer')} onClick={() => void step(-1)}><Icon name="left" /></button>
              <button type="button" class="vstep on" aria-label={t('gallery.older')} title={t('gallery.older')} onClick={() => void step(1)}><Icon name="right" /></button>
            </>
          )}
        </div>
        {p.side}
      </div>
    </div>
  )
}

function usePicture(src: string): { url: string | undefined; failed: boolean } {
  const [state, setState] = useState<{ src: string; url?: string; failed: boolean }>({ src, url: recent.get(src), failed: false })
  useEffect(() => {
    const here = recent.get(src)
    if (here) {
      recent.delete(src)
      recent.set(src, here)
      setState({ src, url: here, failed: false })
      return
    }
    setState({ src, failed: false })
    const abort = new AbortController()
    fetchPicture(src, abort.signal).then(blob => {
      const have = recent.get(src)
      if (blob && !have) keep(src, URL.createObjectURL(blob))
      if (!abort.signal.aborted) setState({ src, url: recent.get(src), failed: !blob })
    }, () => { if (!abort.signal.aborted) setState({ src, failed: true }) })
    return () => abort.abort()
  }, [src])
  // One drawing comes before the effect: it must not show the picture before.
  return state.src === src ? { url: state.url, failed: state.failed } : { url: recent.get(src), failed: false }
}

function frameOf(el: HTMLElement | null): { width: number; height: number } {
  return { width: el?.clientWidth ?? 0, height: el?.clientHeight ?? 0 }
}

/** useFitted is the size of the picture when all of it is seen. */
function useFitted(stage: { current: HTMLElement | null }, width: number, height: number): { width: number; height: number } {
  const [frame, setFrame] = useState({ width: 0, height: 0 })
  useLayoutEffect(() => {
    const el = stage.current
    if (!el) return
    const measure = (): void => setFrame(frameOf(el))
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    measure()
    return () => watch.disconnect()
  }, [])
  const k = Math.min(frame.width / (width || 1), frame.height / (height || 1))
  return { width: Math.floor(width * k), height: Math.floor(height * k) }
}
