import { useEffect, useState } from 'preact/hooks'
import { open } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import { active, t } from '../i18n/i18n'
import { hereZone } from '../i18n/time'
import { Skeleton } from '../kit/blocks'
import { Button } from '../kit/button'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { Heading, useSecret } from './door'
import { checkPerson, PersonFields } from './person'
import { enter } from './signin'

/** Invite redeems an invitation: the e-mail is settled, the rest is the person's. */
export function Invite() {
  const token = useSecret()
  const [email, setEmail] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    setEmail(undefined)
    setProblem(undefined)
    open.invitation(token).then(r => setEmail(r.email), e => setProblem(asProblem(e)))
  }, [token])
  const form = useForm({ name: '', password: '' }, checkPerson, async v => {
    await open.invitationRedeem({ token, name: v.name.trim(), password: v.password, language: active.value.lang, zone: hereZone() })
    await enter()
  })
  if (problem) {
    return (
      <div class="form">
        <Heading title={t('invite.title')} />
        <ProblemNotice problem={problem} />
        <p><a href="/signin">{t('signin.act')}</a></p>
      </div>
    )
  }
  if (email === undefined) return <Skeleton rows={2} />
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('invite.title')}>{t('invite.text', { email })}</Heading>
      <input type="hidden" autoComplete="username" value={email} />
      <PersonFields form={form} />
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('invite.act')}</Button>
    </form>
  )
}
