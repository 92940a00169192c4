import { useEffect, useState } from 'preact/hooks'
import type { ComponentChildren } from 'preact'
import { open } from '../api/api'
import type { Status } from '../api/wire'
import { active, isLang, languages, setLanguage, t } from '../i18n/i18n'
import { Failed, Skeleton } from '../kit/blocks'
import { Icon, Logo } from '../kit/icons'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { go, path } from '../kit/router'
import { Toaster } from '../kit/toast'
import { Invite } from './invite'
import { Register } from './register'
import { Reset } from './reset'
import { Setup } from './setup'
import { SignIn } from './signin'
import { Verify } from './verify'

/** Door is what stands before the rooms: every page that needs no login. */
export function Door() {
  const status = useResource(open.status)
  const p = path.value
  const s = status.data
  useEffect(() => {
    if (s?.setup_required && p === '/signin') go('/setup', true)
    if (s && !s.setup_required && p === '/setup') go('/signin', true)
  }, [s, p])
  return (
    <div class="door">
      <header class="bar">
        <span class="brand"><Logo /><span>Sightline</span></span>
        <span class="sp" />
        <LanguageMenu />
      </header>
      {s?.insecure_http && <div class="line" role="status"><Icon name="warn" small /><span>{t('line.insecure')}</span></div>}
      <main id="main" class="in">
        {status.problem && <Failed problem={status.problem} retry={status.reload} />}
        {s ? <Room status={s} path={p} /> : !status.problem && <Skeleton rows={2} />}
      </main>
      <Toaster />
    </div>
  )
}

function Room({ status, path: p }: { status: Status; path: string }) {
  switch (p) {
    case '/setup':
      return <Setup />
    case '/invite':
      return <Invite />
    case '/reset':
      return <Reset mail={status.mail} />
    case '/verify':
      return <Verify />
    case '/register':
      return status.registration === 'open' ? <Register /> : <Notice>{t('reason.registration_closed')}</Notice>
  }
  return <SignIn status={status} />
}

export function LanguageMenu() {
  const { lang } = active.value
  const name = isLang(lang) ? languages[lang] : lang
  return (
    <Menu
      end
      label={t('nav.language', { name })}
      button={<><Icon name="globe" /><bdi>{name}</bdi><Icon name="down" small /></>}
      items={Object.entries(languages).map(([id, text]) => ({
        text: <bdi lang={id}>{text}</bdi>, checked: id === lang, act: () => void setLanguage(id),
      }))}
    />
  )
}

/** Heading is the title of a door page with its one sentence. */
export function Heading({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="heading">
      <h1>{title}</h1>
      {children && <p>{children}</p>}
    </div>
  )
}

/**
 * useSecret reads the one-time secret behind # and takes it out of the address.
 * Another link opened in the same tab changes only that part: it is read too.
 */
export function useSecret(): string {
  const [secret, setSecret] = useState(() => location.hash.slice(1))
  useEffect(() => {
    const read = (): void => {
      if (!location.hash) return
      setSecret(location.hash.slice(1))
      history.replaceState(null, '', location.pathname)
    }
    read()
    addEventListener('hashchange', read)
    return () => removeEventListener('hashchange', read)
  }, [])
  return secret
}
