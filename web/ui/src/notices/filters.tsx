import { t } from '../i18n/i18n'
import { Icon } from '../kit/icons'
import { Popover } from '../kit/popover'
import { narrowed, nothing, type Filter } from './filter'
import { kindText, seen, shared } from './kinds'

interface Props {
  filter: Filter
  cameras: readonly { id: string; name: string }[]
  onChange(f: Filter): void
}

/** Filters is what the list is narrowed to: unread at once, the rest in a box. */
export function Filters({ filter: f, cameras, onChange }: Props) {
  const put = (patch: Partial<Filter>): void => onChange({ ...f, ...patch })
  const n = [f.kind, f.camera, f.from, f.to].filter(Boolean).length
  return (
    <div class="row wrap">
      <label class="no-unread">
        <input type="checkbox" class="chk" checked={f.unread} onChange={e => put({ unread: e.currentTarget.checked })} />
        {t('notices.only_unread')}
      </label>
      <Popover
        cls="filters"
        button="btn"
        end
        label={n ? `${t('filter.title')} ${n}` : t('filter.title')}
        text={<span class="row"><Icon name="filter" />{t('filter.title')}{n > 0 && ' '}{n > 0 && <b class="count num">{n}</b>}</span>}
      >
        {() => (
          <>
            <label class="lab">
              {t('notices.kind')}
              <span class="sel">
                <select class="fld" data-first value={f.kind} onChange={e => put({ kind: e.currentTarget.value })}>
                  <option value="" selected={!f.kind}>{t('notices.any_kind')}</option>
                  <optgroup label={t('notices.of_cameras')}>
                    {seen.map(k => <option key={k} value={k} selected={k === f.kind}>{kindText(k)}</option>)}
                  </optgroup>
                  <optgroup label={t('notices.of_sharing')}>
                    {shared.map(k => <option key={k} value={k} selected={k === f.kind}>{kindText(k)}</option>)}
                  </optgroup>
                </select>
                <Icon name="down" small />
              </span>
            </label>
            <label class="lab">
              {t('cameras.camera')}
              <span class="sel">
                <select class="fld" value={f.camera} onChange={e => put({ camera: e.currentTarget.value })}>
                  <option value="" selected={!f.camera}>{t('notices.any_camera')}</option>
                  {f.camera && !cameras.some(c => c.id === f.camera) && <option value={f.camera} selected>{t('filter.this')}</option>}
                  {cameras.map(c => <option key={c.id} value={c.id} selected={c.id === f.camera}>{c.name}</option>)}
                </select>
                <Icon name="down" small />
              </span>
            </label>
            <div class="two">
              <Day label={t('notices.from')} value={f.from} max={f.to} onChange={from => put({ from })} />
              <Day label={t('notices.to')} value={f.to} min={f.from} onChange={to => put({ to })} />
            </div>
            {narrowed(f) && <p><button type="button" class="lnk" onClick={() => onChange(nothing)}>{t('notices.clear')}</button></p>}
          </>
        )}
      </Popover>
    </div>
  )
}

function Day({ label, value, min, max, onChange }: { label: string; value: string; min?: string; max?: string; onChange(day: string): void }) {
  return (
    <label class="lab">
      {label}
      <input type="date" class="fld" dir="ltr" value={value} min={min || undefined} max={max || undefined} onChange={e => { if (e.currentTarget.validity.valid) onChange(e.currentTarget.value) }} />
    </label>
  )
}
