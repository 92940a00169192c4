import { useState } from 'preact/hooks'
import { groups as api, type Group } from '../api/sharing'
import { t } from '../i18n/i18n'
import { list as join } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { go } from '../kit/router'
import * as rules from '../kit/rules'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { Settings } from './settings'

/** Groups are circles of people who see each other's cameras: one's own list, creating and joining. */
export function Groups() {
  const list = useResource(() => api.list().then(r => r.groups), ['groups', 'access'])
  const [making, setMaking] = useState(false)
  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('settings.groups')}</h1>
          <p class="muted">{t('groups.text')}</p>
        </div>
        <span class="sp" />
        <Button kind="primary" icon="plus" onClick={() => setMaking(true)}>{t('groups.new')}</Button>
      </div>
      <Join />
      <Loaded of={list} rows={2}>
        {rows =>
          rows.length === 0 ? (
            <Empty title={t('groups.none')} />
          ) : (
            <Table
              label={t('settings.groups')}
              rows={rows}
              id={g => g.id}
              columns={[
                { head: t('groups.group'), role: 'title', cell: g => <a class="name" href={`/settings/groups/${g.id}`}><bdi>{g.name}</bdi></a> },
                { head: t('groups.role'), role: 'state', cell: g => t(`role.${g.role}`) },
                { head: t('groups.people'), cell: g => <span class="num">{t('groups.count', { n: g.participants })}</span> },
                { head: t('cameras.title'), cell: g => (g.cameras.length ? <Names group={g} /> : <span class="dim">{t('groups.no_cameras')}</span>) },
                { head: '', role: 'acts', cell: g => <a class="btn s" href={`/settings/groups/${g.id}`} aria-label={t('groups.open_name', { name: g.name })}>{t('groups.open')}</a> },
              ]}
            />
          )}
      </Loaded>
      {making && <NewGroup onClose={() => setMaking(false)} />}
    </Settings>
  )
}

function Names({ group: g }: { group: Group }) {
  const first = g.cameras.slice(0, 3).map(c => c.name)
  const more = g.cameras.length - first.length
  return <span>{join(more > 0 ? [...first, t('groups.more', { n: more })] : first)}</span>
}

/** Join takes a code from an administrator; wrong, ended and withdrawn ones are told alike. */
function Join() {
  const form = useForm(
    { code: '' },
    v => ({ code: rules.required(v.code) }),
    async v => {
      const { group } = await api.join(v.code.trim())
      form.set({ code: '' })
      announce('groups')
      announce('cameras')
      toast(t('groups.joined', { name: group.name, role: t(`role.${group.role}`) }))
      go(`/settings/groups/${group.id}`)
    },
  )
  return (
    <form class="inline" onSubmit={form.onSubmit} noValidate>
      <TextField bound={form.bind('code')} label={t('groups.code_field')} hint={t('groups.code_hint')} placeholder="ABCDE-FGHJK" autoComplete="off" autoCapitalize="characters" spellcheck={false} dir="ltr" maxLength={24} />
      <Button type="submit" busy={form.busy}>{t('groups.join')}</Button>
      <ProblemNotice problem={form.problem} />
    </form>
  )
}

function NewGroup({ onClose }: { onClose(): void }) {
  const form = useForm(
    { name: '' },
    v => ({ name: rules.name(v.name) }),
    async v => {
      const g = await api.add(v.name.trim())
      announce('groups')
      toast(t('groups.made', { name: g.name }))
      go(`/settings/groups/${g.id}`)
    },
  )
  return (
    <Dialog title={t('groups.new')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('name')} label={t('field.name')} hint={t('groups.name_hint')} maxLength={60} autoComplete="off" />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('groups.create')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
