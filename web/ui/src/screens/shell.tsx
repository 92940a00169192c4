import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { me } from '../api/api'
import { t } from '../i18n/i18n'
import { Avatar } from '../kit/avatar'
import { Icon, Logo, type IconName } from '../kit/icons'
import { Menu } from '../kit/menu'
import { loads } from '../kit/resource'
import { path } from '../kit/router'
import { Toaster } from '../kit/toast'
import { online, stopEvents, stopped } from '../state/events'
import { account, goSignIn, session, storeAway } from '../state/session'
import { Circle, OffersPanel } from './offers-circle'

interface Place {
  href: string
  text: string
  icon: IconName
  here: boolean
  /** On a phone it is behind More. */
  more?: boolean
  /** What is new there. */
  badge?: number
}

/** Only what exists is listed. */
function places(): Place[] {
  const p = path.value
  return [
    { href: '/', text: t('nav.wall'), icon: 'wall', here: p === '/' },
    { href: '/cameras', text: t('nav.cameras'), icon: 'camera', here: p.startsWith('/cameras') },
    { href: '/gallery', text: t('nav.gallery'), icon: 'image', here: p === '/gallery' },
    { href: '/archive', text: t('nav.archive'), icon: 'archive', here: p === '/archive' || p.startsWith('/archive/'), more: true },
    { href: '/notices', text: t('nav.notices'), icon: 'bell', here: p === '/notices', badge: session.value?.badges.notices ?? 0 },
    { href: '/settings/sharing', text: t('nav.settings'), icon: 'gear', here: p.startsWith('/settings'), more: true },
  ]
}

/** Shell is the frame of every page of a signed-in person. */
export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={skip}>{t('nav.skip')}</a>
      <header class="bar">
        <a class="brand" href="/"><Logo /><span>Sightline</span></a>
        <nav class="nav" aria-label={t('nav.main')}>
          {places().map(x => <a key={x.href} href={x.href} aria-current={x.here ? 'page' : undefined}>{x.text}<Badge of={x} /></a>)}
        </nav>
        <span class="sp" />
        <Circle />
        <Person />
        <Progress />
      </header>
      {storeAway.value && <Line text={t('line.store')} />}
      {!storeAway.value && stopped.value !== undefined && <Line text={t('line.stopped')} act={{ text: t('action.reload'), run: () => location.reload() }} />}
      {!storeAway.value && stopped.value === undefined && !online.value && <Line text={t('line.offline')} />}
      {children}
      <nav class="ph-nav" aria-label={t('nav.main')}>
        {places().filter(x => !x.more).map(x => (
          <a key={x.href} href={x.href} aria-current={x.here ? 'page' : undefined}>
            <span class="w"><Icon name={x.icon} /><Badge of={x} /></span>
            {x.text}
          </a>
        ))}
        <Menu
          end
          cls={places().some(x => x.more && x.here) ? 'here' : ''}
          button={<><span class="w"><Icon name="more" /></span>{t('nav.more')}</>}
          items={places().filter(x => x.more).map(x => ({ text: x.text, icon: x.icon, href: x.href }))}
        />
      </nav>
      <OffersPanel />
      <Toaster />
    </div>
  )
}

function Badge({ of: x }: { of: Place }) {
  return x.badge ? <><b class="count num" aria-hidden="true">{x.badge > 99 ? '99+' : x.badge}</b><span class="vh">{t('notices.badge', { n: x.badge })}</span></> : null
}

function skip(e: Event): void {
  e.preventDefault()
  const main = document.querySelector<HTMLElement>('main')
  main?.setAttribute('tabindex', '-1')
  main?.focus()
}

/** Line says under the bar what is wrong with everything at once. */
function Line({ text, act }: { text: string; act?: { text: string; run(): void } }) {
  return (
    <div class="line" role="status">
      <Icon name="warn" small />
      <span>{text}</span>
      {act && <button type="button" class="lnk" onClick={act.run}>{act.text}</button>}
    </div>
  )
}

/** Progress appears only when something takes longer than 400 ms. */
function Progress() {
  const busy = loads.value > 0
  const [slow, setSlow] = useState(false)
  useEffect(() => {
    if (!busy) {
      setSlow(false)
      return
    }
    const timer = setTimeout(() => setSlow(true), 400)
    return () => clearTimeout(timer)
  }, [busy])
  return slow ? <i class="progress" /> : null
}

function Person() {
  const a = account.value
  if (!a) return null
  const name = a.name || a.email
  return (
    <Menu
      end
      cls="me"
      button={<><Avatar name={name} /><bdi class="vh-phone">{name}</bdi><Icon name="down" small /></>}
      items={[
        { text: t('settings.account'), icon: 'gear', href: '/settings/account' },
        { text: t('nav.sign_out'), icon: 'exit', act: () => void signOut() },
      ]}
    />
  )
}

async function signOut(): Promise<void> {
  await me.logout().catch(() => {})
  stopEvents()
  session.value = null
  history.replaceState(null, '', '/')
  goSignIn()
}
