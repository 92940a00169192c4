import { useState } from 'preact/hooks'
import { open } from '../api/api'
import { active, t } from '../i18n/i18n'
import { hereZone } from '../i18n/time'
import { Button } from '../kit/button'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { Heading } from './door'
import { checkPerson, PersonFields } from './person'

/** Register exists only while registration is open; the letter decides. */
export function Register() {
  const [sent, setSent] = useState(false)
  const form = useForm(
    { email: '', name: '', password: '' },
    v => ({ ...checkPerson(v), email: rules.email(v.email) }),
    async v => {
      await open.register({ email: v.email.trim(), name: v.name.trim(), password: v.password, language: active.value.lang, zone: hereZone() })
      setSent(true)
    },
  )
  if (sent) {
    return (
      <div class="form">
        <Heading title={t('register.title')} />
        <Notice tone="good" live>{t('register.sent', { email: form.values.email.trim() })}</Notice>
      </div>
    )
  }
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('register.title')} />
      <TextField bound={form.bind('email')} label={t('field.email')} type="email" autoComplete="username" inputMode="email" dir="ltr" />
      <PersonFields form={form} />
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('register.act')}</Button>
      <p><a href="/signin">{t('signin.act')}</a></p>
    </form>
  )
}
