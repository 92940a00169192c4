import { useState } from 'preact/hooks'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { city, date } from '../i18n/time'
import { instant, wall } from '../i18n/zoned'
import { Button } from '../kit/button'
import { Popover } from '../kit/popover'

/** UntilMenu sets the instant an access ends, on the camera's clock, or no end. */
export function UntilMenu({ name, until, zone, onChange }: { name: string; until: string; zone: string; onChange(until: string): void }) {
  const text = until ? date(Date.parse(until), zone) : t('until.none')
  return (
    <Popover text={text} label={t('until.of', { name, until: text })} cls="until" head={t('people.ends')}>
      {close => <Choose until={until} zone={zone} onChange={onChange} close={close} />}
    </Popover>
  )
}

function Choose({ until, zone, onChange, close }: { until: string; zone: string; onChange(until: string): void; close(): void }) {
  const [value, set] = useState(until ? wall(Date.parse(until), zone) : '')
  const [error, setError] = useState<string>()
  const apply = (text: string): void => {
    set(text)
    const ms = text ? instant(text, zone) : undefined
    const bad = text && ms === undefined ? 'bad_value' : ms !== undefined && ms <= Date.now() ? 'in_the_past' : undefined
    setError(bad)
    if (!bad) onChange(ms === undefined ? '' : new Date(ms).toISOString())
  }
  const after = (days: number): void => {
    // The same time of day on the camera's clock, whatever daylight saving does meanwhile.
    apply(wall(Date.parse(`${wall(Date.now(), zone)}Z`) + days * 86_400_000, 'UTC'))
    close()
  }
  return (
    <>
      <label class="lab">
        {t('until.title', { zone: city(zone) })}
        <input
          class={`fld${error ? ' bad' : ''}`}
          type="datetime-local"
          data-first
          dir="ltr"
          value={value}
          aria-invalid={error ? true : undefined}
          onInput={e => apply(e.currentTarget.value)}
        />
      </label>
      {error && <p class="err" role="alert">{reason(error)}</p>}
      <div class="row wrap">
        <Button small onClick={() => after(1)}>{t('unit.d', { n: 1 })}</Button>
        <Button small onClick={() => after(7)}>{t('unit.d', { n: 7 })}</Button>
        <Button small onClick={() => after(30)}>{t('unit.d', { n: 30 })}</Button>
        <Button small pressed={!until} onClick={() => { apply(''); close() }}>{t('until.none')}</Button>
      </div>
    </>
  )
}
