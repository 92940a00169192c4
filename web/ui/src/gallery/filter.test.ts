import { expect, it } from 'vitest'
import { all, counted, dayAfter, inDays, query, readFilter, writeFilter } from './filter'

const camera = '0'.repeat(26)

it('goes into the address and comes back', () => {
  const f = { camera, sender: 'me', tag: 'Fox & cub', favourite: true, from: '2026-03-01', to: '2026-03-29' }
  expect(readFilter(writeFilter(f))).toEqual(f)
  expect(writeFilter(all)).toBe('')
  expect(readFilter('?camera=x&from=yesterday&sender=1&image=3')).toEqual(all)
})

it('knows under which filters the counts by day hold', () => {
  expect(counted({ ...all, from: '2026-01-01' })).toBe(true)
  for (const f of [{ camera }, { sender: 'me' }, { tag: 'x' }, { favourite: true }]) expect(counted({ ...all, ...f })).toBe(false)
  expect(inDays({ ...all, from: '2026-01-02', to: '2026-01-03' }, '2026-01-03')).toBe(true)
  expect(inDays({ ...all, from: '2026-01-02' }, '2026-01-01')).toBe(false)
})

it('asks for days on the account’s clock, also for the short one of spring', () => {
  const q = query(all, 'Europe/Kyiv', { day: '2026-03-29', limit: 5 })
  expect(q.get('from')).toBe('2026-03-28T22:00:00.000Z')
  expect(q.get('to')).toBe('2026-03-29T21:00:00.000Z')
  expect(dayAfter('2026-12-31')).toBe('2027-01-01')
  const r = query({ ...all, to: '2026-11-22', tag: 'fox', favourite: true }, 'UTC', { after: 'a', limit: 200 })
  expect(r.toString()).toBe('limit=200&tag=fox&favourite=true&after=a&to=2026-11-23T00%3A00%3A00.000Z')
})
