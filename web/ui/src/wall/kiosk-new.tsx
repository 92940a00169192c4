import { useEffect, useState } from 'preact/hooks'
import { makeKiosk } from '../api/kiosk'
import { Problem } from '../api/problem'
import type { View } from '../api/wire'
import { t } from '../i18n/i18n'
import { Failed, Skeleton } from '../kit/blocks'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { SecretLine } from '../screens/link-show'
import { Code } from '../share/qr'
import { patrolDefault, patrolTimes } from './patrol'

export interface KioskNewProps {
  /** None: all cameras. */
  view: View | undefined
  onClose(): void
}

/** KioskNew makes a kiosk of the view on the wall and shows its address once: to copy, or to photograph with the screen. */
export function KioskNew({ view, onClose }: KioskNewProps) {
  // What an account begins with is no stored view; a screen shows all cameras then.
  const stored = view && view.id !== 'default' ? view : undefined
  const shows = stored ? t('kiosk.shows', { view: stored.name }) : t('kiosk.shows_all')
  const [made, setMade] = useState<{ name: string; url: string }>()
  // The first thing to do is to name it.
  useEffect(() => document.querySelector<HTMLElement>('dialog[open] form input')?.focus(), [])
  const form = useForm(
    { name: '', days: '', patrol: String(patrolDefault) },
    v => ({ name: rules.name(v.name) }),
    async v => {
      const r = await makeKiosk(stored?.id ?? 'default', v.name.trim(), Number(v.patrol), v.days === '' ? undefined : Number(v.days))
      setMade({ name: v.name.trim(), url: r.url })
    },
  )
  if (made) {
    return (
      <Dialog title={<bdi>{made.name}</bdi>} sub={shows} onClose={onClose} footer={<><span class="sp" /><Button onClick={onClose}>{t('action.close')}</Button></>}>
        <SecretLine label={t('kiosk.address')} text={made.url} />
        <p class="muted">{t('kiosk.once')}</p>
        <Picture url={made.url} name={made.name} />
        <p class="hint"><a href="/settings/account">{t('kiosk.where')}</a></p>
      </Dialog>
    )
  }
  return (
    <Dialog title={t('kiosk.new')} sub={shows} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <p class="muted">{t('kiosk.text')}</p>
        <TextField bound={form.bind('name')} label={t('kiosk.name')} hint={t('kiosk.name_hint')} autoComplete="off" />
        <SelectField
          bound={form.bind('patrol')}
          label={t('kiosk.patrol')}
          hint={t('kiosk.patrol_hint')}
          options={patrolTimes.map(s => ({ value: String(s), text: t('unit.s', { n: s }) }))}
        />
        <SelectField
          bound={form.bind('days')}
          label={t('tokens.ends')}
          options={[{ value: '', text: t('kiosk.no_end') }, ...[1, 7, 30, 365].map(n => ({ value: String(n), text: t('tokens.days', { n }) }))]}
        />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('kiosk.make')}</Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Picture is the address as a code; the encoder is fetched when it is first needed. */
function Picture({ url, name }: { url: string; name: string }) {
  const [rows, setRows] = useState<boolean[][]>()
  const [failed, setFailed] = useState(false)
  const load = (): void => {
    setFailed(false)
    import('uqr').then(m => setRows(m.encode(url, { ecc: 'M', border: 4 }).data), () => setFailed(true))
  }
  useEffect(load, [url])
  if (failed) return <Failed problem={new Problem({ status: 0, code: 'network' })} retry={load} />
  return rows ? <Code rows={rows} label={t('link.qr_of', { name })} /> : <Skeleton />
}
