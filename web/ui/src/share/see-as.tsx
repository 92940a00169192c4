import { useState } from 'preact/hooks'
import { access, type Level } from '../api/access'
import type { Camera } from '../api/wire'
import { t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { at, date, city, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { Icon } from '../kit/icons'
import { useResource } from '../kit/resource'
import type { Row } from './draft'
import { levelWord } from './effect'
import { levels } from './levels'
import { nameOf } from './people'

/** SeeAs shows what a person with access sees at this moment, as the server decides it for him. */
export function SeeAs({ camera, rows, onClose }: { camera: Camera; rows: readonly Row[]; onClose(): void }) {
  const [key, choose] = useState(rows[0]?.key ?? '')
  const row = rows.find(r => r.key === key)
  return (
    <Dialog title={t('see.title')} sub={t('see.text')} onClose={onClose} footer={<><span class="sp" /><Button onClick={onClose}>{t('action.close')}</Button></>}>
      <label class="lab">
        {t('people.person')}
        <span class="sel">
          <select class="fld" value={key} onChange={e => choose(e.currentTarget.value)}>
            {rows.map(r => <option key={r.key} value={r.key} selected={r.key === key}>{nameOf(r)}</option>)}
          </select>
          <Icon name="down" small />
        </span>
      </label>
      {row?.grant && <Sees key={row.grant} camera={camera} grant={row.grant} />}
    </Dialog>
  )
}

function Sees({ camera, grant }: { camera: Camera; grant: string }) {
  const sight = useResource(() => access.seeAs(camera.id, grant), ['access'])
  const zone = camera.zone
  return (
    <Loaded of={sight} rows={2}>
      {s => {
        const next = parseTime(s.next)
        const until = parseTime(s.until)
        const closed = s.reason === 'outside_schedule'
        const has = (l: Level): boolean => s.levels.includes(l)
        return (
          <>
            <div class={`seen ${s.allowed ? 'live' : closed ? 'closed' : 'ended'}`}>
              <div class="pic">
                <Icon name={s.allowed ? 'live' : closed ? 'clock' : 'lock'} />
                <p><b>{s.allowed ? t('see.live') : closed && next !== undefined ? t('msg.opens', { when: at(next, zone, Date.now(), zone) }) : reason(s.reason)}</b></p>
                {s.allowed && until !== undefined && <p>{t('see.until', { when: date(until, zone), zone: city(zone) })}</p>}
              </div>
              <p class="row"><bdi>{camera.name}</bdi><span class="sp" /><span>{s.allowed ? t('tile.live') : closed ? t('tile.closed') : t('tile.restricted')}</span></p>
            </div>
            <ul class="haslist">
              {levels.map(l => <li key={l} class={has(l) ? '' : 'dim'}><Icon name={has(l) ? 'check' : 'close'} small />{levelWord(l)}<span class="vh">{has(l) ? t('see.yes') : t('see.no')}</span></li>)}
              <li class={s.rights?.includes('sound') ? '' : 'dim'}><Icon name={s.rights?.includes('sound') ? 'check' : 'close'} small />{t('right.sound')}<span class="vh">{s.rights?.includes('sound') ? t('see.yes') : t('see.no')}</span></li>
            </ul>
            <p class="hint">{t('see.never')}</p>
          </>
        )
      }}
    </Loaded>
  )
}
