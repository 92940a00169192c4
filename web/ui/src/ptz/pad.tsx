import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { SteerState } from '../api/messages'
import { reason, problemText } from '../i18n/reason'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon, type IconName } from '../kit/icons'
import { Menu } from '../kit/menu'
import { useResource } from '../kit/resource'
import { wire } from '../state/events'
import type { Key } from '../i18n/catalogue'
import { onvif, type SteerView } from './api'
import { byKeys, Steer, toward, type Velocity } from './steer'

/** Pad steers the camera of the tile that fills the screen. */
export function Pad({ camera }: { camera: string }) {
  const view = useResource(() => onvif.steerable(camera))
  const steer = useMemo(() => new Steer({ camera, send: wire.send }), [camera])
  useEffect(() => {
    const stop = wire.listen({ up: steer.up, message: steer.message })
    return () => {
      steer.close()
      stop()
    }
  }, [steer])
  const s = steer.state.value
  const can = view.data
  const other = s.by !== undefined && !s.by.mine
  return (
    <section class="pt-box" aria-label={t('ptz.name')} onDblClick={e => e.stopPropagation()} onClick={e => e.stopPropagation()}>
      {!can && !view.problem && <p class="pt-say"><Icon name="connecting" small />{t('ptz.wait')}</p>}
      {view.problem && (
        <div class="pt-say bad" role="alert">
          <Icon name="warn" small />
          <span>{problemText(view.problem)}</span>
          <Button small onClick={view.reload}>{t('action.try_again')}</Button>
        </div>
      )}
      {can && (
        <>
          <p class={`pt-say${s.reason ? ' bad' : ''}`} role="status">{say(s, steer.lost.value)}</p>
          <Controls steer={steer} can={can} off={s.ended === true} taken={other} />
        </>
      )}
    </section>
  )
}

/** say is the one line above the pad. */
export function say(s: SteerState, lost: boolean): string {
  if (lost) return t('ptz.lost')
  if (s.by && !s.by.mine) return s.by.name ? t('ptz.by', { name: s.by.name }) : t('ptz.by_someone')
  if (s.reason !== undefined && s.reason !== 'steered') return reason(s.reason)
  if (s.moving) return t('ptz.by_you')
  return t('ptz.hint')
}

const arrows: readonly { side: string; icon: IconName; text: Key; v: Velocity }[] = [
  { side: 'n', icon: 'up', text: 'ptz.up', v: { pan: 0, tilt: 0.5, zoom: 0 } },
  { side: 'w', icon: 'up', text: 'ptz.left', v: { pan: -0.5, tilt: 0, zoom: 0 } },
  { side: 'e', icon: 'up', text: 'ptz.right', v: { pan: 0.5, tilt: 0, zoom: 0 } },
  { side: 's', icon: 'up', text: 'ptz.down', v: { pan: 0, tilt: -0.5, zoom: 0 } },
]

function Controls({ steer, can, off, taken }: { steer: Steer; can: SteerView; off: boolean; taken: boolean }) {
  useArrowKeys(steer, !off)
  return (
    <div class={`pt-row${off ? ' off' : ''}${taken ? ' taken' : ''}`} dir="ltr">
      {can.pan_tilt && <Field steer={steer} off={off} />}
      <div class="pt-col">
        {can.zoom && (
          <div class="pt-zoom">
            <Hold steer={steer} off={off} icon="zoom" text={t('ptz.in')} v={{ pan: 0, tilt: 0, zoom: 0.5 }} />
            <Hold steer={steer} off={off} icon="zoomout" text={t('ptz.out')} v={{ pan: 0, tilt: 0, zoom: -0.5 }} />
          </div>
        )}
        {!off && (can.presets.length > 0 || can.home) && (
          <Menu
            cls="btn s pt-list"
            end
            label={t('ptz.presets')}
            button={<><Icon name="star" small />{t('ptz.presets')}</>}
            items={[
              ...(can.home ? [{ text: t('ptz.home'), act: () => steer.go(undefined) }] : []),
              ...can.presets.map((p, i) => ({ text: <bdi>{p.name}</bdi>, rule: i === 0 && can.home, act: () => steer.go(p.token) })),
            ]}
          />
        )}
      </div>
    </div>
  )
}

/** Field is the pad itself: a hand on it steers towards where it lies; its arrows are for the keyboard and for a click. */
function Field({ steer, off }: { steer: Steer; off: boolean }) {
  const ref = useRef<HTMLDivElement>(null)
  const [at, put] = useState<readonly [number, number]>()
  const held = steer.held.value
  const move = (e: PointerEvent): void => {
    const r = ref.current?.getBoundingClientRect()
    if (!r) return
    const x = ((e.clientX - r.left) / r.width) * 2 - 1
    const y = ((e.clientY - r.top) / r.height) * 2 - 1
    const far = Math.max(1, Math.hypot(x, y))
    put([x / far, y / far])
    steer.hold(toward(x, y))
  }
  const end = (): void => {
    put(undefined)
    steer.release()
  }
  return (
    <div
      ref={ref}
      class={`pt-pad${held && (held.pan || held.tilt) ? ' on' : ''}`}
      role="group"
      aria-label={t('ptz.pad')}
      onPointerDown={e => {
        if (off || e.button !== 0) return
        e.currentTarget.setPointerCapture(e.pointerId)
        move(e)
      }}
      onPointerMove={e => { if (at) move(e) }}
      onPointerUp={end}
      onPointerCancel={end}
      onLostPointerCapture={end}
      onContextMenu={e => e.preventDefault()}
    >
      {arrows.map(a => <Hold key={a.side} steer={steer} off={off} icon={a.icon} text={t(a.text)} v={a.v} cls={`pt-${a.side}`} keysOnly />)}
      <i class="pt-knob" style={at ? { transform: `translate(${at[0] * 34}px, ${at[1] * 34}px)` } : undefined} aria-hidden="true" />
    </div>
  )
}

/** Hold is a button that moves for as long as it is pressed, by pointer or by key. */
function Hold({ steer, off, icon, text, v, cls, keysOnly }: { steer: Steer; off: boolean; icon: IconName; text: string; v: Velocity; cls?: string; keysOnly?: boolean }) {
  const end = (): void => steer.release()
  const pointer = keysOnly ? {} : {
    onPointerDown: (e: PointerEvent): void => {
      if (off || e.button !== 0) return
      ;(e.currentTarget as Element).setPointerCapture(e.pointerId)
      steer.hold(v)
    },
    onPointerUp: end, onPointerCancel: end, onLostPointerCapture: end,
  }
  return (
    <button
      type="button"
      class={['pt-btn', cls].filter(Boolean).join(' ')}
      aria-label={text}
      title={text}
      aria-disabled={off || undefined}
      {...pointer}
      onKeyDown={e => {
        if (off || (e.key !== ' ' && e.key !== 'Enter')) return
        e.preventDefault()
        e.stopPropagation()
        if (!e.repeat) steer.hold(v)
      }}
      onKeyUp={e => { if (e.key === ' ' || e.key === 'Enter') end() }}
      onBlur={end}
      onContextMenu={e => e.preventDefault()}
    >
      <Icon name={icon} />
    </button>
  )
}

/** useArrowKeys steers by the arrows and + −, wherever the focus is but in menus, fields and dialogs. */
function useArrowKeys(steer: Steer, on: boolean): void {
  useEffect(() => {
    if (!on) return
    const down = new Set<string>()
    const mine = (k: string): boolean => k.startsWith('Arrow') || k === '+' || k === '=' || k === '-' || k === '−'
    const press = (e: KeyboardEvent): void => {
      if (!mine(e.key) || e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey) return
      if ((e.target as Element | null)?.closest?.('input, textarea, select, dialog, [role=menu], [contenteditable]')) return
      e.preventDefault()
      if (e.repeat) return
      down.add(e.key)
      steer.hold(byKeys(down, e.shiftKey))
    }
    const lift = (e: KeyboardEvent): void => {
      if (!down.delete(e.key)) return
      if (down.size === 0) steer.release()
      else steer.hold(byKeys(down, e.shiftKey))
    }
    const none = (): void => down.clear()
    addEventListener('keydown', press)
    addEventListener('keyup', lift)
    addEventListener('blur', none)
    return () => {
      removeEventListener('keydown', press)
      removeEventListener('keyup', lift)
      removeEventListener('blur', none)
    }
  }, [steer, on])
}
