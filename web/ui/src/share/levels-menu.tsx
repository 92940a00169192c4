import { useId, useState } from 'preact/hooks'
import type { Level, Right } from '../api/access'
import { t } from '../i18n/i18n'
import { list } from '../i18n/time'
import { Button } from '../kit/button'
import { Popover } from '../kit/popover'
import { levelWord } from './effect'
import { levelPresets, levels, presetOfLevels, toggle, type Coupling, type LevelPreset } from './levels'

/** words are the levels and rights as the button says them. */
export function words(of: readonly Level[], rights: readonly Right[]): string {
  const names = of.map(levelWord)
  if (rights.includes('sound')) names.push(t('right.sound'))
  return names.length > 1 ? new Intl.ListFormat(document.documentElement.lang || 'en', { type: 'unit', style: 'narrow' }).formatToParts(names).map(p => (p.type === 'literal' ? ', ' : p.value)).join('') : list(names)
}

interface Props {
  name: string
  levels: readonly Level[]
  rights: readonly Right[]
  /** Whether anybody may hear this camera at all. */
  sound: boolean
  onChange(levels: Level[], rights: Right[]): void
}

/** LevelsMenu chooses what a person may do: presets, four ticks, and the rights apart from them. */
export function LevelsMenu({ name, levels: now, rights, sound, onChange }: Props) {
  const [said, say] = useState<Coupling>()
  const preset = presetOfLevels(now)
  const names: [LevelPreset, string][] = [['live', t('levels.live')], ['archive', t('levels.with_archive')], ['everything', t('levels.everything')]]
  const hints: Record<Level, string> = { online: t('levels.online_hint'), archive: t('levels.archive_hint'), notices: t('levels.notices_hint'), download: t('levels.download_hint') }
  const text = preset === 'everything' && rights.length === 0 ? t('levels.everything') : words(now, rights)
  return (
    <Popover text={text} label={t('levels.of', { name, levels: text })} cls="levels" head={t('people.levels')}>
      {() => (
        <>
          <p class="cap" id="presets">{t('levels.presets')}</p>
          <div class="row" role="group" aria-labelledby="presets">
            {names.map(([id, word]) => (
              <Button key={id} small pressed={preset === id} onClick={() => { say(undefined); onChange([...levelPresets[id]], [...rights]) }}>{word}</Button>
            ))}
          </div>
          <hr />
          {levels.map(l => (
            <Tick
              key={l}
              label={levelWord(l)}
              hint={hints[l]}
              checked={now.includes(l)}
              onChange={() => {
                const next = toggle(now, l)
                say(next.coupling)
                onChange(next.levels, [...rights])
              }}
            />
          ))}
          <p class="said" role="status">
            {said === 'archive_ticked' ? t('levels.archive_ticked') : said === 'download_cleared' ? t('levels.download_cleared') : said === 'keep_one' ? t('levels.keep_one') : ''}
          </p>
          <hr />
          <p class="cap">{t('levels.rights')}</p>
          <Tick
            label={t('right.sound')}
            hint={sound ? t('levels.sound_hint') : t('levels.sound_off')}
            checked={rights.includes('sound')}
            onChange={() => onChange([...now], rights.includes('sound') ? rights.filter(r => r !== 'sound') : [...rights, 'sound'])}
          />
        </>
      )}
    </Popover>
  )
}

function Tick({ label, hint, checked, onChange }: { label: string; hint: string; checked: boolean; onChange(): void }) {
  const id = useId()
  return (
    <label class="o" for={id}>
      {/* What is checked is decided by the caller, also when a click changes nothing. */}
      <input type="checkbox" class="chk" id={id} checked={checked} aria-label={label} aria-describedby={`${id}-h`} onChange={e => { e.currentTarget.checked = checked; onChange() }} />
      <span>
        <b>{label}</b>
        <span class="hint" id={`${id}-h`}>{hint}</span>
      </span>
    </label>
  )
}
