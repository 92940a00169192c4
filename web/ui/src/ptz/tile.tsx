import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'

let pad: FunctionComponent<{ camera: string }> | undefined
const open = 'sightline.pad'

function wanted(): boolean {
  try {
    return localStorage.getItem(open) !== 'off'
  } catch {
    return true
  }
}

/** usePad says whether the pad is wanted on this device, and changes it. */
export function usePad(): readonly [boolean, (on: boolean) => void] {
  const [on, set] = useState(wanted)
  return [on, next => {
    set(next)
    try {
      localStorage.setItem(open, next ? 'on' : 'off')
    } catch {
      // A browser that keeps nothing shows it again next time.
    }
  }]
}

/** PadButton shows and hides the pad. */
export function PadButton({ on, set }: { on: boolean; set(on: boolean): void }) {
  return <Button bare icon="steer" pressed={on} onClick={() => set(!on)}>{t('ptz.name')}</Button>
}

/** PadHere is the pad, whose code comes when it is first needed. */
export function PadHere({ camera }: { camera: string }) {
  const [, loaded] = useState(0)
  useEffect(() => {
    if (!pad) void import('./pad').then(m => { pad = m.Pad; loaded(n => n + 1) }, () => {})
  }, [])
  const Box = pad
  return Box ? <Box key={camera} camera={camera} /> : null
}
