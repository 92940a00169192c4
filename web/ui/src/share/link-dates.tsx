import { cameraLinks } from '../api/access'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city } from '../i18n/time'
import { wall } from '../i18n/zoned'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { WhenField } from '../kit/when'
import { altered, OptionFields, optionsOf } from './link-options'
import { checkOptions, checkWindow, iso } from './window'

/** LinkDates moves a temporary link's window and options; one that ended works again with a new end (row R39). */
export function LinkDates({ link, title, zone, onClose, onSaved }: { link: Link; title: string; zone: string; onClose(): void; onSaved(): void }) {
  const starts = link.starts ? wall(Date.parse(link.starts), zone) : wall(Date.now(), zone)
  const form = useForm(
    () => ({ ...optionsOf(link, zone), starts }),
    v => ({ ...checkOptions(v, zone, Date.now()), ...checkWindow(v, zone, Date.now()) }),
    async v => {
      await cameraLinks.change(link.id, { ...altered(v, link, zone), ...(v.starts !== starts ? { starts: iso(v.starts, zone) } : {}) })
      onSaved()
      onClose()
    },
  )
  return (
    <Dialog title={<bdi>{title}</bdi>} sub={t('link.zone', { zone: city(zone) })} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <div class="two">
          <WhenField bound={form.bind('starts')} label={t('link.on')} />
          <WhenField bound={form.bind('ends')} label={t('link.off')} />
        </div>
        <details>
          <summary>{t('link.options')}</summary>
          <OptionFields form={form} zone={zone} link={link} end={false} />
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
