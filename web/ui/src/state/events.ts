import { signal } from '@preact/signals'
import { me as api } from '../api/api'
import { accountViewing } from '../api/api'
import type { ServerMessage } from '../api/messages'
import { announce } from '../kit/resource'
import { ServerClock } from '../player/serverclock'
import { Socket } from '../player/socket'
import { endedBy, goSignIn, loadSession, session } from './session'

/** Whether the tab's socket is up; the wall says so when it is not. */
export const online = signal(true)
/** Why the server told this tab to stop, by close code. */
export const stopped = signal<number | undefined>(undefined)
export const serverClock = new ServerClock()

interface Listener {
  up(): void
  message(m: ServerMessage): void
}
const listeners = new Set<Listener>()
let socket: Socket | undefined

/** listen adds a listener to the tab's socket; if it is up, `up` is called now. Returns a stop function. */
export function listen(l: Listener): () => void {
  listeners.add(l)
  if (socket?.up) l.up()
  return () => listeners.delete(l)
}

/** tell sends on the tab's socket. */
export const tell: Socket['send'] = m => socket?.send(m) ?? false

/** startEvents opens the one socket of this tab, for a signed-in person. */
export function startEvents(): void {
  if (socket) return
  let failed = 0
  socket = new Socket({
    url: accountViewing.socket,
    onUp: () => {
      failed = 0
      online.value = true
      if (listeners.size === 0) tell({ type: 'hello' })
      for (const l of listeners) l.up()
    },
    onDown: opened => {
      // One refusal may be a restart; after a second, ask whether the login still stands.
      failed++
      if (failed > 1) online.value = false
      if (!opened && failed === 2) void api.get().catch(() => {})
    },
    onStop: code => {
      socket = undefined
      stopped.value = code
      if (code === 4500 || code === 4503) {
        endedBy.value = code === 4503 ? 'account_suspended' : 'login_ended'
        session.value = null
        goSignIn()
      }
    },
    onMessage: m => {
      if (m.type === 'pong') serverClock.sample(m.t, Date.now(), m.server_time_ms, m.media_ms)
      if (m.type === 'changed') {
        if (m.what === 'me') void loadSession()
        else announce(m.what)
        if (m.what === 'access' || m.what === 'offers') announce('cameras')
      }
      if (m.type === 'badges' && session.value) {
        const other = session.value.badges.notices !== m.notices
        session.value = { ...session.value, badges: { offers: m.offers, notices: m.notices } }
        // The figure and the list are told apart; neither may be older than the other.
        if (other) announce('notices')
        // Lists are watched from here on: what was missed before is fetched now.
        announce('offers')
      }
      for (const l of listeners) l.message(m)
    },
  })
  stopped.value = undefined
  socket.start()
}

export function stopEvents(): void {
  socket?.stop()
  socket = undefined
  online.value = true
}
