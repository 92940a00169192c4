import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { path } from '../kit/router'
import { account } from '../state/session'

interface Section {
  title: string
  pages: { href: string; text: string }[]
}

function sections(): Section[] {
  return [
    {
      title: t('settings.sharing_part'),
      pages: [
        { href: '/settings/sharing', text: t('settings.sharing') },
        { href: '/settings/usage', text: t('usage.title') },
        { href: '/settings/temporary', text: t('settings.temporary') },
        { href: '/settings/people', text: t('settings.people') },
        { href: '/settings/groups', text: t('settings.groups') },
      ],
    },
    {
      title: t('settings.account_part'),
      pages: [
        { href: '/settings/account', text: t('settings.account') },
        { href: '/settings/notices', text: t('nav.notices') },
        { href: '/settings/audit', text: t('settings.audit') },
      ],
    },
    ...(account.value?.instance_admin ? [{ title: t('settings.server_part'), pages: [{ href: '/settings/instance', text: t('settings.instance') }] }] : []),
  ]
}

/** Settings is the frame of the settings pages: a list beside them, above them on a phone. */
export function Settings({ children }: { children: ComponentChildren }) {
  const here = path.value === '/settings' ? '/settings/sharing' : path.value
  const nav = useRef<HTMLElement>(null)
  // On a phone the list runs out at the side: the page one is on is in sight.
  useEffect(() => {
    const list = nav.current
    const item = list?.querySelector<HTMLElement>('[aria-current]')
    if (list && item && list.scrollWidth > list.clientWidth) item.scrollIntoView({ block: 'nearest', inline: 'center' })
  }, [here])
  return (
    <div class="page">
      <nav ref={nav} class="side" aria-label={t('nav.settings')}>
        {sections().map(s => (
          <div key={s.title} class="sec">
            <p class="cap">{s.title}</p>
            {s.pages.map(x => <a key={x.href} href={x.href} aria-current={x.href === here || here.startsWith(`${x.href}/`) ? 'page' : undefined}>{x.text}</a>)}
          </div>
        ))}
      </nav>
      <main id="main" class="main">{children}</main>
    </div>
  )
}
