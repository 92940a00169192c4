import { useState } from 'preact/hooks'
import { instance as api } from '../api/api'
import type { Invitation } from '../api/wire'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Confirm, Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { MailTo } from '../kit/mail-to'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import * as rules from '../kit/rules'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { zone } from '../state/session'
import { SecretLine } from './link-show'

/** Invitations bring people in: by mail where there is mail, else by a link handed over. */
export function Invitations({ mail }: { mail: boolean }) {
  const list = useResource(() => api.invitations().then(r => r.invitations))
  const [made, setMade] = useState<Invitation>()
  const [ending, setEnding] = useState<Invitation>()
  const form = useForm(
    { email: '' },
    v => ({ email: rules.email(v.email) }),
    async v => {
      const inv = await api.invite(v.email.trim())
      form.set({ email: '' })
      list.reload()
      if (inv.url) setMade(inv)
      else toast(t('invitations.mailed', { email: inv.email }))
    },
  )
  return (
    <>
      <form class="inline" onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('email')} label={t('invitations.email')} hint={mail ? t('invitations.hint_mail') : t('invitations.hint_link')} type="email" inputMode="email" autoComplete="off" dir="ltr" />
        <Button kind="primary" type="submit" busy={form.busy}>{t('invitations.act')}</Button>
      </form>
      <ProblemNotice problem={form.problem} />
      <Loaded of={list} rows={2}>
        {rows =>
          rows.length === 0 ? (
            <Empty title={t('invitations.none')} />
          ) : (
            <Table
              label={t('instance.invitations')}
              rows={rows}
              id={i => i.id}
              columns={[
                { head: t('field.email'), role: 'title', cell: i => <b><bdi>{i.email}</bdi></b> },
                { head: t('invitations.until'), cell: i => <span class="num">{date(parseTime(i.expires_at) ?? 0, zone.value)}</span> },
                {
                  head: '', role: 'acts',
                  cell: i => (
                    <>
                      {i.url && <Button small icon="copy" onClick={() => setMade(i)}>{t('invitations.show')}</Button>}
                      <Button small kind="danger" onClick={() => setEnding(i)}>{t('invitations.end')}</Button>
                    </>
                  ),
                },
              ]}
            />
          )}
      </Loaded>
      {made?.url && (
        <Dialog title={<bdi>{made.email}</bdi>} onClose={() => setMade(undefined)}>
          <p class="muted">{t('invitations.hand')}</p>
          <SecretLine label={t('links.link')} text={made.url} />
          <MailTo to={made.email} subject={t('mail.invite_subject')} body={`${t('mail.invite_body')}\n\n${made.url}\n`} />
        </Dialog>
      )}
      {ending && (
        <Confirm
          title={t('invitations.end_title', { email: ending.email })}
          verb={t('invitations.end')}
          onClose={() => setEnding(undefined)}
          act={async () => {
            await api.uninvite(ending.id)
            list.reload()
          }}
        >
          <p>{t('invitations.end_text')}</p>
        </Confirm>
      )}
    </>
  )
}
