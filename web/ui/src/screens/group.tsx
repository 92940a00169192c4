import { useState } from 'preact/hooks'
import { groups as api, type GroupPage } from '../api/sharing'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Confirm, Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { go } from '../kit/router'
import * as rules from '../kit/rules'
import { toast } from '../kit/toast'
import { GroupCameras } from './group-cameras'
import { GroupCodes } from './group-codes'
import { GroupLeave } from './group-leave'
import { GroupPeople } from './group-people'
import { Settings } from './settings'

type Asking = 'rename' | 'delete' | 'leave'

/** GroupScreen is one group: its people, cameras and, for administrators, the ways in. */
export function GroupScreen({ id }: { id: string }) {
  const page = useResource(() => api.get(id), ['groups', 'access'])
  const [asking, setAsking] = useState<Asking>()
  const close = (): void => setAsking(undefined)
  const reload = (): void => announce('groups')
  const gone = (text: string): void => {
    announce('groups')
    announce('cameras')
    go('/settings/groups', true)
    toast(text)
  }
  return (
    <Settings>
      <nav class="crumb"><a href="/settings/groups"><Icon name="left" small />{t('settings.groups')}</a></nav>
      <Loaded of={page} rows={4}>
        {g => (
          <>
            <div class="head">
              <div>
                <h1><bdi>{g.name}</bdi></h1>
                <p class="muted">{t('groups.summary', { people: t('groups.count', { n: g.participants }), cameras: t('cameras.count', { n: g.cameras.length }), role: t(`role.${g.role}`) })}</p>
              </div>
              <span class="sp" />
              {g.role === 'administrator' && <Button onClick={() => setAsking('rename')}>{t('groups.rename')}</Button>}
              <Button onClick={() => setAsking('leave')}>{t('groups.leave')}</Button>
              {g.role === 'administrator' && <Button kind="danger" onClick={() => setAsking('delete')}>{t('groups.delete')}</Button>}
            </div>
            <GroupPeople group={g} onChanged={reload} />
            {g.role === 'administrator' && <GroupCodes group={g} onChanged={reload} />}
            <GroupCameras group={g} onChanged={reload} />
            {asking === 'rename' && <Rename group={g} onClose={close} onSaved={reload} />}
            {asking === 'leave' && <GroupLeave group={g} onClose={close} onChanged={reload} onLeft={() => gone(t('groups.left', { name: g.name }))} />}
            {asking === 'delete' && (
              <Confirm title={t('groups.delete_title', { name: g.name })} verb={t('groups.delete')} onClose={close} act={async () => { await api.remove(g.id); gone(t('groups.deleted', { name: g.name })) }}>
                <p>{t('groups.delete_text', { people: t('groups.count', { n: g.participants }), cameras: t('cameras.count', { n: g.cameras.length }) })}</p>
              </Confirm>
            )}
          </>
        )}
      </Loaded>
    </Settings>
  )
}

function Rename({ group: g, onClose, onSaved }: { group: GroupPage; onClose(): void; onSaved(): void }) {
  const form = useForm(
    { name: g.name },
    v => ({ name: rules.name(v.name) }),
    async v => {
      await api.rename(g.id, v.name.trim())
      onSaved()
      onClose()
    },
  )
  return (
    <Dialog title={t('groups.rename')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('name')} label={t('field.name')} maxLength={60} autoComplete="off" />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('action.save')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
