import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Stills } from './still'

const picture = (): Response => new Response(new Blob(['x']), { status: 200 })
const busy = (after: string): Response => new Response('{}', { status: 429, headers: { 'Retry-After': after } })

describe('stills', () => {
  let asked: string[]
  let answers: Response[]
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    asked = []
    answers = []
    vi.stubGlobal('fetch', (url: string) => { asked.push(url); return Promise.resolve(answers.shift() ?? picture()) })
    let n = 0
    vi.stubGlobal('URL', Object.assign(URL, { createObjectURL: () => `blob:${++n}`, revokeObjectURL: () => {} }))
  })
  afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals() })
  const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

  it('asks again when a busy server said, and says nothing meanwhile', async () => {
    const s = new Stills()
    const got: (string | undefined)[] = []
    answers = [busy('2'), busy('1')]
    s.get('c', 5000, 1000, u => got.push(u))
    await pass(60)
    expect(asked.length).toBe(1)
    await pass(1900)
    expect(asked.length).toBe(1)
    await pass(200)
    expect(asked.length).toBe(2)
    expect(got).toEqual([])
    await pass(1100)
    expect(asked.length).toBe(3)
    expect(got).toEqual(['blob:1'])
  })

  it('asks for the newest wish only after a rest', async () => {
    const s = new Stills()
    const got: (string | undefined)[] = []
    answers = [busy('3')]
    s.get('c', 5000, 1000, u => got.push(u))
    await pass(60)
    for (let t = 6000; t < 20_000; t += 1000) {
      s.get('c', t, 1000, u => got.push(u))
      await pass(100)
    }
    expect(asked.length).toBe(1)
    await pass(3000)
    expect(asked.length).toBe(2)
    expect(decodeURIComponent(asked[1] ?? '')).toContain('00:00:19')
    expect(got).toEqual(['blob:1'])
  })

  it('stops asking when the pointer has left, and after some tries', async () => {
    const s = new Stills()
    answers = [busy('1')]
    s.get('c', 5000, 1000, () => {})
    await pass(60)
    s.leave()
    await pass(10_000)
    expect(asked.length).toBe(1)
    answers = Array.from({ length: 20 }, () => busy('1'))
    s.get('c', 7000, 1000, () => {})
    await pass(60_000)
    expect(asked.length).toBe(7)
  })
})
