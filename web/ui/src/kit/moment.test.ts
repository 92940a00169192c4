import { describe, expect, it } from 'vitest'
import { soonest } from './moment'

describe('the next moment at which a list is another one', () => {
  const now = Date.parse('2026-06-18T12:00:00Z')
  it('is the first that is still to come', () => {
    expect(soonest(['2026-06-18T11:59:59Z', '2026-06-18T12:00:02Z', undefined, '2026-06-18T12:00:01Z'], now)).toBe(now + 1000)
  })
  it('is none when all has passed or nothing has an end', () => {
    expect(soonest([undefined, '', '2026-06-18T12:00:00Z', 'soon'], now)).toBeUndefined()
  })
})
