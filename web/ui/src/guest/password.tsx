import { useEffect, useRef } from 'preact/hooks'
import { guest as api } from '../api/api'
import type { Visit } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'

/** Password asks for the link's password, once a visit. A wrong one stays a field's error; after some the server slows. */
export function Password({ link, onVisit }: { link: string; onVisit(v: Visit): void }) {
  const form = useForm(
    { password: '' },
    v => ({ password: rules.required(v.password) }),
    async v => onVisit(await api.password(link, v.password)),
  )
  const root = useRef<HTMLFormElement>(null)
  useEffect(() => root.current?.querySelector('input')?.focus(), [])
  return (
    <main id="main" class="gst">
      <form class="in" ref={root} onSubmit={form.onSubmit} noValidate>
        <div class="gl"><Icon name="lock" /></div>
        <h1>{t('guest.password')}</h1>
        <p class="ask">{t('reason.password_required')}</p>
        <TextField bound={form.bind('password')} label={t('field.password')} type="password" autoComplete="off" dir="ltr" />
        <ProblemNotice problem={form.problem} />
        <Button kind="primary" type="submit" busy={form.busy}>{t('guest.open')}</Button>
      </form>
    </main>
  )
}
