import { signal } from '@preact/signals'
import { me as api } from '../api/api'
import { accountViewing } from '../api/api'
import { announce, announceAll } from '../kit/resource'
import { Wire } from '../player/wire'
import { endedBy, goSignIn, loadSession, putBadges, session } from './session'

/** Whether the tab's socket is up; the wall says so when it is not. */
export const online = signal(true)
/** Why the server told this tab to stop, by close code. */
export const stopped = signal<number | undefined>(undefined)
/** The tab's socket, while somebody is signed in. */
export const wire = new Wire(accountViewing.socket)

/** startEvents opens the one socket of this tab, for a signed-in person. */
export function startEvents(): void {
  let failed = 0
  let blind = true // since the last connection nobody told what changed
  stopped.value = undefined
  wire.start({
    up: () => {
      failed = 0
      online.value = true
    },
    down: opened => {
      blind = true
      // One refusal may be a restart; after a second, ask whether the login still stands.
      failed++
      if (failed > 1) online.value = false
      if (!opened && failed === 2) void api.get().catch(() => {})
    },
    stop: code => {
      stopped.value = code
      if (code === 4500 || code === 4503) {
        endedBy.value = code === 4503 ? 'account_suspended' : 'login_ended'
        session.value = null
        goSignIn()
      }
    },
    message: m => {
      if (m.type === 'changed') {
        if (m.what === 'me') void loadSession()
        else announce(m.what)
        if (m.what === 'access' || m.what === 'offers') announce('cameras')
      }
      if (m.type === 'badges' && session.value) {
        const other = session.value.badges.notices !== m.notices
        putBadges({ offers: m.offers, notices: m.notices })
        // The figure and the list are told apart; neither may be older than the other.
        if (other) announce('notices')
        announce('offers')
      }
      if (m.type === 'badges' && blind) { // lists are watched from here on
        blind = false
        void loadSession()
        announceAll()
      }
    },
  })
}

export function stopEvents(): void {
  wire.stop()
  online.value = true
}
