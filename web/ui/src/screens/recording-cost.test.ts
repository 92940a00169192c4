import { expect, test } from 'vitest'
import { days, perDay } from './recording-cost'
import type { Policy } from './recording-api'

const policy: Policy = { mode: 'continuous', layer: 'main', pre_roll_s: 5, post_roll_s: 30, keep_days: 0, keep_bytes: 0, sound: false }

test('what recording takes a day', () => {
  expect(perDay(policy, 2_000_000)).toBe(21.6e9)
  expect(perDay({ ...policy, mode: 'off' }, 2_000_000)).toBe(0)
  expect(perDay({ ...policy, mode: 'notice' }, 2_000_000)).toBe(21.6e9)
  expect(perDay({ ...policy, sound: true }, 0)).toBeCloseTo(691.2e6)
  const nights = { intervals: [0, 1, 2, 3, 4, 5, 6].map(day => ({ day, from: 20 * 60, to: 8 * 60 })) }
  expect(perDay({ ...policy, mode: 'schedule', hours: nights }, 2_000_000)).toBe(10.8e9)
  expect(perDay({ ...policy, mode: 'schedule', hours: { intervals: [] } }, 2_000_000)).toBe(0)
})

test('for how long there is room', () => {
  expect(days({ ...policy, keep_bytes: 216e9 }, 21.6e9)).toBe(10)
  expect(days({ ...policy, keep_bytes: 216e9, keep_days: 7 }, 21.6e9)).toBeUndefined()
  expect(days(policy, 21.6e9)).toBeUndefined()
  expect(days({ ...policy, keep_bytes: 1e9 }, 0)).toBeUndefined()
})
