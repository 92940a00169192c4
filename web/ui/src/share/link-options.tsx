import type { LinkOptions } from '../api/access'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city } from '../i18n/time'
import { wall } from '../i18n/zoned'
import { Check, TextField } from '../kit/field'
import type { Form } from '../kit/form'
import { WhenField } from '../kit/when'
import { iso, noOptions, type OptionValues } from './window'

/** OptionFields are what every link may have besides its cameras; all off by default (rows R41, R64). */
export function OptionFields<V extends OptionValues>({ form, zone, link, end = true }: { form: Form<V>; zone: string; link?: Link; end?: boolean }) {
  // A form of more fields binds these the same.
  const f = form as unknown as Form<OptionValues>
  const has = link?.has_password ?? false
  return (
    <>
      {end && <WhenField bound={f.bind('ends')} label={t('link.ends')} optional hint={t('link.zone_mine', { zone: city(zone) })} />}
      <TextField bound={f.bind('password')} label={t('field.password')} optional dir="ltr" autoComplete="off" spellcheck={false} hint={has ? t('link.password_set') : t('link.password_hint')} />
      {has && <Check bound={f.bind('no_password')} label={t('link.no_password')} />}
      <TextField bound={f.bind('max_viewers')} label={t('link.max')} optional dir="ltr" inputMode="text" autoComplete="off" hint={t('link.max_hint')} />
      <TextField bound={f.bind('note')} label={t('link.note')} optional autoComplete="off" maxLength={500} hint={t('link.note_hint')} />
      <Check bound={f.bind('sound')} label={t('link.sound')} hint={t('link.sound_hint')} />
    </>
  )
}

/** optionsOf shows a link's options in a form. */
export function optionsOf(l: Link, zone: string): OptionValues {
  return {
    ...noOptions,
    ends: l.ends ? wall(Date.parse(l.ends), zone) : '',
    max_viewers: l.max_viewers ? String(l.max_viewers) : '',
    sound: l.sound ?? false,
    note: l.note ?? '',
  }
}

/** made are the options of a new link. */
export function made(v: OptionValues, zone: string): LinkOptions {
  const ends = iso(v.ends, zone)
  return {
    ...(ends ? { ends } : {}),
    ...(v.password ? { password: v.password } : {}),
    ...(v.max_viewers.trim() ? { max_viewers: Number(v.max_viewers) } : {}),
    ...(v.sound ? { sound: true } : {}),
    ...(v.note.trim() ? { note: v.note.trim() } : {}),
  }
}

/** altered are the options that differ from the link's: nothing else is sent. */
export function altered(v: OptionValues, l: Link, zone: string): LinkOptions {
  const was = optionsOf(l, zone)
  const out: LinkOptions = {}
  if (v.ends !== was.ends) out.ends = iso(v.ends, zone) ?? null
  if (v.no_password) out.password = ''
  else if (v.password) out.password = v.password
  if (v.max_viewers.trim() !== was.max_viewers) out.max_viewers = Number(v.max_viewers.trim() || 0)
  if (v.sound !== was.sound) out.sound = v.sound
  if (v.note.trim() !== was.note) out.note = v.note.trim()
  return out
}
