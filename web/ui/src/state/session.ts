import { computed, signal } from '@preact/signals'
import { me as api } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import { setHooks } from '../api/http'
import type { Account, Me, Theme } from '../api/wire'
import { setLanguage } from '../i18n/i18n'
import { hereZone } from '../i18n/time'
import { announceAll } from '../kit/resource'
import { go, path } from '../kit/router'

/** Who is signed in; null: nobody; undefined: not known yet. */
export const session = signal<Me | null | undefined>(undefined)
/** Whether this page has just signed in: a message then says what waits. */
export const fresh = signal(false)
/** Why the question could not be answered. */
export const sessionProblem = signal<Problem | undefined>(undefined)
/** The server says it cannot reach its store: an amber line, never the sign-in page. */
export const storeAway = signal(false)
/** Why the last login ended, for the sign-in page. */
export const endedBy = signal<string | undefined>(undefined)

export const account = computed<Account | undefined>(() => session.value?.account)
/** The zone times are shown in. */
export const zone = computed(() => session.value?.account.zone || hereZone())

const openPages = new Set(['/signin', '/setup', '/invite', '/reset', '/verify', '/register', '/kiosk'])

export function isOpenPage(p: string): boolean {
  return openPages.has(p)
}

// Answers that were on their way when the store went away do not mean that it is back.
const settled = 2000
let awaySince = 0
let asking: ReturnType<typeof setTimeout> | undefined

/** watchStore asks every few seconds until the store is back, then everything shown is loaded again. */
function watchStore(): void {
  asking ??= setTimeout(async () => {
    asking = undefined
    if (session.value === undefined) await loadSession()
    else await api.get().catch(() => {})
    if (storeAway.value) watchStore()
    else announceAll()
  }, 3000)
}

/** wireSession sets what every request reports to; called once. */
export function wireSession(): void {
  setHooks({
    signedOut: code => {
      if (session.value) endedBy.value = code === 'account_suspended' ? code : 'login_ended'
      session.value = null
      if (!isOpenPage(path.value)) goSignIn()
    },
    store: reachable => {
      if (!reachable) {
        awaySince = Date.now()
        storeAway.value = true
        watchStore()
      } else if (Date.now() - awaySince > settled) storeAway.value = false
    },
  })
}

/** goSignIn remembers where the person wanted to be. */
export function goSignIn(): void {
  // What is asked for stands behind #; other pages keep secrets there, which go nowhere.
  const wanted = location.pathname === '/request' ? location.pathname + location.hash : location.pathname
  const next = wanted === '/' ? '' : `?next=${encodeURIComponent(wanted)}`
  go(`/signin${next}`, true)
}

let asked = 0 // questions who is signed in, so far
let shown = 0 // the newest of them whose answer is shown
let counted = 0 // how often the server has told new badges

/**
 * loadSession asks who is signed in and shows the page in that person's language
 * and theme. Of answers that overtake one another the newest question's stays.
 */
export async function loadSession(): Promise<Me | null> {
  const mine = ++asked
  const then = counted
  try {
    const m = await api.get()
    if (mine < shown) return session.value ?? null
    shown = mine
    // What was told meanwhile is newer than the answer.
    session.value = counted !== then && session.value ? { ...m, badges: session.value.badges } : m
    sessionProblem.value = undefined
    await applyAccount(m.account)
    return m
  } catch (e) {
    if (mine < shown) return session.value ?? null
    const p = asProblem(e)
    if (p.status === 401) {
      shown = mine
      session.value = null
      sessionProblem.value = undefined
    } else sessionProblem.value = p
    return null
  }
}

/** putBadges takes the figures that the server tells by itself. */
export function putBadges(badges: Me['badges']): void {
  counted++
  if (session.value) session.value = { ...session.value, badges }
}

/** putAccount shows a changed account at once; answers that were on their way know nothing of it. */
export async function putAccount(a: Account): Promise<void> {
  shown = ++asked
  if (session.value) session.value = { ...session.value, account: a }
  await applyAccount(a)
}

async function applyAccount(a: Account): Promise<void> {
  applyTheme(a.theme)
  await setLanguage(a.language)
}

const light = matchMedia('(prefers-color-scheme: light)')
let theme: Theme = 'dark' // until an account says otherwise

/** applyTheme: "system" follows the system, also when it changes. */
export function applyTheme(next: Theme): void {
  theme = next
  document.documentElement.dataset.theme = theme === 'system' ? (light.matches ? 'light' : 'dark') : theme
}
light.addEventListener('change', () => applyTheme(theme))
