import { useEffect, useState } from 'preact/hooks'
import { asProblem } from '../api/problem'
import { notices, offers as api, type Offer } from '../api/sharing'
import type { Camera } from '../api/wire'
import { archivePage } from '../archive/api'
import { hours, terms } from '../i18n/hours'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { ProblemNotice } from '../kit/notice'
import { useMoment } from '../kit/moment'
import { announce, useResource } from '../kit/resource'
import { Muted, useMuted } from '../notices/mute'
import { accept, acceptAll, answerProblem, asAnswered, leave } from '../state/offers'
import { CameraState } from './camera-state'
import { Levels, OfferCard } from './offer-card'
import { Ask } from './request-access'
import { Thumb } from './thumb'

/** SharedWithMe is everything others give: offered, accepted by owner, rejected. */
export function SharedWithMe({ cameras }: { cameras: readonly Camera[] }) {
  const list = useResource(() => api.list().then(r => r.offers), ['offers'])
  useMoment((list.data ?? []).map(o => o.until), list.reload)
  const told = useMuted()
  useEffect(() => () => { answerProblem.value = undefined }, [])
  const mute = async (camera: string, muted: boolean): Promise<void> => {
    answerProblem.value = undefined
    try {
      await notices.mute(camera, muted)
    } catch (e) {
      answerProblem.value = asProblem(e)
    }
    announce('muted')
  }
  return (
    <>
      <ProblemNotice problem={answerProblem.value} />
      <Loaded of={list} rows={3}>{all => <Lists offers={asAnswered(all)} cameras={cameras} muted={told.data ?? none} onMute={mute} />}</Loaded>
    </>
  )
}

const none: ReadonlySet<string> = new Set()

interface Mute {
  muted: ReadonlySet<string>
  onMute(camera: string, muted: boolean): Promise<void>
}

function Lists({ offers, cameras, ...mute }: { offers: readonly Offer[]; cameras: readonly Camera[] } & Mute) {
  const offered = offers.filter(o => o.state === 'offered')
  const accepted = offers.filter(o => o.state === 'accepted')
  // What has expired stands below too: it says why the picture is gone, and comes back when the owner extends it.
  const rejected = offers.filter(o => o.state === 'declined' || o.state === 'expired')
  // A camera of a group has no offer of its own.
  const direct = new Set(accepted.map(o => o.camera.id))
  const byGroup = cameras.filter(c => !c.mine && !direct.has(c.id))
  if (offers.length === 0 && byGroup.length === 0) return <Empty title={t('offers.empty')} />
  return (
    <>
      {offered.length > 0 && (
        <section class="part" aria-labelledby="offered">
          <div class="head">
            <h2 id="offered">{t('offers.title')} <Chip tone="blue">{offered.length}</Chip></h2>
            <span class="sp" />
            {offered.length > 1 && <Button small onClick={() => void acceptAll(offered)}>{offered.length === 2 ? t('offers.accept_both') : t('offers.accept_all')}</Button>}
          </div>
          <div class="offers-grid">{offered.map(o => <OfferCard key={o.grant_id} offer={o} />)}</div>
        </section>
      )}
      <section class="part" aria-labelledby="accepted">
        <h2 id="accepted">{t('offers.with_me')}</h2>
        {accepted.length === 0 && byGroup.length === 0 && <Empty title={t('offers.none_accepted')} />}
        {owners(accepted).map(([owner, rows]) => (
          <section key={owner.id} class="giver">
            <h3 class="meta dim"><bdi>{owner.name}</bdi></h3>
            <ul>{rows.map(o => <Accepted key={o.grant_id} {...mute} offer={o} camera={cameras.find(c => c.id === o.camera.id)} />)}</ul>
          </section>
        ))}
        {byGroup.length > 0 && (
          <section class="giver">
            <h3 class="meta dim">{t('offers.by_group')}</h3>
            <ul>
              {byGroup.map(c => (
                <li key={c.id} class="gave">
                  <Thumb camera={c} />
                  <div class="nm"><a class="name" href={`/cameras/${c.id}`}><bdi>{c.name}</bdi></a><p class="meta dim">{t('cameras.owner', { name: c.owner.name })}</p></div>
                  <div class="st"><CameraState camera={c} short /></div>
                </li>
              ))}
            </ul>
          </section>
        )}
      </section>
      <Rejected rows={rejected} />
    </>
  )
}

function Accepted({ offer: o, camera, muted, onMute }: { offer: Offer; camera: Camera | undefined } & Mute) {
  const off = muted.has(o.camera.id)
  return (
    <li class="gave">
      {camera && <Thumb camera={camera} />}
      <div class="nm">
        <a class="name" href={`/cameras/${o.camera.id}`}><bdi>{o.camera.name}</bdi></a>
        {off && o.levels.includes('notices') && <Muted />}
        <p class="meta dim">{terms(o.schedule, o.zone, parseTime(o.until))}</p>
      </div>
      <div class="st">{camera && <CameraState camera={camera} short />}</div>
      <Levels of={o.levels} rights={o.rights} />
      <span class="sp" />
      {camera?.archive && <a class="btn s" href={archivePage([camera.id])}><span>{t('archive.title')}<span class="vh">: <bdi>{camera.name}</bdi></span></span></a>}
      {o.levels.includes('notices') && <Button small onClick={() => void onMute(o.camera.id, !off)}>{t(off ? 'notices.unmute' : 'notices.mute')}</Button>}
      <Button small kind="quiet" onClick={() => void leave(o)} aria-label={t('offers.leave_name', { name: o.camera.name })}>{t('offers.leave')}</Button>
    </li>
  )
}

/** Rejected is folded: what was refused or left can be taken while it is offered. */
function Rejected({ rows }: { rows: readonly Offer[] }) {
  const [open, setOpen] = useState(false)
  return (
    <section class="part rejected" aria-labelledby="rejected">
      <h2>
        <button type="button" id="rejected" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Icon name={open ? 'down' : 'right'} small />{t('offers.rejected_title')} <Chip>{rows.length}</Chip>
        </button>
        <span class="dim hint">{rows.length ? t('offers.rejected_text') : t('offers.rejected_none')}</span>
      </h2>
      {open && rows.length > 0 && (
        <ul>
          {rows.map(o => {
            const until = parseTime(o.until)
            return (
              <li key={o.grant_id} class="gave grey">
                <div class="nm"><b><bdi>{o.camera.name}</bdi></b><p class="meta dim">{t('cameras.owner', { name: o.owner.name })}</p></div>
                <div class="st">
                  {o.state === 'expired' ? <Chip tone="shut" icon="clock">{until === undefined ? t('offers.expired') : t('offers.expired_at', { when: date(until, o.zone) })}</Chip> : <span class="meta">{hours(o.schedule, o.zone)}</span>}
                </div>
                <Levels of={o.levels} rights={o.rights} />
                <span class="sp" />
                {o.state === 'expired' && <Ask of={{ camera: o.camera.id }} small />}
                {o.state === 'declined' && <Button small onClick={() => void accept(o)} aria-label={t('offers.accept_name', { name: o.camera.name })}>{t('offers.accept')}</Button>}
              </li>
            )
          })}
        </ul>
      )}
    </section>
  )
}

/** owners groups cameras by who gives them, in the order of names. */
function owners(list: readonly Offer[]): [Offer['owner'], Offer[]][] {
  const by = new Map<string, [Offer['owner'], Offer[]]>()
  for (const o of list) {
    const have = by.get(o.owner.id)
    if (have) have[1].push(o)
    else by.set(o.owner.id, [o.owner, [o]])
  }
  return [...by.values()].sort((a, b) => a[0].name.localeCompare(b[0].name))
}
