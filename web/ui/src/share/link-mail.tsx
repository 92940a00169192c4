import { cameraLinks } from '../api/access'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city, date, parseTime } from '../i18n/time'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'

/** windowText is a link's window in words. */
export function windowText(l: Link, zone: string): string {
  const from = parseTime(l.starts)
  const to = parseTime(l.ends)
  const at = { zone: city(zone) }
  if (from !== undefined && to !== undefined) return t('link.from_to', { from: date(from, zone), to: date(to, zone), ...at })
  return to === undefined ? t('link.no_end') : t('link.until', { to: date(to, zone), ...at })
}

/** mailto opens the owner's own mail program with the window in words. A password is never in it. */
export function mailto(l: Link, title: string, zone: string): string {
  const body = `${t('link.mail_body', { name: title, when: windowText(l, zone) })}\n\n${l.url}\n`
  return `mailto:?subject=${encodeURIComponent(title)}&body=${encodeURIComponent(body)}`
}

/** MailLink lets the server send the link; the password goes another way. */
export function MailLink({ link, title, onClose, onSent }: { link: Link; title: string; onClose(): void; onSent(to: string): void }) {
  const form = useForm(
    { to: '', text: '' },
    v => ({ to: rules.email(v.to), text: [...v.text].length > 500 ? 'too_long' : undefined }),
    async v => {
      await cameraLinks.mail(link.id, v.to.trim(), v.text.trim())
      onSent(v.to.trim())
      onClose()
    },
  )
  return (
    <Dialog title={t('link.mail_title', { name: title })} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('to')} label={t('field.email')} type="email" autoComplete="off" dir="ltr" />
        <TextField bound={form.bind('text')} label={t('link.mail_text')} optional maxLength={500} autoComplete="off" hint={link.has_password ? t('link.mail_password') : t('link.mail_hint')} />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('link.mail_send')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
