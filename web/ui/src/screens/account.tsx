import { useState } from 'preact/hooks'
import { me as api } from '../api/api'
import { asProblem } from '../api/problem'
import type { Account, Login, Theme } from '../api/wire'
import { languages, t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { moment, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Segmented, Switch } from '../kit/choice'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import * as rules from '../kit/rules'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { browserName } from '../state/browser'
import { account, putAccount, zone } from '../state/session'
import { Storage } from '../gallery/quota'
import { CloseAccount } from './close-account'
import { ConnectionTest } from './connection-test'
import { Kiosks } from './kiosks'
import { Settings } from './settings'
import { Tokens } from './tokens'
import { zones } from './zones'

/** AccountScreen is everything about the person himself. */
export function AccountScreen() {
  const a = account.value
  if (!a) return null
  return (
    <Settings>
      <h1>{t('settings.account')}</h1>
      <p class="muted lead"><bdi>{a.email}</bdi> {!a.email_verified && <Chip tone="warn" icon="warn">{t('account.unverified')}</Chip>}</p>
      <div class="cards">
        <Profile account={a} />
        <Looks account={a} />
        <Password />
      </div>
      <Storage />
      <Logins />
      <Tokens />
      <ConnectionTest />
      <CloseAccount />
    </Settings>
  )
}

function Profile({ account: a }: { account: Account }) {
  const form = useForm(
    { name: a.name, language: a.language, zone: a.zone },
    v => ({ name: rules.name(v.name) }),
    async v => {
      const r = await api.patch({ name: v.name.trim(), language: v.language, zone: v.zone })
      await putAccount(r.account)
      toast(t('account.saved'))
    },
  )
  return (
    <form class="card form" onSubmit={form.onSubmit} noValidate>
      <h2>{t('account.profile')}</h2>
      <TextField bound={form.bind('name')} label={t('field.name')} hint={t('field.name_hint')} autoComplete="name" />
      <SelectField bound={form.bind('language')} label={t('field.language')} hint={t('account.language_hint')} options={Object.entries(languages).map(([value, text]) => ({ value, text }))} />
      <SelectField bound={form.bind('zone')} label={t('field.zone')} options={zones(form.values.zone)} />
      <ProblemNotice problem={form.problem} />
      <div class="acts"><Button kind="primary" type="submit" busy={form.busy}>{t('action.save')}</Button></div>
    </form>
  )
}

/** Looks takes effect at once. */
function Looks({ account: a }: { account: Account }) {
  const [failed, setFailed] = useState<string>()
  const patch = async (b: { theme?: Theme; shortcuts?: boolean; discoverable?: boolean; usage_mails?: boolean }): Promise<void> => {
    setFailed(undefined)
    const before = a
    await putAccount({ ...a, ...b })
    try {
      const r = await api.patch(b)
      await putAccount(r.account)
    } catch (e) {
      await putAccount(before)
      setFailed(problemText(asProblem(e)))
    }
  }
  return (
    <section class="card form">
      <h2>{t('account.looks')}</h2>
      <div class="field">
        <p class="lab">{t('account.theme')}</p>
        <Segmented<Theme>
          label={t('account.theme')}
          value={a.theme}
          onChange={theme => void patch({ theme })}
          options={[
            { value: 'system', text: t('theme.system') },
            { value: 'dark', text: t('theme.dark') },
            { value: 'light', text: t('theme.light') },
          ]}
        />
      </div>
      {a.discoverable !== undefined && <Switch label={t('account.discoverable')} hint={t('account.discoverable_hint')} checked={a.discoverable} onChange={discoverable => void patch({ discoverable })} />}
      {a.usage_mails !== undefined && <Switch label={t('account.usage_mails')} hint={t('account.usage_mails_hint')} checked={a.usage_mails} onChange={usage_mails => void patch({ usage_mails })} />}
      <Switch label={t('account.shortcuts')} hint={t('account.shortcuts_hint')} checked={a.shortcuts} onChange={shortcuts => void patch({ shortcuts })} />
      {failed && <Notice tone="bad">{failed}</Notice>}
    </section>
  )
}

function Password() {
  const form = useForm(
    { current: '', password: '' },
    v => ({ current: rules.required(v.current), password: rules.password(v.password) }),
    async v => {
      await api.password(v.current, v.password)
      form.set({ current: '', password: '' })
      toast(t('account.password_done'))
    },
  )
  return (
    <form class="card form" onSubmit={form.onSubmit} noValidate>
      <h2>{t('account.password')}</h2>
      <input class="vh" type="text" autoComplete="username" value={account.value?.email} readOnly tabIndex={-1} aria-hidden="true" />
      <TextField bound={form.bind('current')} label={t('account.current')} type="password" dir="ltr" autoComplete="current-password" />
      <TextField bound={form.bind('password')} label={t('field.new_password')} type="password" dir="ltr" autoComplete="new-password" hint={t('field.password_hint')} />
      <p class="hint">{t('account.password_hint')}</p>
      <ProblemNotice problem={form.problem} />
      <div class="acts"><Button type="submit" busy={form.busy}>{t('account.change_password')}</Button></div>
    </form>
  )
}

function Logins() {
  const logins = useResource(() => api.logins().then(r => r.logins))
  const [failed, setFailed] = useState<string>()
  const end = async (l: Login): Promise<void> => {
    setFailed(undefined)
    try {
      await api.endLogin(l.id)
      logins.reload()
      toast(t('account.login_ended'))
    } catch (e) {
      setFailed(problemText(asProblem(e)))
    }
  }
  const when = (s: string): string => {
    const ms = parseTime(s)
    return ms === undefined ? '–' : moment(ms, zone.value, Date.now())
  }
  return (
    <>
    <section class="block">
      <h2>{t('account.logins')}</h2>
      <p class="muted">{t('account.logins_text')}</p>
      {failed && <Notice tone="bad">{failed}</Notice>}
      <Loaded of={logins} rows={2}>
        {rows => (
          <Table
            label={t('account.logins')}
            rows={rows.filter(l => !l.kiosk)}
            id={l => l.id}
            columns={[
              { head: t('account.browser'), role: 'title', cell: l => <b><bdi>{browserName(l.browser)}</bdi></b> },
              { head: '', role: 'state', cell: l => (l.current ? <Chip tone="blue">{t('account.this_one')}</Chip> : null) },
              { head: t('account.address'), cell: l => <bdi dir="ltr" class="num">{l.ip}</bdi> },
              { head: t('account.since'), cell: l => <span class="num">{when(l.created_at)}</span> },
              { head: t('account.seen'), cell: l => <span class="num">{when(l.last_seen_at)}</span> },
              { head: '', role: 'acts', cell: l => (l.current ? null : <Button small onClick={() => void end(l)}>{t('account.end_login')}</Button>) },
            ]}
          />
        )}
      </Loaded>
    </section>
    {logins.data && <Kiosks logins={logins.data} onEnded={logins.reload} />}
    </>
  )
}
