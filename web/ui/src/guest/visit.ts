import { guest as api } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Visit } from '../api/wire'
import { setLanguage } from '../i18n/i18n'

/** How opening a link ended. */
export type Opening =
  | { kind: 'visit'; link: string; visit: Visit }
  /** Unknown, mistyped and removed links are one thing to a guest. */
  | { kind: 'gone' }
  /** The address holds no secret and the browser no visit: open the link again. */
  | { kind: 'again' }
  /** The cookie of the visit did not come back. */
  | { kind: 'cookie' }
  | { kind: 'failed'; problem: Problem }

/**
 * openVisit turns the address into a visit. /s#secret is exchanged once and
 * leaves the address at once; /g/<link>/ goes on with the visit's cookie.
 * Nothing is stored on the guest's side by the page.
 */
export async function openVisit(): Promise<Opening> {
  const link = /^\/g\/([^/]+)\/?$/.exec(location.pathname)?.[1]
  try {
    if (link) return { kind: 'visit', link, visit: await api.see(link) }
    const secret = location.hash.slice(1)
    if (!secret) return { kind: 'again' }
    const x = await api.exchange(secret)
    const visit = await api.visit(x.link, x.ticket)
    history.replaceState(null, '', `/g/${encodeURIComponent(x.link)}/`)
    try {
      // The language is fetched while the cookie is tried.
      await Promise.all([api.see(x.link), setLanguage(visit.language)])
    } catch (e) {
      if (asProblem(e).status === 410) return { kind: 'cookie' }
      throw e
    }
    return { kind: 'visit', link: x.link, visit }
  } catch (e) {
    const problem = asProblem(e)
    if (problem.status === 410) return link ? { kind: 'again' } : { kind: 'gone' }
    return { kind: 'failed', problem }
  }
}
