import { useEffect, useRef, useState } from 'preact/hooks'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { copy } from '../kit/copy'
import { Dialog } from '../kit/dialog'

/** ShowLink shows a link to be handed on, with Copy focused. */
export function ShowLink({ link, onClose }: { link: Link; onClose(): void }) {
  return (
    <Dialog title={<bdi>{link.name}</bdi>} onClose={onClose}>
      <p class="muted">{t('links.risk')}</p>
      <SecretLine label={t('links.link')} text={link.url} />
      <p class="hint"><a href={link.url} target="_blank" rel="noopener noreferrer">{t('links.open')}</a></p>
    </Dialog>
  )
}

/** SecretLine is a text to be copied: selected by a click, with its button beside it. */
export function SecretLine({ label, text }: { label: string; text: string }) {
  const [copied, setCopied] = useState(false)
  const field = useRef<HTMLInputElement>(null)
  const root = useRef<HTMLDivElement>(null)
  useEffect(() => root.current?.querySelector('button')?.focus(), [])
  const run = async (): Promise<void> => {
    if (await copy(text)) setCopied(true)
    else field.current?.select()
  }
  return (
    <div class="secret" ref={root}>
      <input ref={field} class="fld mono" dir="ltr" readOnly value={text} aria-label={label} onFocus={e => e.currentTarget.select()} />
      <Button kind="primary" icon={copied ? 'check' : 'copy'} onClick={() => void run()}>{copied ? t('action.copied') : t('action.copy')}</Button>
    </div>
  )
}
