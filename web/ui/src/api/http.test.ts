import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { send, setHooks } from './http'
import { Problem } from './problem'

describe('send', () => {
  const hooks = { signedOut: vi.fn(), store: vi.fn() }
  beforeEach(() => {
    hooks.signedOut.mockReset()
    hooks.store.mockReset()
    setHooks(hooks)
  })
  afterEach(() => { vi.unstubAllGlobals() })
  const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => {
    const f = vi.fn(async (_: string, __: RequestInit) => new Response(body === undefined ? null : JSON.stringify(body), { status, headers }))
    vi.stubGlobal('fetch', f)
    return f
  }

  it('carries the header that other sites cannot set', async () => {
    const f = answer(200, { a: 1 })
    expect(await send('POST', '/api/v1/x', { b: 2 })).toEqual({ a: 1 })
    const init = f.mock.calls[0]?.[1]
    expect(init?.headers).toMatchObject({ 'X-Sightline': '1', 'Content-Type': 'application/json' })
    expect(init?.credentials).toBe('same-origin')
  })
  it('gives undefined for 204', async () => {
    answer(204, undefined)
    expect(await send('DELETE', '/x')).toBeUndefined()
  })
  it('turns a problem into a Problem', async () => {
    answer(429, { code: 'rate_limited', detail: 'slow down', retry_after_s: 30, field: '', id: 'q' })
    await expect(send('POST', '/x', {})).rejects.toMatchObject({ status: 429, code: 'rate_limited', retryAfter: 30, field: undefined, id: 'q' })
  })
  it('knows what is no problem document', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502, headers: { 'Retry-After': '5' } }))
    await expect(send('GET', '/x')).rejects.toMatchObject({ status: 502, code: 'internal', retryAfter: 5 })
  })
  it('tells a silent server from a refusing one', async () => {
    vi.stubGlobal('fetch', async () => { throw new TypeError('failed') })
    await expect(send('GET', '/x')).rejects.toBeInstanceOf(Problem)
    await expect(send('GET', '/x')).rejects.toMatchObject({ code: 'network' })
  })
  it('never takes a store that is away for a sign-out', async () => {
    answer(503, { code: 'authz_unavailable' })
    await expect(send('GET', '/x')).rejects.toMatchObject({ status: 503 })
    expect(hooks.store).toHaveBeenCalledWith(false)
    expect(hooks.signedOut).not.toHaveBeenCalled()
  })
  it('reports a login that ended, but not a wrong password', async () => {
    answer(401, { code: 'bad_login' })
    await send('POST', '/x', {}).catch(() => {})
    expect(hooks.signedOut).not.toHaveBeenCalled()
    answer(401, { code: 'not_signed_in' })
    await send('GET', '/x').catch(() => {})
    expect(hooks.signedOut).toHaveBeenCalledWith('not_signed_in')
    answer(401, { code: 'account_suspended' })
    await send('GET', '/x').catch(() => {})
    expect(hooks.signedOut).toHaveBeenCalledWith('account_suspended')
    hooks.signedOut.mockClear()
    answer(403, { code: 'account_suspended' }) // at the sign-in itself
    await send('POST', '/x', {}).catch(() => {})
    expect(hooks.signedOut).not.toHaveBeenCalled()
  })
})
