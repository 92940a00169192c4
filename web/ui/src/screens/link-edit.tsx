import { links as api } from '../api/api'
import type { Camera, Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { toast } from '../kit/toast'
import { CameraTicks } from './camera-ticks'

/** EditLink changes which cameras a link shows; its name never changes. */
export function EditLink({ link, cameras, onClose, onSaved }: { link: Link; cameras: Camera[]; onClose(): void; onSaved(): void }) {
  const form = useForm(
    { cameras: link.cameras.map(c => c.id) },
    v => ({ cameras: v.cameras.length ? undefined : 'choose_camera' }),
    async v => {
      await api.cameras(link.id, v.cameras)
      onSaved()
      toast(t('links.saved', { name: link.name }))
      onClose()
    },
  )
  return (
    <Dialog title={<bdi>{link.name}</bdi>} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <p class="muted">{t('links.edit_text')}</p>
        <CameraTicks bound={form.bind('cameras')} cameras={cameras} />
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
