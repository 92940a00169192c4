import { signal } from '@preact/signals'
import { isPhone } from '../wall/device'

export const mostColumns = 8
const key = (): string => `sightline.gallery.columns.${isPhone.peek() ? 'phone' : 'desk'}`

function stored(): number {
  try {
    const n = Number(localStorage.getItem(key()))
    if (Number.isInteger(n) && n >= 1 && n <= mostColumns) return n
  } catch {
    // Storage is forbidden: the usual number.
  }
  return usualColumns()
}

export function usualColumns(): number {
  return isPhone.peek() ? 3 : 5
}

/** How many columns a gallery has on this device; phones have their own number. */
export const columns = signal(stored())
isPhone.subscribe(() => { columns.value = stored() })

export function setColumns(n: number): void {
  columns.value = Math.max(1, Math.min(mostColumns, n))
  try {
    localStorage.setItem(key(), String(columns.value))
  } catch {
    // It holds for this page then.
  }
}
