import { useState } from 'preact/hooks'
import { open } from '../api/api'
import { active, t } from '../i18n/i18n'
import { hereZone } from '../i18n/time'
import { Button } from '../kit/button'
import { Check, TextArea, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { Heading } from './door'
import { checkPerson, PersonFields } from './person'
import { enter } from './signin'

interface Found {
  code: string
  networks: string[]
  loopback: boolean
}

/** Setup runs once: the code from the terminal, then the first account and where cameras may be. */
export function Setup() {
  const [found, setFound] = useState<Found>()
  return found ? <FirstAccount found={found} /> : <Code onFound={setFound} />
}

function Code({ onFound }: { onFound(f: Found): void }) {
  const form = useForm(
    { code: '' },
    v => ({ code: rules.required(v.code) }),
    async v => {
      const code = v.code.trim()
      const r = await open.setupCheck(code)
      onFound({ code, networks: r.networks, loopback: r.loopback_cameras })
    },
  )
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('setup.title')}>{t('setup.code_text')}</Heading>
      <TextField bound={form.bind('code')} label={t('setup.code')} hint={t('setup.code_hint')} autoComplete="one-time-code" autoCapitalize="characters" spellcheck={false} dir="ltr" />
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('setup.next')}</Button>
    </form>
  )
}

function FirstAccount({ found }: { found: Found }) {
  const form = useForm(
    { email: '', name: '', password: '', networks: found.networks.join('\n'), loopback_cameras: found.loopback, code: found.code },
    v => ({ ...checkPerson(v), email: rules.email(v.email), networks: rules.networks(v.networks) ? undefined : 'bad_network' }),
    async v => {
      await open.setup({
        code: v.code, email: v.email.trim(), name: v.name.trim(), password: v.password,
        language: active.value.lang, zone: hereZone(),
        networks: rules.networks(v.networks) ?? [], loopback_cameras: v.loopback_cameras,
      })
      await enter()
    },
  )
  return (
    <form class="form" onSubmit={form.onSubmit} noValidate>
      <Heading title={t('setup.account_title')}>{t('setup.account_text')}</Heading>
      <TextField bound={form.bind('email')} label={t('field.email')} type="email" autoComplete="username" inputMode="email" dir="ltr" />
      <PersonFields form={form} />
      <fieldset class="group">
        <legend>{t('networks.title')}</legend>
        <p class="hint">{t('networks.text')}</p>
        <TextArea bound={form.bind('networks')} label={t('networks.field')} hint={t('networks.hint')} />
        <Check bound={form.bind('loopback_cameras')} label={t('networks.loopback')} hint={t('networks.loopback_hint')} />
      </fieldset>
      <ProblemNotice problem={form.problem} />
      <Button kind="primary" type="submit" busy={form.busy} extra="wide">{t('setup.act')}</Button>
    </form>
  )
}
