import { useId } from 'preact/hooks'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import type { Bound } from '../kit/field'
import { Icon } from '../kit/icons'

/** CameraTicks chooses cameras; the order of choosing is the order on the guest's wall. */
export function CameraTicks({ bound, cameras }: { bound: Bound<string[]>; cameras: Camera[] }) {
  const id = useId()
  const { value, error } = bound
  const toggle = (c: string, on: boolean): void => bound.set(on ? [...value, c] : value.filter(x => x !== c))
  return (
    <fieldset class="field ticks" aria-describedby={`${id}-b`} aria-invalid={error ? true : undefined} tabIndex={error ? -1 : undefined}>
      <legend class="lab">
        {t('links.cameras')} <span class="dim">{value.length ? t('links.chosen', { n: value.length }) : ''}</span>
      </legend>
      <ul class={error ? 'bad' : ''}>
        {cameras.map(c => {
          const at = value.indexOf(c.id)
          return (
            <li key={c.id}>
              <label>
                <input type="checkbox" class="chk" checked={at >= 0} onChange={e => toggle(c.id, e.currentTarget.checked)} />
                <bdi>{c.name}</bdi>
                <span class="sp" />
                {at >= 0 && <span class="dim num">{at + 1}</span>}
              </label>
            </li>
          )
        })}
      </ul>
      {error ? (
        <p class="err" id={`${id}-b`}><Icon name="warn" small /><span>{reason(error)}</span></p>
      ) : (
        <p class="hint" id={`${id}-b`}>{t('links.own_only')}</p>
      )}
    </fieldset>
  )
}
