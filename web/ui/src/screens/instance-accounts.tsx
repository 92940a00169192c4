import { useState } from 'preact/hooks'
import { instance as api } from '../api/api'
import { asProblem } from '../api/problem'
import type { InstanceAccount } from '../api/wire'
import type { Key } from '../i18n/catalogue'
import { hasText, t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { date, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Chip } from '../kit/chip'
import { Confirm, Dialog } from '../kit/dialog'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { MailTo } from '../kit/mail-to'
import { useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { account, zone } from '../state/session'
import { SecretLine } from './link-show'

const plans = ['trial', 'mini', 'standard', 'pro'] as const

export function planName(plan: string): string {
  const key = `plan.${plan}`
  return hasText(key) ? t(key as Key) : plan
}

/** Accounts are everybody's plan and state; their cameras are their own. */
export function Accounts() {
  const list = useResource(() => api.accounts().then(r => r.accounts))
  const [suspending, setSuspending] = useState<InstanceAccount>()
  const [reset, setReset] = useState<{ account: InstanceAccount; url: string }>()
  const [failed, setFailed] = useState<string>()

  const run = async (act: () => Promise<string | undefined>): Promise<void> => {
    setFailed(undefined)
    try {
      const said = await act()
      list.reload()
      if (said) toast(said)
    } catch (e) {
      setFailed(problemText(asProblem(e)))
    }
  }
  const menu = (a: InstanceAccount) => [
    ...plans.map(p => ({
      text: planName(p), checked: a.plan === p,
      act: () => void run(async () => { await api.patchAccount(a.id, { plan: p }); return t('accounts.plan_set', { name: a.name, plan: planName(p) }) }),
    })),
    {
      text: t('accounts.reset'),
      act: () => void run(async () => {
        const r = await api.resetAccount(a.id)
        if (r.url) setReset({ account: a, url: r.url })
        return r.mailed ? t('accounts.reset_mailed', { email: a.email }) : undefined
      }),
    },
    ...(a.id === account.value?.id ? [] : [a.state === 'suspended'
      ? { text: t('accounts.activate'), act: () => void run(async () => { await api.patchAccount(a.id, { state: 'active' }); return t('accounts.activated', { name: a.name }) }) }
      : { text: t('accounts.suspend'), danger: true, act: () => setSuspending(a) }]),
  ]

  return (
    <>
      {failed && <Notice tone="bad">{failed}</Notice>}
      <Loaded of={list}>
        {rows => (
          <Table
            label={t('instance.accounts')}
            rows={rows}
            id={a => a.id}
            columns={[
              { head: t('accounts.person'), role: 'title', cell: a => <><b><bdi>{a.name}</bdi></b><p class="dim meta"><bdi>{a.email}</bdi></p></> },
              {
                head: t('cameras.state'), role: 'state',
                cell: a => a.state === 'suspended' ? <Chip tone="bad" icon="lock">{t('accounts.suspended')}</Chip> : a.instance_admin ? <Chip tone="blue">{t('accounts.admin')}</Chip> : <Chip tone="live" icon="check">{t('accounts.active')}</Chip>,
              },
              { head: t('accounts.plan'), cell: a => planName(a.plan) },
              { head: t('accounts.cameras'), role: 'num', cell: a => a.cameras },
              { head: t('accounts.since'), cell: a => <span class="num">{date(parseTime(a.created_at) ?? 0, zone.value)}</span> },
              { head: '', role: 'acts', cell: a => <Menu end label={t('accounts.change_name', { name: a.name })} cls="btn s" button={<>{t('accounts.change')}<Icon name="down" small /></>} items={menu(a)} /> },
            ]}
          />
        )}
      </Loaded>
      {suspending && (
        <Confirm
          title={t('accounts.suspend_title', { name: suspending.name })}
          verb={t('accounts.suspend')}
          onClose={() => setSuspending(undefined)}
          act={async () => {
            await api.patchAccount(suspending.id, { state: 'suspended' })
            list.reload()
            toast(t('accounts.suspended_toast', { name: suspending.name }))
          }}
        >
          <p>{t('accounts.suspend_text')}</p>
        </Confirm>
      )}
      {reset && (
        <Dialog title={t('accounts.reset')} onClose={() => setReset(undefined)}>
          <p class="muted">{t('accounts.reset_hand', { name: reset.account.name })}</p>
          <SecretLine label={t('links.link')} text={reset.url} />
          <MailTo to={reset.account.email} subject={t('mail.reset_subject')} body={`${t('mail.reset_body')}\n\n${reset.url}\n`} />
        </Dialog>
      )}
    </>
  )
}
