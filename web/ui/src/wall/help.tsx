import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { Dialog } from '../kit/dialog'

const keys: readonly [string[], Key][] = [
  [['1 – 9'], 'keys.select'],
  [['←', '→', '↑', '↓'], 'keys.move'],
  [['Enter', 'F'], 'keys.full'],
  [['Esc'], 'keys.back'],
  [['PgUp', 'PgDn'], 'keys.page'],
  [['M'], 'keys.sound'],
  [['I'], 'keys.stats'],
  [['?'], 'keys.help'],
]

/** Help lists the wall's keys. */
export function Help({ onClose }: { onClose(): void }) {
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl class="keys">
        {keys.map(([caps, text]) => (
          <div key={text}>
            <dt dir="ltr">{caps.map(c => <kbd key={c} class="kbd">{c}</kbd>)}</dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  )
}
