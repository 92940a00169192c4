import { cameraLinks } from '../api/access'
import type { Camera, Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { toast } from '../kit/toast'
import { altered, OptionFields, optionsOf } from '../share/link-options'
import { checkOptions } from '../share/window'
import { zone } from '../state/session'
import { CameraTicks } from './camera-ticks'

/** EditLink changes which cameras a link shows, and its options; its name never changes. */
export function EditLink({ link, cameras, onClose, onSaved }: { link: Link; cameras: Camera[]; onClose(): void; onSaved(): void }) {
  const form = useForm(
    () => ({ ...optionsOf(link, zone.value), cameras: link.cameras.map(c => c.id) }),
    v => {
      const options = checkOptions(v, zone.value, Date.now())
      // An end that has passed may stay; only a new one must be still to come.
      if (v.ends === optionsOf(link, zone.value).ends) options.ends = undefined
      return { ...options, cameras: v.cameras.length ? undefined : 'choose_camera' }
    },
    async v => {
      await cameraLinks.change(link.id, { cameras: v.cameras, ...altered(v, link, zone.value) })
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
        <details>
          <summary>{t('link.options')}</summary>
          <OptionFields form={form} zone={zone.value} link={link} />
        </details>
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
