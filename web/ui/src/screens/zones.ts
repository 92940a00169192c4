import { zoneName } from '../i18n/time'
import type { Option } from '../kit/field'

/** zones are the time zones this browser knows, and the present value even if it does not know it. */
export function zones(present: string): Option[] {
  const known = Intl.supportedValuesOf('timeZone').map(zoneName)
  const all = new Set(['UTC', ...known, present].filter(Boolean))
  return [...all].sort().map(value => ({ value, text: value.replaceAll('_', ' ') }))
}
