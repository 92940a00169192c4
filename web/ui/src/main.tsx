import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Key } from './i18n/catalogue'
import { active, browserLanguage, setLanguage, t } from './i18n/i18n'
import { Empty, Failed } from './kit/blocks'
import { lazy } from './kit/lazy'
import { match, path, startRouter } from './kit/router'
import { Shell } from './screens/shell'
import { WallScreen } from './screens/wall'
import { startEvents, stopEvents } from './state/events'
import { goSignIn, isOpenPage, loadSession, session, sessionProblem, wireSession } from './state/session'
import './styles/index.css'

const Door = lazy(() => import('./screens/door').then(m => m.Door))
const KioskPage = lazy(() => import('./wall/kiosk').then(m => m.KioskPage))
const Cameras = lazy(() => import('./screens/cameras').then(m => m.Cameras))
const CameraForm = lazy<{ id?: string }>(() => import('./screens/camera-form').then(m => m.CameraForm))
const Sharing = lazy(() => import('./screens/sharing').then(m => m.Sharing))
const Temporary = lazy(() => import('./screens/temporary').then(m => m.Temporary))
const SharingPeople = lazy(() => import('./screens/sharing-people').then(m => m.SharingPeople))
const Groups = lazy(() => import('./screens/groups').then(m => m.Groups))
const GroupScreen = lazy<{ id: string }>(() => import('./screens/group').then(m => m.GroupScreen))
const Audit = lazy(() => import('./screens/audit').then(m => m.Audit))
const ArchiveScreen = lazy<{ camera?: string }>(() => import('./archive/screen').then(m => m.ArchiveScreen))
const Notices = lazy(() => import('./notices/screen').then(m => m.Notices))
const NoticeSettings = lazy(() => import('./notices/settings').then(m => m.NoticeSettings))
const Gallery = lazy(() => import('./gallery/screen').then(m => m.Gallery))
const UsageTotals = lazy(() => import('./usage/totals').then(m => m.UsageTotals))
const LinkUsage = lazy<{ id: string }>(() => import('./usage/screen').then(m => m.LinkUsage))
const RequestAccess = lazy(() => import('./screens/request-access').then(m => m.RequestAccess))
const AccountScreen = lazy(() => import('./screens/account').then(m => m.AccountScreen))
const InstanceScreen = lazy<{ part?: string | undefined }>(() => import('./screens/instance').then(m => m.InstanceScreen))

function App() {
  const p = path.value
  const who = session.value
  useEffect(() => {
    if (who) startEvents()
    else if (who === null) {
      stopEvents()
      if (!isOpenPage(p)) goSignIn()
    }
  }, [who, p])

  // A browser that was asked to show notices shows those of who is signed in, and nobody else's.
  const me = who?.account.id
  useEffect(() => {
    if (me && 'Notification' in window && Notification.permission === 'granted') void import('./notices/push-device').then(m => m.settle(me)).catch(() => {})
  }, [me])

  useEffect(() => {
    if (p !== '/kiosk') document.title = title(p)
  }, [p, active.value])

  if (p === '/kiosk') return <KioskPage />
  if (isOpenPage(p)) return <Door />
  if (who === undefined && sessionProblem.value) {
    return <main id="main" class="main"><h1>Sightline</h1><Failed problem={sessionProblem.value} retry={() => void loadSession()} /></main>
  }
  if (!who) return null
  return <Shell><Page path={p} admin={who.account.instance_admin} /></Shell>
}

const titles: readonly [string, Key][] = [
  ['/cameras/new', 'cameras.add'], ['/cameras', 'cameras.title'], ['/settings/account', 'settings.account'],
  ['/settings/usage', 'usage.title'], ['/settings/temporary', 'settings.temporary'], ['/settings/people', 'settings.people'], ['/settings/groups', 'settings.groups'],
  ['/settings/audit', 'settings.audit'], ['/settings/notices', 'notices.settings'], ['/gallery', 'nav.gallery'], ['/archive', 'archive.title'], ['/notices', 'nav.notices'], ['/settings/instance', 'settings.instance'], ['/settings', 'links.title'], ['/signin', 'signin.title'],
  ['/setup', 'setup.title'], ['/invite', 'invite.title'], ['/reset', 'reset.title'], ['/verify', 'verify.title'],
  ['/register', 'register.title'], ['/request', 'request.title'], ['/', 'wall.title'],
]

/** title is what the tab says: the page, then the product. */
function title(p: string): string {
  const found = titles.find(([prefix]) => p === prefix || (prefix !== '/' && p.startsWith(`${prefix}/`)))
  return found ? `${t(found[1])}, Sightline` : 'Sightline'
}

function Page({ path: p, admin }: { path: string; admin: boolean }) {
  if (p === '/') return <WallScreen />
  if (p === '/cameras' || p === '/cameras/shared') return <Cameras />
  if (p === '/cameras/new') return <CameraForm key="new" />
  const camera = match('/cameras/:id', p)
  if (camera) return <CameraForm key={camera.id} id={camera.id} />
  if (p === '/settings' || p === '/settings/sharing') return <Sharing />
  if (p === '/settings/usage') return <UsageTotals />
  const used = match('/settings/usage/:id', p)
  if (used) return <LinkUsage key={used.id} id={used.id ?? ''} />
  if (p === '/settings/temporary') return <Temporary />
  if (p === '/settings/people') return <SharingPeople />
  if (p === '/settings/groups') return <Groups />
  const group = match('/settings/groups/:id', p)
  if (group) return <GroupScreen key={group.id} id={group.id ?? ''} />
  if (p === '/settings/audit') return <Audit />
  if (p === '/gallery') return <Gallery />
  if (p === '/archive') return <ArchiveScreen key="all" />
  const recorded = match('/archive/:id', p)
  if (recorded) return <ArchiveScreen key={recorded.id} camera={recorded.id} />
  if (p === '/notices') return <Notices />
  if (p === '/settings/notices') return <NoticeSettings />
  if (p === '/request') return <RequestAccess />
  if (p === '/settings/account') return <AccountScreen />
  const server = p === '/settings/instance' ? {} : match('/settings/instance/:part', p)
  if (server && admin) return <InstanceScreen part={server.part} />
  return (
    <main id="main" class="main narrow">
      <h1>{t('page.missing')}</h1>
      <Empty title={t('page.missing_text')}><a class="btn primary" href="/">{t('nav.wall')}</a></Empty>
    </main>
  )
}

function Root() {
  const [ready, setReady] = useState(false)
  useEffect(() => {
    const stop = startRouter()
    // Whoever is signed in has a language of his own; until that is known, the browser's.
    const first = isOpenPage(path.value) ? setLanguage(browserLanguage()) : loadSession().then(m => (m ? undefined : setLanguage(browserLanguage())))
    void first.catch(() => {}).then(() => setReady(true))
    return stop
  }, [])
  return ready ? <App /> : null
}

wireSession()
const root = document.getElementById('app')
if (root) render(<Root />, root)
