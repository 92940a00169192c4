import type { ComponentChildren } from 'preact'
import { t } from '../i18n/i18n'
import { path } from '../kit/router'
import { account } from '../state/session'

/** Settings is the frame of the settings pages: a list beside them, above them on a phone. */
export function Settings({ children }: { children: ComponentChildren }) {
  const pages = [
    { href: '/settings/sharing', text: t('settings.sharing') },
    { href: '/settings/account', text: t('settings.account') },
    ...(account.value?.instance_admin ? [{ href: '/settings/instance', text: t('settings.instance') }] : []),
  ]
  const here = path.value === '/settings' ? '/settings/sharing' : path.value
  return (
    <div class="page">
      <nav class="side" aria-label={t('nav.settings')}>
        {pages.map(x => <a key={x.href} href={x.href} aria-current={x.href === here ? 'page' : undefined}>{x.text}</a>)}
      </nav>
      <main id="main" class="main">{children}</main>
    </div>
  )
}
