import type { Level, Offer } from '../api/sharing'
import { t } from '../i18n/i18n'
import { terms } from '../i18n/hours'
import { moment, parseTime } from '../i18n/time'
import { Avatar } from '../kit/avatar'
import { Button } from '../kit/button'
import { Icon, type IconName } from '../kit/icons'
import { accept, reject } from '../state/offers'
import { zone } from '../state/session'

const icons: Record<Level, IconName> = { online: 'live', archive: 'archive', notices: 'bell', download: 'download' }

/** Levels are what may be done, as icons with words; rights stand after them. */
export function Levels({ of, rights = [] }: { of: readonly Level[]; rights?: readonly string[] | undefined }) {
  return (
    <ul class="lv">
      {of.map(l => <li key={l}><Icon name={icons[l]} small />{t(`level.${l}`)}</li>)}
      {rights.includes('sound') && <li><Icon name="sound" small />{t('right.sound')}</li>}
    </ul>
  )
}

/** OfferCard is one camera offered: who, what, when and until, with the two answers. There is no picture before Accept. */
export function OfferCard({ offer: o }: { offer: Offer }) {
  const at = parseTime(o.offered_at)
  return (
    <article class="card offer" aria-label={t('offers.card', { camera: o.camera.name, owner: o.owner.name })}>
      <div class="row who">
        <Avatar name={o.owner.name} large />
        <div>
          <h3><bdi>{o.camera.name}</bdi></h3>
          <p class="meta muted">{at === undefined ? t('offers.by', { name: o.owner.name }) : t('offers.by_at', { name: o.owner.name, when: moment(at, zone.value, Date.now()) })}</p>
        </div>
      </div>
      {o.message && <p class="said"><bdi>{o.message}</bdi></p>}
      <Levels of={o.levels} rights={o.rights} />
      <p>{terms(o.schedule, o.zone, parseTime(o.until))}</p>
      <div class="acts">
        <Button kind="primary" onClick={() => void accept(o)} aria-label={t('offers.accept_name', { name: o.camera.name })}>{t('offers.accept')}</Button>
        <Button onClick={() => reject(o)} aria-label={t('offers.reject_name', { name: o.camera.name })}>{t('offers.reject')}</Button>
        <span class="sp" />
        <span class="meta dim">{t('offers.no_picture')}</span>
      </div>
    </article>
  )
}
