import { useState } from 'preact/hooks'
import { groups as api, roles, type GroupPage, type Participant, type Role } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Avatar } from '../kit/avatar'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Confirm } from '../kit/dialog'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { Table, type Column } from '../kit/table'
import { toast } from '../kit/toast'
import { zone } from '../state/session'

/** GroupPeople lists who is in a group; administrators change roles and remove. */
export function GroupPeople({ group: g, onChanged }: { group: GroupPage; onChanged(): void }) {
  const [removing, setRemoving] = useState<Participant>()
  const [problem, setProblem] = useState<Problem>()
  const admin = g.role === 'administrator'
  const setRole = async (p: Participant, role: Role): Promise<void> => {
    setProblem(undefined)
    try {
      await api.role(g.id, p.account.id, role)
      toast(t('groups.role_set', { name: p.account.name, role: t(`role.${role}`) }))
    } catch (e) {
      setProblem(asProblem(e))
    }
    onChanged()
  }
  const columns: Column<Participant>[] = [
    {
      head: t('accounts.person'),
      role: 'title',
      cell: p => (
        <span class="row person">
          <Avatar name={p.account.name} />
          <span><b><bdi>{p.account.name}</bdi></b><span class="dim meta"><bdi>{p.account.email_masked}</bdi></span></span>
        </span>
      ),
    },
    { head: '', role: 'state', cell: p => (p.me ? <Chip tone="blue">{t('groups.you')}</Chip> : null) },
    { head: t('groups.role'), cell: p => (admin ? <RolePick person={p} onPick={r => void setRole(p, r)} /> : t(`role.${p.role}`)) },
    { head: t('groups.since'), cell: p => <span class="num">{date(parseTime(p.joined_at) ?? 0, zone.value)}</span> },
  ]
  if (admin) {
    columns.push({
      head: '',
      role: 'acts',
      cell: p => (p.me ? null : <Button small kind="danger" onClick={() => setRemoving(p)} aria-label={t('groups.expel_name', { name: p.account.name })}>{t('action.remove')}</Button>),
    })
  }
  return (
    <section class="block" aria-labelledby="people">
      <h2 id="people">{t('groups.people')}</h2>
      <p class="muted">{t('groups.roles_text')}</p>
      <ProblemNotice problem={problem} />
      <Table label={t('groups.people')} rows={g.people} id={p => p.account.id} columns={columns} />
      {removing && (
        <Confirm
          title={t('groups.expel_title', { name: removing.account.name })}
          verb={t('groups.expel')}
          onClose={() => setRemoving(undefined)}
          act={async () => {
            await api.expel(g.id, removing.account.id)
            onChanged()
            toast(t('groups.expelled', { name: removing.account.name }))
          }}
        >
          <p>{t('groups.expel_text')}</p>
        </Confirm>
      )}
    </section>
  )
}

function RolePick({ person: p, onPick }: { person: Participant; onPick(r: Role): void }) {
  return (
    <span class="sel s">
      <select class="fld" aria-label={t('groups.role_of', { name: p.account.name })} value={p.role} onChange={e => onPick(e.currentTarget.value as Role)}>
        {roles.map(r => <option key={r} value={r} selected={r === p.role}>{t(`role.${r}`)}</option>)}
      </select>
      <Icon name="down" small />
    </span>
  )
}
