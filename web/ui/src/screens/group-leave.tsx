import { useState } from 'preact/hooks'
import { groups as api, type GroupPage } from '../api/sharing'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Confirm, Dialog } from '../kit/dialog'
import { SelectField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'

/**
 * GroupLeave asks before leaving. Who is the only administrator reads what ends
 * with the group, and may hand it to somebody instead (R48).
 */
export function GroupLeave({ group: g, onClose, onChanged, onLeft }: { group: GroupPage; onClose(): void; onChanged(): void; onLeft(): void }) {
  const mine = g.cameras.filter(c => c.mine).length
  const sole = g.role === 'administrator' && g.administrators === 1
  if (!sole) {
    return (
      <Confirm title={t('groups.leave_title', { name: g.name })} verb={t('groups.leave')} onClose={onClose} act={async () => { await api.leave(g.id, false); onLeft() }}>
        <p>{mine > 0 ? t('groups.leave_with', { n: mine }) : t('groups.leave_text')}</p>
      </Confirm>
    )
  }
  return <Sole group={g} onClose={onClose} onChanged={onChanged} onLeft={onLeft} />
}

function Sole({ group: g, onClose, onChanged, onLeft }: { group: GroupPage; onClose(): void; onChanged(): void; onLeft(): void }) {
  const others = g.people.filter(p => !p.me)
  const [deleting, setDeleting] = useState(others.length === 0)
  const facts = { name: g.name, people: t('groups.count', { n: g.participants }), cameras: t('cameras.count', { n: g.cameras.length }) }
  const form = useForm(
    { account: others[0]?.account.id ?? '' },
    () => ({}),
    async v => {
      await api.role(g.id, v.account, 'administrator')
      onChanged()
      await api.leave(g.id, false)
      onLeft()
    },
  )
  if (deleting) {
    return (
      <Confirm title={t('groups.sole_delete_title', { name: g.name })} verb={t('groups.leave_delete')} onClose={onClose} act={async () => { await api.leave(g.id, true); onLeft() }}>
        <p>{t('groups.sole_text', facts)}</p>
      </Confirm>
    )
  }
  return (
    <Dialog title={t('groups.leave_title', { name: g.name })} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <p>{t('groups.sole_text', facts)}</p>
        <SelectField bound={form.bind('account')} label={t('groups.instead')} hint={t('groups.instead_hint')} options={others.map(p => ({ value: p.account.id, text: `${p.account.name}, ${t(`role.${p.role}`)}` }))} />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <Button kind="danger" onClick={() => setDeleting(true)}>{t('groups.leave_delete')}</Button>
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('groups.hand_over')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
