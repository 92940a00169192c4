import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Problem } from '../api/problem'
import { againIn } from './again'
import { Failed } from './blocks'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

it('asks again by itself only where waiting helps', () => {
  expect(againIn(new Problem({ status: 503, code: 'authz_unavailable', retryAfter: 5 }), 0.5)).toBe(5500)
  expect(againIn(new Problem({ status: 0, code: 'network' }), 0)).toBe(2000)
  expect(againIn(new Problem({ status: 429, code: 'rate_limited', retryAfter: 5 }))).toBeUndefined()
  expect(againIn(new Problem({ status: 404, code: 'no_such_thing' }))).toBeUndefined()
  expect(againIn(undefined)).toBeUndefined()
})

it('a failed page tries again once a problem, and not after it has gone', async () => {
  const at = document.createElement('div')
  const retry = vi.fn()
  const show = (p: Problem) => act(() => { render(<Failed problem={p} retry={retry} />, at) })
  await show(new Problem({ status: 503, code: 'authz_unavailable', retryAfter: 2 }))
  await act(() => { vi.advanceTimersByTime(10000) })
  expect(retry).toHaveBeenCalledTimes(1)
  await show(new Problem({ status: 503, code: 'authz_unavailable', retryAfter: 2 }))
  await act(() => { vi.advanceTimersByTime(3100) })
  expect(retry).toHaveBeenCalledTimes(2)
  await show(new Problem({ status: 503, code: 'authz_unavailable', retryAfter: 2 }))
  await act(() => { render(null, at) })
  await act(() => { vi.advanceTimersByTime(10000) })
  expect(retry).toHaveBeenCalledTimes(2)
})
