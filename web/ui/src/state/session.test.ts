import { beforeEach, expect, it, vi } from 'vitest'
import { me as api, open } from '../api/api'
import { Problem } from '../api/problem'
import type { Me } from '../api/wire'
import { enter } from '../screens/signin'
import { loadSession, putAccount, putBadges, session, sessionProblem } from './session'

const person = (name: string, offers = 0): Me => ({
  account: { id: 'a', name, language: 'en', theme: 'dark', zone: 'Europe/Kyiv' }, badges: { offers, notices: 0 },
} as unknown as Me)

/** held answers the questions who is signed in one by one, in any order. */
function held(): { answer(i: number, m: Me): void; fail(i: number, p: Problem): void } {
  const list: { yes(m: Me): void; no(p: Problem): void }[] = []
  vi.spyOn(api, 'get').mockImplementation(() => new Promise((yes, no) => { list.push({ yes, no }) }))
  return { answer: (i, m) => list[i]?.yes(m), fail: (i, p) => list[i]?.no(p) }
}

beforeEach(() => {
  session.value = undefined
  sessionProblem.value = undefined
})

it('an answer that was overtaken changes nothing', async () => {
  const net = held()
  const [one, two] = [loadSession(), loadSession()]
  net.answer(1, person('newer'))
  await two
  net.answer(0, person('older'))
  expect((await one)?.account.name).toBe('newer')
  expect(session.value?.account.name).toBe('newer')
})

it('a refusal that was overtaken signs nobody out, and one that is the newest is not undone', async () => {
  const net = held()
  const refusal = new Problem({ status: 401, code: 'not_signed_in' })
  const [before, after] = [loadSession(), loadSession()]
  net.answer(1, person('signed in'))
  await after
  net.fail(0, refusal)
  expect((await before)?.account.name).toBe('signed in')
  expect(session.value?.account.name).toBe('signed in')
  const [old, last] = [loadSession(), loadSession()]
  net.fail(3, refusal)
  expect(await last).toBeNull()
  net.answer(2, person('signed in'))
  await old
  expect(session.value).toBeNull()
})

it('an answer on its way knows neither what was saved meanwhile nor the badges told meanwhile', async () => {
  session.value = person('before')
  const net = held()
  const first = loadSession()
  await putAccount(person('saved').account)
  net.answer(0, person('before'))
  await first
  expect(session.value?.account.name).toBe('saved')
  const second = loadSession()
  putBadges({ offers: 2, notices: 1 })
  net.answer(1, person('after', 1))
  await second
  expect(session.value).toMatchObject({ account: { name: 'after' }, badges: { offers: 2, notices: 1 } })
})

it('says that the store is late, not that the cookie was lost', async () => {
  vi.spyOn(open, 'login').mockResolvedValue(undefined as never)
  const net = held()
  const late = enter()
  net.fail(0, new Problem({ status: 503, code: 'authz_unavailable', retryAfter: 2 }))
  await expect(late).rejects.toMatchObject({ code: 'authz_unavailable' })
  const lost = enter()
  net.fail(1, new Problem({ status: 401, code: 'not_signed_in' }))
  await expect(lost).rejects.toMatchObject({ code: 'cookie_lost' })
})
