import { useState } from 'preact/hooks'
import { groups as api, type GroupCode, type GroupInvitation, type GroupPage, type Role } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Button } from '../kit/button'
import { Confirm, Dialog } from '../kit/dialog'
import { copy } from '../kit/copy'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { MailTo } from '../kit/mail-to'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { zone } from '../state/session'
import { SecretLine } from './link-show'

/** GroupCodes are the ways into a group, for its administrators: codes for many, an invitation for one administrator. */
export function GroupCodes({ group: g, onChanged }: { group: GroupPage; onChanged(): void }) {
  const [making, setMaking] = useState(false)
  const [inviting, setInviting] = useState(false)
  const [shown, setShown] = useState<{ title: string; text: string; code: string; mail?: { to: string; subject: string; body: string } }>()
  const [ending, setEnding] = useState<GroupCode>()
  const [problem, setProblem] = useState<Problem>()
  const codes = g.codes ?? []
  const invitations = g.invitations ?? []
  const until = (s: string): string => date(parseTime(s) ?? 0, zone.value)

  const show = (c: GroupCode): void => setShown({ title: t('codes.for', { role: t(`role.${c.role}`) }), text: t('codes.hand', { when: until(c.expires_at) }), code: c.code })
  const run = async (act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
    onChanged()
  }
  const copyCode = async (c: GroupCode): Promise<void> => {
    if (await copy(c.code)) toast(t('codes.copied'))
    else show(c)
  }
  const invited = (i: GroupInvitation): void => {
    setInviting(false)
    onChanged()
    if (i.code) {
      const body = `${t('mail.code_body', { group: g.name, when: until(i.expires_at) })}\n\n${i.code}\n\n${location.origin}/settings/groups\n`
      setShown({ title: i.email, text: t('codes.hand_once', { when: until(i.expires_at) }), code: i.code, mail: { to: i.email, subject: t('mail.code_subject', { group: g.name }), body } })
    }
    else toast(t('invitations.mailed', { email: i.email }))
  }

  return (
    <section class="block" aria-labelledby="codes">
      <div class="head">
        <div>
          <h2 id="codes">{t('codes.title')}</h2>
          <p class="muted">{t('codes.text')}</p>
        </div>
        <span class="sp" />
        <Button icon="plus" onClick={() => setMaking(true)}>{t('codes.new')}</Button>
        <Button onClick={() => setInviting(true)}>{t('codes.invite_admin')}</Button>
      </div>
      <ProblemNotice problem={problem} />
      {codes.length === 0 && invitations.length === 0 && <p class="dim">{t('codes.none')}</p>}
      {codes.length > 0 && (
        <Table
          label={t('codes.title')}
          rows={codes}
          id={c => c.id}
          columns={[
            { head: t('codes.code'), role: 'title', cell: c => <bdi dir="ltr" class="mono code">{c.code}</bdi> },
            { head: t('codes.role'), role: 'state', cell: c => t(`role.${c.role}`) },
            { head: t('codes.uses'), role: 'num', cell: c => c.uses },
            { head: t('invitations.until'), cell: c => <span class="num">{until(c.expires_at)}</span> },
            {
              head: '',
              role: 'acts',
              cell: c => (
                <>
                  <Button small icon="copy" onClick={() => void copyCode(c)} aria-label={t('codes.copy_name', { role: t(`role.${c.role}`) })}>{t('action.copy')}</Button>
                  <Button small icon="refresh" onClick={() => void run(async () => show(await api.rotateCode(g.id, c.id)))} title={t('codes.rotate_hint')}>{t('codes.rotate')}</Button>
                  <Button small kind="danger" onClick={() => setEnding(c)}>{t('codes.revoke')}</Button>
                </>
              ),
            },
          ]}
        />
      )}
      {invitations.length > 0 && (
        <Table
          label={t('codes.invitations')}
          rows={invitations}
          id={i => i.id}
          columns={[
            { head: t('codes.invitations'), role: 'title', cell: i => <b><bdi>{i.email}</bdi></b> },
            { head: t('codes.role'), role: 'state', cell: () => t('role.administrator') },
            { head: t('invitations.until'), cell: i => <span class="num">{until(i.expires_at)}</span> },
            { head: '', role: 'acts', cell: i => <Button small kind="danger" onClick={() => void run(() => api.uninvite(g.id, i.id))}>{t('invitations.end')}</Button> },
          ]}
        />
      )}
      {making && <NewCode group={g} onClose={() => setMaking(false)} onMade={c => { setMaking(false); onChanged(); show(c) }} />}
      {inviting && <Invite group={g} onClose={() => setInviting(false)} onMade={invited} />}
      {shown && (
        <Dialog title={<bdi>{shown.title}</bdi>} onClose={() => setShown(undefined)}>
          <p class="muted">{shown.text}</p>
          <SecretLine label={t('codes.code')} text={shown.code} />
          {shown.mail && <MailTo {...shown.mail} />}
        </Dialog>
      )}
      {ending && (
        <Confirm title={t('codes.revoke_title')} verb={t('codes.revoke')} onClose={() => setEnding(undefined)} act={async () => { await api.revokeCode(g.id, ending.id); onChanged() }}>
          <p>{t('codes.revoke_text')}</p>
        </Confirm>
      )}
    </section>
  )
}

function NewCode({ group: g, onClose, onMade }: { group: GroupPage; onClose(): void; onMade(c: GroupCode): void }) {
  const form = useForm(
    { role: 'viewer', days: '7' },
    () => ({}),
    async v => onMade(await api.addCode(g.id, v.role as Role, Number(v.days))),
  )
  return (
    <Dialog title={t('codes.new')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <SelectField bound={form.bind('role')} label={t('codes.role')} hint={t('groups.roles_text')} options={(['viewer', 'member'] as const).map(r => ({ value: r, text: t(`role.${r}`) }))} />
        <SelectField bound={form.bind('days')} label={t('tokens.ends')} options={[1, 7, 30].map(n => ({ value: String(n), text: t('tokens.days', { n }) }))} />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('codes.make')}</Button>
        </div>
      </form>
    </Dialog>
  )
}

/** Invite makes one person an administrator: bound to the e-mail, once, within 24 hours. */
function Invite({ group: g, onClose, onMade }: { group: GroupPage; onClose(): void; onMade(i: GroupInvitation): void }) {
  const form = useForm(
    { email: '' },
    v => ({ email: rules.email(v.email) }),
    async v => onMade(await api.invite(g.id, v.email.trim())),
  )
  return (
    <Dialog title={t('codes.invite_admin')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <p class="muted">{t('codes.invite_text')}</p>
        <TextField bound={form.bind('email')} label={t('field.email')} type="email" inputMode="email" autoComplete="off" dir="ltr" />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('invitations.act')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
