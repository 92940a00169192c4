import { useState } from 'preact/hooks'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { toast } from '../kit/toast'
import { MailLink, mailto } from './link-mail'
import { QR } from './qr'

/** LinkHand hands a link over besides copying it: by mail (the server's where it sends any, else one's own) and as a QR code. */
export function LinkHand({ link, title, zone, mail }: { link: Link; title: string; zone: string; mail: boolean }) {
  const [shown, show] = useState<'mail' | 'qr'>()
  const byMail = t('links.mail_name', { name: title })
  const close = (): void => show(undefined)
  return (
    <>
      {mail
        ? <Button kind="quiet" small bare icon="mail" onClick={() => show('mail')}>{byMail}</Button>
        : <a class="btn quiet s ic" href={mailto(link, title, zone)} aria-label={byMail} title={byMail}><Icon name="mail" small /></a>}
      <Button kind="quiet" small bare icon="qr" onClick={() => show('qr')}>{t('links.qr_name', { name: title })}</Button>
      {shown === 'mail' && <MailLink link={link} title={title} onClose={close} onSent={to => toast(t('link.mailed', { email: to }))} />}
      {shown === 'qr' && <QR link={link} title={title} onClose={close} />}
    </>
  )
}
