import { useEffect } from 'preact/hooks'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { isPatrolKey } from './keys'
import { patrolOf, patrolTimes, type Hold, type Patrol } from './patrol'
import { keepPatrolTime, patrolTimeOf } from './remember'
import type { Wall } from './wall'

const why: Record<Hold, Key> = {
  hover: 'patrol.held_hover', focus: 'patrol.held_focus', event: 'patrol.held_event', full: 'patrol.held_full', frozen: 'patrol.held_frozen',
}

/** Pager is absent while one page holds everything. It has the patrol too: the wall's pages turn by themselves. */
export function Pager({ wall, large, view = 'all' }: { wall: Wall; large?: boolean; view?: string }) {
  const patrol = patrolOf(wall)
  const n = wall.pages.value
  useEffect(() => patrol.use(), [patrol])
  useEffect(() => patrol.setSeconds(patrolTimeOf(view)), [patrol, view])
  useHolds(patrol, wall)
  useSpace(patrol)
  if (n < 2) return null
  const at = Math.min(wall.page.value, n - 1)
  const on = patrol.on.value
  return (
    <nav class={`pager${large ? ' ops-large' : ''}`} aria-label={t('wall.pages')}>
      <Button kind={large ? 'plain' : 'quiet'} small={!large} bare icon="left" onClick={() => wall.turn(-1)}>{t('wall.page_before')}</Button>
      <Dots at={at} n={n} patrol={patrol} />
      <Button kind={large ? 'plain' : 'quiet'} small={!large} bare icon="right" onClick={() => wall.turn(1)}>{t('wall.page_next')}</Button>
      <Button kind={large ? 'plain' : 'quiet'} small={!large} icon={on ? 'pause' : 'play'} pressed={on} extra="ops-patrol" onClick={() => patrol.toggle()}>{t('patrol.name')}</Button>
      {on && <Count patrol={patrol} />}
      <Menu
        label={t('patrol.time', { time: t('unit.s', { n: patrol.seconds.value }) })}
        cls={`btn quiet${large ? '' : ' s'} num`}
        button={<>{t('unit.s', { n: patrol.seconds.value })}<Icon name="down" small /></>}
        items={patrolTimes.map(s => ({
          text: t('unit.s', { n: s }),
          checked: s === patrol.seconds.value,
          act: () => {
            patrol.setSeconds(s)
            keepPatrolTime(view, s)
          },
        }))}
      />
    </nav>
  )
}

/** Dots are the pages; the present one fills up while the patrol goes on. */
export function Dots({ at, n, patrol }: { at: number; n: number; patrol: Patrol }) {
  const on = patrol.on.value
  return (
    <span class="dots" role="img" aria-label={t('wall.page_of', { page: at + 1, pages: n })}>
      {Array.from({ length: n }, (_, i) => (
        i === at && on
          ? <i key={i} class={`on ops-fill${patrol.held.value ? ' held' : ''}`}><b style={{ inlineSize: `${Math.round(patrol.gone.value * 100)}%` }} /></i>
          : <i key={i} class={i === at ? 'on' : ''} />
      ))}
    </span>
  )
}

/** Count says what comes next and when, or why the page stays. It is no live region: it would speak every second. */
function Count({ patrol }: { patrol: Patrol }) {
  const held = patrol.held.value
  const next = t('patrol.next', { time: t('unit.s', { n: patrol.left.value }) })
  return (
    <span class={`ops-count num${held ? ' held' : ''}`} role="timer" aria-live="off">
      {held ? t(why[held]) : next}
      <span class="ops-room" aria-hidden="true">{t('patrol.next', { time: t('unit.s', { n: 88 }) })}</span>
    </span>
  )
}

/** useSpace: of several pagers of one wall the first one takes the key. */
function useSpace(patrol: Patrol): void {
  useEffect(() => {
    const down = (e: KeyboardEvent): void => {
      if (!patrol.keys || !isPatrolKey(e)) return
      e.preventDefault()
      // A focus among the pictures would hold the page at once.
      if (!patrol.on.peek()) (document.activeElement as HTMLElement | null)?.blur()
      patrol.toggle()
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  }, [patrol])
}

/** useHolds lets the page stay while the pointer is over the pictures, or the keyboard among them. */
function useHolds(patrol: Patrol, wall: Wall): void {
  useEffect(() => {
    const over = (e: PointerEvent): void => {
      if (e.pointerType === 'touch') return
      if ((e.target as Element | null)?.closest?.('.tile')) patrol.hold('hover')
      else patrol.release('hover')
    }
    const away = (): void => patrol.release('hover')
    const focus = (): void => {
      const el = document.activeElement
      if (el?.closest('.tile') && el.matches(':focus-visible')) patrol.hold('focus')
      else patrol.release('focus')
    }
    const left = (): void => { setTimeout(focus) } // where it goes is known after that
    addEventListener('pointerover', over)
    document.documentElement.addEventListener('pointerleave', away)
    addEventListener('focusin', focus)
    addEventListener('focusout', left)
    return () => {
      removeEventListener('pointerover', over)
      document.documentElement.removeEventListener('pointerleave', away)
      removeEventListener('focusin', focus)
      removeEventListener('focusout', left)
      patrol.release('hover')
      patrol.release('focus')
    }
  }, [patrol, wall])
}
