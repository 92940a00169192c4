import { useState } from 'preact/hooks'
import { open } from '../api/api'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { Heading, useSecret } from './door'

/** Reset asks for the letter, or, opened from it, for the new password. */
export function Reset({ mail }: { mail: boolean }) {
  const token = useSecret()
  return token ? <NewPassword key={token} token={token} /> : <Ask mail={mail} />
}

function Ask({ mail }: { mail: boolean }) {
  const [sent, setSent] = useState(false)
  const form = useForm(
    { email: '' },
    v => ({ email: rules.email(v.email) }),
    async v => {
      await open.reset(v.email.trim())
      setSent(true)
    },
  )
  if (!mail) {
    return (
      <div class="form">
        <Heading title={t('reset.title')} />
        <Notice>{t('reset.no_mail')}</Notice>
        <p><a href="/signin">{t('signin.act')}</a></p>
      </div>
    )
  }
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('reset.title')}>{t('reset.text')}</Heading>
      <TextField bound={form.bind('email')} label={t('field.email')} type="email" autoComplete="username" inputMode="email" dir="ltr" />
      <ProblemNotice problem={form.problem} />
      {sent && <Notice tone="good" live>{t('reset.sent')}</Notice>}
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('reset.ask')}</Button>
      <p><a href="/signin">{t('signin.act')}</a></p>
    </form>
  )
}

function NewPassword({ token }: { token: string }) {
  const [done, setDone] = useState(false)
  const form = useForm(
    { password: '' },
    v => ({ password: rules.password(v.password) }),
    async v => {
      await open.resetRedeem(token, v.password)
      setDone(true)
    },
  )
  if (done) {
    return (
      <div class="form">
        <Heading title={t('reset.title')} />
        <Notice tone="good" live>{t('reset.done')}</Notice>
        <a class="btn primary wide" href="/signin">{t('signin.act')}</a>
      </div>
    )
  }
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('reset.title')}>{t('reset.new_text')}</Heading>
      <TextField bound={form.bind('password')} label={t('field.new_password')} type="password" autoComplete="new-password" dir="ltr" hint={t('field.password_hint')} />
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('reset.act')}</Button>
    </form>
  )
}
