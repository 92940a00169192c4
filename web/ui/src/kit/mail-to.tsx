import { t } from '../i18n/i18n'
import { Icon } from './icons'

/** mailAddress is what opens a letter in the person's own mail program; nothing is sent by it. */
export function mailAddress(to: string, subject: string, body: string): string {
  return `mailto:${encodeURIComponent(to).replace('%40', '@')}?subject=${encodeURIComponent(subject)}&body=${encodeURIComponent(body)}`
}

/** MailTo is the way to write where the server sends no mail. */
export function MailTo({ to = '', subject, body }: { to?: string; subject: string; body: string }) {
  return <p class="hint"><a class="btn s" href={mailAddress(to, subject, body)}><Icon name="mail" small />{t('mail.write')}</a></p>
}
