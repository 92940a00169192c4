import { useState } from 'preact/hooks'
import { closing as api, type Closing } from '../api/sharing'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import * as rules from '../kit/rules'
import { toast } from '../kit/toast'
import { startEvents, stopEvents } from '../state/events'
import { account, goSignIn, session } from '../state/session'

/** CloseAccount ends everything of a person; the dialog first names what ends. */
export function CloseAccount() {
  const [open, setOpen] = useState(false)
  return (
    <section class="block">
      <h2>{t('closing.title')}</h2>
      <p class="muted">{t('closing.text')}</p>
      <Button kind="danger" extra="edge" onClick={() => setOpen(true)}>{t('closing.open')}</Button>
      {open && <Closer onClose={() => setOpen(false)} />}
    </section>
  )
}

function Closer({ onClose }: { onClose(): void }) {
  const what = useResource(api.get)
  const form = useForm(
    { password: '' },
    v => ({ password: rules.required(v.password) }),
    async v => {
      stopEvents() // the server ends this login's socket; that is no news here
      try {
        await api.close(v.password)
      } catch (e) {
        startEvents()
        throw e
      }
      session.value = null
      history.replaceState(null, '', '/')
      goSignIn()
      toast(t('closing.done'))
    },
  )
  return (
    <Dialog title={t('closing.ask')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <Loaded of={what} rows={2}>{c => <Ends of={c} />}</Loaded>
        <input class="vh" type="text" autoComplete="username" value={account.value?.email} readOnly tabIndex={-1} aria-hidden="true" />
        <TextField bound={form.bind('password')} label={t('account.current')} type="password" dir="ltr" autoComplete="current-password" />
        {form.problem?.code === 'conflict' ? <Notice tone="bad">{t('closing.only_admin')}</Notice> : <ProblemNotice problem={form.problem} />}
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="fatal" type="submit" busy={form.busy}>{t('closing.act')}</Button>
        </div>
      </form>
    </Dialog>
  )
}

function Ends({ of: c }: { of: Closing }) {
  return (
    <ul class="ends">
      <li>{c.cameras > 0 ? t('closing.cameras', { n: c.cameras }) : t('closing.no_cameras')}</li>
      {c.links > 0 && <li>{t('closing.links', { n: c.links })}</li>}
      {c.groups.map(g => <li key={g.id}>{t('closing.group', { name: g.name, people: t('groups.count', { n: g.participants }) })}</li>)}
      <li>{t('closing.received')}</li>
    </ul>
  )
}
