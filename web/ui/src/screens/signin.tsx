import { useEffect, useRef } from 'preact/hooks'
import { open } from '../api/api'
import { Problem } from '../api/problem'
import type { Status } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { Button } from '../kit/button'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import { go } from '../kit/router'
import * as rules from '../kit/rules'
import { endedBy, fresh, loadSession, sessionProblem } from '../state/session'
import { Heading } from './door'

export function SignIn({ status }: { status: Status }) {
  const form = useForm(
    { email: '', password: '' },
    v => ({ email: rules.required(v.email), password: rules.required(v.password) }),
    async v => {
      await open.login(v.email.trim(), v.password)
      await enter()
    },
  )
  const root = useRef<HTMLFormElement>(null)
  useEffect(() => root.current?.querySelector('input')?.focus(), [])
  return (
    <form ref={root} class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('signin.title')} />
      {endedBy.value && !form.problem && <Notice>{reason(endedBy.value)}</Notice>}
      <TextField bound={form.bind('email')} label={t('field.email')} type="email" autoComplete="username" inputMode="email" dir="ltr" />
      <TextField bound={form.bind('password')} label={t('field.password')} type="password" autoComplete="current-password" dir="ltr" />
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('signin.act')}</Button>
      <p class="meta">
        {status.mail ? <a href="/reset">{t('signin.forgot')}</a> : <span class="dim">{t('signin.forgot_no_mail')}</span>}
        {status.registration === 'open' && <> <a href="/register">{t('signin.register')}</a></>}
      </p>
    </form>
  )
}

/**
 * enter goes in after a login was given. Where the login's cookie does not come
 * back (plain HTTP beyond this machine) it says so instead of asking again for ever.
 */
export async function enter(): Promise<void> {
  endedBy.value = undefined
  fresh.value = true
  const me = await loadSession()
  // Not answered is not refused: then it is not the cookie that was lost.
  if (!me) throw sessionProblem.value ?? new Problem({ status: 0, code: 'cookie_lost' })
  const next = new URLSearchParams(location.search).get('next') ?? '/'
  go(/^\/(?!\/)/.test(next) ? next : '/', true)
}
