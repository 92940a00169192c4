import { effect } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { me } from '../api/api'
import { notices } from '../api/sharing'
import type { Camera, View } from '../api/wire'
import { later } from '../kit/later'
import { noticeText } from '../notices/text'
import { wire } from '../state/events'
import { account, putAccount, zone } from '../state/session'
import { Help } from './help'
import { Highlights } from './highlight'
import { useActKeys } from './keys'
import { opsOf, takeSelected } from './ops'
import { eventHolds, patrolOf } from './patrol'
import type { KioskNewProps } from './kiosk-new'
import { liveChosen, pastsOf, skipChosen } from './past'
import { keyOf, type Wall } from './wall'

const KioskNew = later<KioskNewProps>(() => import('./kiosk-new').then(m => m.KioskNew))

export interface OperateProps {
  wall: Wall
  cameras: readonly Camera[]
  /** The view shown; none is all cameras. */
  view: View | undefined
  /** Which dialog is open: the wall's buttons open them too. */
  dialog: 'help' | 'kiosk' | undefined
  open(dialog: 'help' | 'kiosk' | undefined): void
}

/** Operate is what an operator has on a wall of his own beside the pictures: keys, marks of events, what may be kept, and the dialogs of it. */
export function Operate({ wall, cameras, view, dialog, open }: OperateProps) {
  const single = account.value?.shortcuts ?? true
  const ops = opsOf(wall)
  patrolOf(wall).keys = single
  useEffect(() => {
    ops.takes.value = new Set(cameras.filter(c => c.snapshot).map(c => c.id))
    ops.steers.value = new Set(cameras.filter(c => c.ptz).map(c => c.id))
    pastsOf(wall).may.value = new Set(cameras.filter(c => c.archive).map(c => c.id))
  }, [cameras])
  useEffect(() => {
    ops.zone.value = zone.value
  }, [zone.value])
  useMarks(wall)
  const selected = (): string | undefined => {
    const full = wall.full.peek()
    const positions = wall.positions.peek()
    return (full === undefined ? positions[wall.selected.peek()] : positions.find(p => p.item && keyOf(p.item) === full))?.item?.camera
  }
  useActKeys({
    snapshot: whole => takeSelected(wall, whole ? 'image/png' : 'image/jpeg'),
    kiosk: () => open('kiosk'),
    skip: seconds => skipChosen(wall, seconds),
    live: () => liveChosen(wall),
    answer: () => {
      const camera = selected()
      if (camera !== undefined) ops.highlights.peek()?.answer(camera)
    },
  }, single)
  return (
    <>
      {dialog === 'help' && <Keys onClose={() => open(undefined)} />}
      {dialog === 'kiosk' && <KioskNew view={view} onClose={() => open(undefined)} />}
    </>
  )
}

/** Keys is the help sheet with its off switch, which the server keeps for the account. */
function Keys({ onClose }: { onClose(): void }) {
  const [busy, setBusy] = useState(false)
  const a = account.value
  const set = async (shortcuts: boolean): Promise<void> => {
    if (!a || busy) return
    setBusy(true)
    await putAccount({ ...a, shortcuts })
    try {
      await putAccount((await me.patch({ shortcuts })).account)
    } catch {
      await putAccount(a) // the switch goes back, which says it
    }
    setBusy(false)
  }
  return <Help onClose={onClose} shortcuts={a?.shortcuts ?? true} onShortcuts={on => void set(on)} />
}

/** useMarks follows the account's notices: what is new at a camera on the page holds the patrol. */
function useMarks(wall: Wall): void {
  const marks = useMemo(() => new Highlights({
    list: () => notices.list().then(r => r.notices),
    read: id => notices.read({ ids: [id] }),
    text: noticeText,
    now: () => wall.clock.now(),
    onMark: m => {
      if (wall.positions.peek().some(p => p.item?.camera === m.camera)) patrolOf(wall).hold('event', eventHolds)
    },
  }), [wall])
  useEffect(() => {
    const ops = opsOf(wall)
    ops.highlights.value = marks
    void marks.look()
    const stop = wire.listen({
      up: () => void marks.look(),
      message: m => {
        if (m.type === 'badges' || (m.type === 'changed' && m.what === 'notices')) void marks.look()
      },
    })
    const answered = effect(() => {
      const { value: now } = marks.marks
      if (!wall.positions.value.some(p => p.item && now.has(p.item.camera))) patrolOf(wall).release('event')
    })
    return () => {
      stop()
      answered()
      ops.highlights.value = undefined
    }
  }, [wall, marks])
}
