import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { active, t } from '../i18n/i18n'
import { useFullScreen } from './full'
import { cells, step } from './grid'
import { TileBox } from './tile'
import { keyOf, type Wall } from './wall'

/** Under this width, CSS px, a tile's rail has two lines. */
const narrowBelow = 240
/** With more tiles than this the rail lies on the picture, which needs the height. */
const denseAbove = 9

export interface GridProps {
  wall: Wall
  zone: string
  watermark?: string
  shortcuts: boolean
  /** A guest's wall: its set of keys is smaller. */
  guest?: boolean
  mine(camera: string): boolean
  shared(camera: string): boolean
  onShare?(camera: string): void
  onHelp(): void
  /** What fills the nth place without a camera; null leaves it empty. */
  spare?(n: number, number: number): ComponentChildren
}

/** WallGrid is the cells of one page, sized so that nothing scrolls, with the wall's keys. */
export function WallGrid(p: GridProps) {
  const { wall } = p
  const ref = useRef<HTMLUListElement>(null)
  const grid = wall.grid.value
  const positions = wall.positions.value
  const full = wall.full.value
  const selected = Math.min(wall.selected.value, positions.length - 1)
  const [narrow, setNarrow] = useState(false)
  useKeys(p)
  useFullScreen(wall)
  useEffect(() => {
    const el = ref.current
    if (!el) return
    const measure = (): void => {
      if (wall.full.peek() !== undefined) return // as it was: the tiles underneath keep their layers
      const width = (i: number): number => el.children[i]?.querySelector('.pic')?.clientWidth ?? 0
      const px = width(grid.big ? 1 : 0)
      if (px === 0) return
      wall.setWidth(px, grid.big ? width(0) : px)
      setNarrow(px < narrowBelow)
    }
    const watch = new ResizeObserver(measure)
    watch.observe(el)
    measure()
    return () => watch.disconnect()
  }, [wall, grid, positions])

  return (
    <div class="stage">
      <ul
        ref={ref}
        class={['grid', `c${grid.columns}`, full && 'has-full', grid.big && 'vw-big', cells(grid) > denseAbove ? 'vw-dense' : narrow && 'vw-narrow'].filter(Boolean).join(' ')}
        style={{ '--rows': grid.rows, '--columns': grid.columns }}
        aria-label={t('wall.title')}
        tabIndex={-1}
      >
        {positions.map(({ slot, item }, i) =>
          item && slot >= 0 ? (
            <TileBox
              key={slot}
              wall={wall}
              slot={slot}
              position={i}
              number={i + 1}
              selected={i === selected}
              full={full === keyOf(item)}
              camera={item.camera}
              zone={p.zone}
              mine={p.mine(item.camera)}
              shared={p.shared(item.camera)}
              onShare={p.onShare}
              watermark={p.watermark}
              hasSound={item.sound}
              listening={wall.soundOn.value && (full === undefined ? i === selected : full === keyOf(item))}
            />
          ) : (
            p.spare?.(positions.slice(0, i).filter(x => !x.item).length, i + 1) ?? <li key={`empty${i}`} class="tile blank"><span class="vh">{t('wall.empty_cell')}</span><div class="pic" /><div class="rail" /></li>
          ),
        )}
      </ul>
    </div>
  )
}

/** useKeys: none fires in fields, menus or dialogs, or with a modifier; the off-switch is in the account. */
function useKeys({ wall, shortcuts, guest, onHelp }: GridProps): void {
  useEffect(() => {
    const down = (e: KeyboardEvent): void => {
      const frozen = wall.positions.peek().some(x => x.slot >= 0 && wall.view(x.slot).peek().state === 'frozen')
      if (frozen) wall.resume()
      if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return
      const target = e.target as Element
      if (busy(target, e.key)) return
      const onButton = target.closest('button, a') !== null
      const { key } = e
      const positions = wall.positions.peek()
      const at = wall.selected.peek()
      if (key.startsWith('Arrow')) {
        if (wall.full.peek() !== undefined) return
        const next = step(at, key, wall.grid.peek(), positions.length, active.peek().dir === 'rtl')
        wall.selected.value = next
        focusTile(positions[next]?.slot)
      } else if (key === 'Enter' && !onButton) wall.toggleFull(at)
      else if (key === 'Escape' && wall.full.peek() !== undefined) wall.full.value = undefined
      else if (key === 'PageDown') wall.turn(1)
      else if (key === 'PageUp') wall.turn(-1)
      else if (!shortcuts) return
      else if (key.toLowerCase() === 'f') wall.toggleFull(at)
      else if (key.toLowerCase() === 'm') wall.soundOn.value = !wall.soundOn.peek()
      else if (key.toLowerCase() === 'i' && !guest) wall.stats.value = !wall.stats.peek()
      else if (key === '?') onHelp()
      else if (/^[0-9]$/.test(key)) {
        const i = key === '0' ? 9 : Number(key) - 1
        if (i >= positions.length) return
        wall.selected.value = i
        focusTile(positions[i]?.slot)
      } else return
      e.preventDefault()
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  }, [wall, shortcuts, guest, onHelp])
}

/** busy is where keys have a meaning of their own. A choice among the wall's layouts has none for pages. */
function busy(target: Element, key: string): boolean {
  if (target.closest('textarea, select, dialog, [role=menu], [contenteditable]')) return true
  const input = target.closest('input')
  return input !== null && !(input.type === 'radio' && (key === 'PageUp' || key === 'PageDown'))
}

/** focusWall gives the keyboard back to the wall once it shows what was chosen. */
export function focusWall(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>('.stage > .grid')?.focus({ preventScroll: true }))
}

function focusTile(slot: number | undefined): void {
  document.querySelector<HTMLElement>(`.tile[data-slot="${slot}"]`)?.focus()
}
