import { signal } from '@preact/signals'
import { phoneBelow } from './grid'

const query = matchMedia(`(max-width: ${phoneBelow - 0.02}px)`)

/** Whether the window is a phone's, by CSS width only. */
export const isPhone = signal(query.matches)
query.addEventListener('change', () => { isPhone.value = query.matches })
