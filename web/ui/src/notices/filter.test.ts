import { expect, test } from 'vitest'
import type { NoticeRow } from '../api/sharing'
import { addressOf, filterOf, merged, narrowed, nothing, queryOf } from './filter'

test('an address is a filter and back', () => {
  const f = { kind: 'motion', camera: 'f9nz7bx0tt9arn5edkck8650qw', from: '2026-11-20', to: '2026-11-22', unread: true }
  expect(filterOf(new URL(`http://x${addressOf(f)}`).search)).toEqual(f)
  expect(addressOf(nothing)).toBe('/notices')
  expect(narrowed(nothing)).toBe(false)
  expect(filterOf('?camera=../x&kind=<b>&from=tomorrow&unread=yes')).toEqual(nothing)
})

test('days are whole ones on the clock of the zone, summer time too', () => {
  expect(queryOf({ ...nothing, from: '2026-03-29', to: '2026-03-29' }, 'Europe/Kyiv')).toEqual({ from: '2026-03-28T22:00:00.000Z', to: '2026-03-29T21:00:00.000Z' })
  expect(queryOf(nothing, 'UTC', 'x')).toEqual({ before: 'x' })
})

const row = (id: string): NoticeRow => ({ id, kind: 'motion', at: '2026-11-22T14:03:00Z', read: false })
const ids = (rows: readonly NoticeRow[]): string => rows.map(r => r.id).join('')

test('new notices push none away, and what vanished does not stay', () => {
  expect(ids(merged([row('9'), row('8')], false, []))).toBe('98')
  expect(ids(merged([row('9'), row('8')], false, [row('8'), row('7'), row('6')]))).toBe('9876')
  expect(ids(merged([row('9'), row('7')], false, [row('8'), row('7'), row('6'), row('6')]))).toBe('976')
  expect(ids(merged([row('9')], true, [row('8')]))).toBe('9')
})
