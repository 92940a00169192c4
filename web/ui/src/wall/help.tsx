import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { Switch } from '../kit/choice'
import { Dialog } from '../kit/dialog'

type Row = [caps: string[], text: Key]

/** What guests have too. */
const common: readonly Row[] = [
  [['1 – 9', '0'], 'keys.select'],
  [['←', '→', '↑', '↓'], 'keys.move'],
  [['Enter', 'F'], 'keys.full'],
  [['Esc'], 'keys.back'],
  [['PgUp', 'PgDn'], 'keys.page'],
  [['Space'], 'keys.patrol'],
  [['M'], 'keys.sound'],
]
const more: readonly Row[] = [
  [['['], 'keys.back10'],
  [['Shift', '['], 'keys.back30'],
  [[']'], 'keys.ahead10'],
  [['L'], 'keys.live'],
  [['S'], 'keys.snapshot'],
  [['Shift', 'S'], 'keys.snapshot_whole'],
  [['I'], 'keys.stats'],
  [['← → ↑ ↓', '+ −'], 'keys.steer'],
  [['A'], 'keys.answer'],
  [['K'], 'kiosk.new'],
  [['Alt', '1 – 9'], 'keys.view'],
]
/** Of the archive's page, in place of those of pages, patrol and kiosks. */
const archive: readonly Row[] = [
  [['Space'], 'keys.play'],
  [['['], 'keys.back10'],
  [['Shift', '['], 'keys.back30'],
  [[']'], 'keys.ahead10'],
  [[',', '.'], 'keys.frame'],
  [['<', '>'], 'keys.speed'],
  [['P', 'N'], 'keys.event'],
  [['−', '+'], 'keys.zoom'],
  [['I', 'O'], 'keys.range'],
  [['1 – 9', '0'], 'keys.select'],
  [['Enter', 'F'], 'keys.open_one'],
  [['Esc'], 'keys.back'],
  [['S'], 'keys.snapshot'],
  [['L'], 'keys.live'],
]
const last: readonly Row[] = [[['?'], 'keys.help']]

/** Help lists the wall's keys; for who is signed in also how to turn the single ones off. */
export function Help({ onClose, archive: ofArchive, shortcuts, onShortcuts }: { onClose(): void; archive?: boolean; shortcuts?: boolean; onShortcuts?(on: boolean): void }) {
  const signedIn = onShortcuts !== undefined
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl class="keys">
        {[...(ofArchive ? archive : [...common, ...(signedIn ? more : [])]), ...last].map(([caps, text]) => (
          <div key={text}>
            <dt dir="ltr">{caps.map(c => <kbd key={c} class="kbd">{c === 'Space' ? t('keys.space') : c}</kbd>)}</dt>
            <dd>{t(text)}</dd>
          </div>
        ))}
      </dl>
      {signedIn && <div class="ops-off"><Switch label={t('account.shortcuts')} hint={t('account.shortcuts_hint')} checked={shortcuts ?? true} onChange={onShortcuts} /></div>}
    </Dialog>
  )
}
