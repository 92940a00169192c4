import type { ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { cameraGroups } from '../api/access'
import { offers as api, type Offer } from '../api/sharing'
import { asProblem } from '../api/problem'
import type { Camera } from '../api/wire'
import { hours } from '../i18n/hours'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { at, list as join, moment, parseTime } from '../i18n/time'
import { Failed, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { useMoment } from '../kit/moment'
import { ProblemNotice } from '../kit/notice'
import { useResource, type Resource } from '../kit/resource'
import { MuteCamera } from '../notices/mute'
import { accept, answerProblem, asAnswered, leave } from '../state/offers'
import { zone } from '../state/session'
import { CameraState } from './camera-state'
import { Levels, OfferCard } from './offer-card'
import { Ask } from './request-access'

/** CameraGiven is a camera of somebody else: what one has of it, for how long, and the way out. */
export function CameraGiven({ id, of }: { id: string; of: Resource<Camera> }) {
  const list = useResource(() => api.list().then(r => r.offers), ['offers'])
  useEffect(() => () => { answerProblem.value = undefined }, [])
  useMoment([of.data?.access.next, of.data?.access.until], of.reload)
  useMoment((list.data ?? []).map(o => o.until), list.reload)
  const offer = asAnswered(list.data ?? []).find(o => o.camera.id === id)
  const camera = of.problem ? undefined : of.data
  if (!list.data && !list.problem) return <Page title={camera?.name}><Loaded of={list} rows={3}>{() => null}</Loaded></Page>
  if (!camera && !offer) {
    const { problem } = of
    if (problem?.status !== 404 && problem?.status !== 403) return <Page title={t('cameras.camera')}><Failed problem={problem ?? asProblem(undefined)} retry={of.reload} /></Page>
    // What one may not see reads the same as what does not exist; who knew it is told why it is gone.
    return (
      <Page title={t('given.none')}>
        <p class="muted lead">{problem.status === 403 ? problemText(problem) : t('given.none_text')}</p>
        <Ask of={{ camera: id }} />
      </Page>
    )
  }
  return (
    <Page title={camera?.name ?? offer?.camera.name} state={camera && <CameraState camera={camera} short />}>
      <ProblemNotice problem={answerProblem.value} />
      {offer ? <Given offer={offer} camera={camera} /> : camera && <ByGroup camera={camera} />}
    </Page>
  )
}

function Page({ title, state, children }: { title?: string | undefined; state?: ComponentChildren; children: ComponentChildren }) {
  return (
    <main id="main" class="main narrow given-page">
      <p class="crumb"><a href="/cameras/shared"><Icon name="left" small />{t('cameras.with_me')}</a></p>
      <div class="row wrap headline"><h1><bdi>{title}</bdi></h1>{state}</div>
      {children}
    </main>
  )
}

function Given({ offer: o, camera }: { offer: Offer; camera: Camera | undefined }) {
  const now = Date.now()
  const until = parseTime(o.until)
  const next = parseTime(camera?.access.next)
  if (o.state === 'offered') return <div class="one"><OfferCard offer={o} /></div>
  return (
    <section class="card one" aria-label={t('given.title')}>
      <dl class="facts">
        <Fact name={t('given.owner')}><bdi>{o.owner.name}</bdi></Fact>
        <Fact name={t('cameras.state')}><Answer state={o.state} /></Fact>
        <Fact name={t('people.levels')}><Levels of={o.levels} rights={o.rights} /></Fact>
        <Fact name={t('people.schedule')}>{hours(o.schedule, o.zone)}</Fact>
        <Fact name={t('people.ends')}>{until === undefined ? t('until.none') : at(until, o.zone, now)}</Fact>
        {o.state === 'accepted' && next !== undefined && !camera?.access.allowed && <Fact name={t('given.opens')}>{at(next, o.zone, now)}</Fact>}
        {o.offered_at && <Fact name={t('given.since')}>{moment(parseTime(o.offered_at) ?? 0, zone.value, now)}</Fact>}
      </dl>
      {o.message && <p class="said"><bdi>{o.message}</bdi></p>}
      {o.state === 'accepted' && o.levels.includes('notices') && <div class="one-told"><MuteCamera camera={o.camera.id} /></div>}
      <div class="acts">
        {o.state === 'accepted' && (
          <>
            <a class="btn primary" href="/">{t('given.watch')}</a>
            <span class="sp" />
            <Button onClick={() => void leave(o)}>{t('offers.leave')}</Button>
          </>
        )}
        {o.state === 'declined' && <Button kind="primary" onClick={() => void accept(o)}>{t('offers.accept')}</Button>}
      </div>
      {o.state === 'expired' && <Ask of={{ camera: o.camera.id }} />}
      <p class="hint">{t(o.state === 'accepted' ? 'given.text' : o.state === 'declined' ? 'offers.rejected_text' : 'reason.expired')}</p>
    </section>
  )
}

function Answer({ state }: { state: Offer['state'] }) {
  if (state === 'accepted') return <Chip tone="live" icon="check">{t('grant.accepted')}</Chip>
  if (state === 'expired') return <Chip tone="shut" icon="clock">{t('grant.expired')}</Chip>
  return <Chip tone="shut" icon="close">{t('given.rejected')}</Chip>
}

/** ByGroup is a camera one has through groups alone: what ends it is leaving the group. */
function ByGroup({ camera: c }: { camera: Camera }) {
  const groups = useResource(() => cameraGroups.list().then(r => r.groups.filter(g => g.cameras.some(x => x.id === c.id))), ['groups'])
  return (
    <section class="card one" aria-label={t('given.title')}>
      <dl class="facts">
        <Fact name={t('given.owner')}><bdi>{c.owner.name}</bdi></Fact>
        <Fact name={t('people.levels')}><Levels of={['online']} /></Fact>
        <Fact name={t('settings.groups')}>
          <Loaded of={groups} rows={1}>{gs => gs.length ? <ul>{gs.map(g => <li key={g.id}><a href={`/settings/groups/${g.id}`}><bdi>{g.name}</bdi></a></li>)}</ul> : join([t('offers.by_group')])}</Loaded>
        </Fact>
      </dl>
      <div class="acts"><a class="btn primary" href="/">{t('given.watch')}</a></div>
      <p class="hint">{t('given.group_text')}</p>
    </section>
  )
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>
}
