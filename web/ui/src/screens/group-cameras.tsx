import { useState } from 'preact/hooks'
import { cameras as cameraAPI } from '../api/api'
import { groups as api, type GroupCamera, type GroupPage } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Switch } from '../kit/choice'
import { Dialog } from '../kit/dialog'
import { Check, SelectField } from '../kit/field'
import { useForm } from '../kit/form'
import { Notice, ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'

/** GroupCameras are the cameras people have put into a group; each belongs to one of them and only its owner decides how it is shown. */
export function GroupCameras({ group: g, onChanged }: { group: GroupPage; onChanged(): void }) {
  const own = useResource(() => cameraAPI.list().then(r => r.cameras.filter(c => c.mine)), ['cameras'])
  const [adding, setAdding] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const free = (own.data ?? []).filter(c => !g.cameras.some(x => x.id === c.id))
  const shares = g.role !== 'viewer'
  const run = async (act: () => Promise<unknown>): Promise<void> => {
    setProblem(undefined)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
    announce('cameras')
    onChanged()
  }
  const remove = (c: GroupCamera): Promise<void> => run(async () => {
    await api.unshare(g.id, c.id)
    toast(t('groups.camera_removed', { name: c.name }), c.mine ? { text: t('action.undo'), act: () => void run(() => api.share(g.id, c.id, c.images_only)) } : undefined)
  })
  return (
    <section class="block" aria-labelledby="cameras">
      <div class="head">
        <div>
          <h2 id="cameras">{t('cameras.title')}</h2>
          <p class="muted">{shares ? t('groups.cameras_text') : t('groups.viewer_text')}</p>
        </div>
        <span class="sp" />
        {shares && free.length > 0 && <Button icon="plus" onClick={() => setAdding(true)}>{t('groups.add_camera')}</Button>}
      </div>
      <ProblemNotice problem={problem} />
      {g.cameras.length === 0 ? <p class="dim">{t('groups.no_cameras_yet')}</p> : (
        <Table
          label={t('cameras.title')}
          rows={g.cameras}
          id={c => c.id}
          columns={[
            { head: t('cameras.camera'), role: 'title', cell: c => <><b><bdi>{c.name}</bdi></b><p class="dim meta">{c.mine ? t('groups.yours') : t('cameras.owner', { name: c.owner.name })}</p></> },
            {
              head: t('groups.shown'),
              cell: c => (c.mine && shares
                ? <Switch label={t('groups.live')} checked={!c.images_only} onChange={on => void run(() => api.share(g.id, c.id, !on))} />
                : <span>{c.images_only ? t('groups.images_only') : t('groups.live')}</span>),
            },
            {
              head: '',
              role: 'acts',
              cell: c => ((c.mine && shares) || g.role === 'administrator' ? <Button small kind="danger" onClick={() => void remove(c)} aria-label={t('groups.camera_remove_name', { name: c.name })}>{t('action.remove')}</Button> : null),
            },
          ]}
        />
      )}
      {adding && <Add group={g} cameras={free} onClose={() => setAdding(false)} onAdded={() => { announce('cameras'); onChanged() }} />}
    </section>
  )
}

function Add({ group: g, cameras, onClose, onAdded }: { group: GroupPage; cameras: readonly { id: string; name: string }[]; onClose(): void; onAdded(): void }) {
  const form = useForm(
    { camera: cameras[0]?.id ?? '', live: true },
    v => ({ camera: v.camera ? undefined : 'choose_camera' }),
    async v => {
      await api.share(g.id, v.camera, !v.live)
      onAdded()
      toast(t('groups.camera_added', { name: cameras.find(c => c.id === v.camera)?.name ?? '' }))
      onClose()
    },
  )
  return (
    <Dialog title={t('groups.add_camera')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <SelectField bound={form.bind('camera')} label={t('cameras.camera')} hint={t('links.own_only')} options={cameras.map(c => ({ value: c.id, text: c.name }))} />
        <Check bound={form.bind('live')} label={t('groups.live')} hint={t('groups.live_hint')} />
        <Notice icon="image">{t('groups.no_recall')}</Notice>
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('groups.add_camera')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
