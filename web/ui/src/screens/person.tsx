import type { Form } from '../kit/form'
import { TextField } from '../kit/field'
import { t } from '../i18n/i18n'
import * as rules from '../kit/rules'

/** What every new account says of itself. */
export interface PersonValues {
  name: string
  password: string
}

export function checkPerson(v: PersonValues): { name?: string; password?: string } {
  return { name: rules.name(v.name), password: rules.password(v.password) }
}

export function PersonFields<V extends PersonValues>({ form }: { form: Form<V> }) {
  return (
    <>
      <TextField bound={form.bind('name')} label={t('field.name')} autoComplete="name" hint={t('field.name_hint')} />
      <TextField bound={form.bind('password')} label={t('field.password')} type="password" autoComplete="new-password" dir="ltr" hint={t('field.password_hint')} />
    </>
  )
}
