import { useEffect, useMemo, useState } from 'preact/hooks'
import { guest as api } from '../api/api'
import { asProblem } from '../api/problem'
import type { Visit } from '../api/wire'
import { active, isLang, languages, setLanguage, t } from '../i18n/i18n'
import { problemText, reason } from '../i18n/reason'
import { at, duration, moment, parseTime, sentence } from '../i18n/time'
import { Icon, Logo } from '../kit/icons'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { Wire } from '../player/wire'
import { isPhone } from '../wall/device'
import { desk, phone } from '../wall/grid'
import { WallGrid } from '../wall/cells'
import { Unheard } from '../wall/unheard'
import { Help } from '../wall/help'
import { Pager } from '../wall/pager'
import { Announcer } from '../wall/say'
import { Wall } from '../wall/wall'
import { Button } from '../kit/button'
import { Segmented } from '../kit/choice'
import { guestImages } from '../gallery/api'
import { GuestGallery, GuestGalleryState } from '../gallery/guest'
import { GuestViewer } from '../gallery/guest-viewer'
import { SpareTile, useRecent } from '../gallery/spare'
import { Thumbs } from '../gallery/thumbs'
import { Password } from './password'
import { SlowedLine } from './slowed-line'
import { StatePage } from './state'
import type { Opening } from './visit'

/** What ended the visit for good; the page then shows no picture any more. */
type End = 'removed' | 'stopped'

export function GuestPage({ opening }: { opening: Opening }) {
  if (opening.kind === 'visit') return <VisitPage link={opening.link} first={opening.visit} />
  return (
    <Frame>
      {opening.kind === 'gone' && <StatePage icon="none" title={t('guest.gone')} text={t('guest.gone_text')} />}
      {opening.kind === 'again' && <StatePage icon="none" title={t('guest.again')} text={t('guest.again_text')} />}
      {opening.kind === 'cookie' && <StatePage icon="lock" title={t('guest.cookie')} text={t('guest.cookie_text', { address: `https://${location.host}` })} />}
      {opening.kind === 'failed' && (
        <StatePage icon="warn" title={t('guest.failed')} text={problemText(opening.problem)}>
          <Button kind="primary" onClick={() => location.reload()}>{t('action.try_again')}</Button>
        </StatePage>
      )}
    </Frame>
  )
}

function VisitPage({ link, first }: { link: string; first: Visit }) {
  const [visit, setVisit] = useState(first)
  const [end, setEnd] = useState<End>()
  const [help, setHelp] = useState(false)
  const [up, setUp] = useState(true)
  const [place, setPlace] = useState<'wall' | 'gallery'>('wall')
  const wire = useMemo(() => new Wire(api.viewing(link).socket), [link])
  const images = useMemo(() => new GuestGalleryState(link), [link])
  const shows = !end && (visit.state === 'live' || visit.state === 'throttled')

  // Also changes without a word on the socket: the list of cameras, and what was missed while it was down.
  const refresh = (): void => {
    api.see(link).then(setVisit, e => {
      if (asProblem(e).status === 410) setEnd('removed')
    })
  }
  useEffect(() => {
    wire.start({
      up: () => { setUp(true) },
      down: opened => { setUp(false); if (!opened) refresh() },
      stop: code => setEnd(code === 4501 ? 'removed' : 'stopped'),
      message: m => {
        if (m.type === 'link_removed') setEnd('removed')
        if (m.type === 'visit') setVisit(v => ({ ...v, state: m.state, reason: m.reason, since: m.since ?? v.since, until: m.until ?? v.until }))
        if (m.type === 'visit' || m.type === 'changed') refresh()
      },
    })
    return () => wire.stop()
  }, [wire])

  useEffect(() => {
    document.title = t('guest.title', { name: visit.name, owner: visit.owner_name })
  }, [visit.name, visit.owner_name, active.value.lang])

  useEffect(() => {
    if (end) wire.stop()
  }, [end])

  const until = parseTime(visit.until)
  const zone = visit.zone || 'UTC'
  const now = wire.clock.now()
  return (
    <Frame
      name={visit.name}
      owner={visit.owner_name}
      acts={shows && place === 'wall' ? <Button kind="quiet" bare icon="keyboard" extra="only-desk" onClick={() => setHelp(true)}>{t('keys.title')}</Button> : null}
      nav={shows && visit.gallery ? (
        <Segmented
          label={t('guest.places')}
          value={place}
          options={[{ value: 'wall', text: t('guest.control_room') }, { value: 'gallery', text: t('nav.gallery') }]}
          onChange={v => setPlace(v)}
        />
      ) : null}
      foot={
        end ? t('guest.foot_was')
        : [t('guest.foot'), until !== undefined && visit.state === 'live' ? t('guest.ends', { when: at(until, zone, now) }) : ''].filter(Boolean).join(' ')
      }
    >
      {!up && shows && <div class="line" role="status"><Icon name="warn" small /><span>{t('line.offline')}</span></div>}
      {shows && place === 'gallery' ? <GuestGallery state={images} visit={visit} zone={zone} onGone={() => setEnd('removed')} />
      : shows ? <GuestWall link={link} visit={visit} wire={wire} onHelp={() => setHelp(true)} onGone={() => setEnd('removed')} /> : <Standing link={link} visit={visit} end={end} zone={zone} now={now} refresh={refresh} onVisit={setVisit} />}
      {help && <Help onClose={() => setHelp(false)} />}
    </Frame>
  )
}

function GuestWall({ link, visit, wire, onHelp, onGone }: { link: string; visit: Visit; wire: Wire; onHelp(): void; onGone(): void }) {
  const wall = useMemo(() => new Wall({ api: api.viewing(link), send: wire.send, reached: wire.reached, clock: wire.clock }), [link])
  useEffect(() => {
    const off = wire.listen({ up: () => wall.up(), message: m => wall.receive(m) })
    return () => {
      off()
      wall.dispose()
    }
  }, [wall])
  useEffect(() => {
    wall.items.value = visit.cameras.map(c => ({ camera: c.id, name: c.name, sound: visit.sound }))
  }, [visit.cameras, visit.sound])
  useEffect(() => wall.setGrid(isPhone.value ? phone : desk), [isPhone.value])
  const problem = wall.problem.value
  const spare = visit.gallery === true && wall.positions.value.some(x => !x.item)
  const recent = useRecent(link, spare)
  const pictures = useMemo(() => guestImages(link), [link])
  const thumbs = useMemo(() => new Thumbs(), [])
  useEffect(() => () => thumbs.dispose(), [])
  const [opened, open] = useState<string>()
  const names = useMemo(() => new Map(visit.cameras.map(c => [c.id, c.name])), [visit.cameras])
  useEffect(() => {
    if (problem?.status === 410) onGone()
  }, [problem])
  const zone = visit.zone || 'UTC'
  return (
    <>
    <main id="main" class="wall guest">
      <h1 class="vh">{t('guest.title', { name: visit.name, owner: visit.owner_name })}</h1>
      <SlowedLine wall={wall} visit={visit} zone={zone} />
      {problem && problem.status !== 410 && <Notice tone="warn" live>{problemText(problem)}</Notice>}
      <WallGrid
        wall={wall}
        zone={zone}
        watermark={visit.name}
        shortcuts
        guest
        mine={() => false}
        shared={() => false}
        onHelp={onHelp}
        spare={(n, number) => {
          const i = recent[n]
          return i && <SpareTile key={`spare${n}`} image={i} rank={n + 1} number={number} camera={names.get(i.camera) ?? ''} zone={zone} thumbs={thumbs} src={pictures.thumbnail(i.id)} watermark={visit.name} onOpen={() => open(i.id)} />
        }}
      />
      {visit.note && <p class="guest-note"><bdi>{visit.note}</bdi></p>}
      <Announcer wall={wall} />
      <div class="guest-tools"><Unheard wall={wall} mine={() => false} /><Pager wall={wall} large={isPhone.value} /></div>
    </main>
    {opened && (
      <GuestViewer
        id={opened}
        find={id => recent.find(i => i.id === id)}
        beside={async (id, by) => recent[recent.findIndex(i => i.id === id) + by]}
        api={pictures}
        standIn={id => thumbs.peek(pictures.thumbnail(id))}
        names={names}
        zone={zone}
        watermark={visit.name}
        onOpen={open}
      />
    )}
    </>
  )
}

/** Standing is every state without pictures: what happened, since when, what comes next. */
function Standing({ link, visit: v, end, zone, now, refresh, onVisit }: { link: string; visit: Visit; end: End | undefined; zone: string; now: number; refresh(): void; onVisit(v: Visit): void }) {
  const [, beat] = useState(0)
  const until = parseTime(v.until)
  const since = parseTime(v.since)
  useEffect(() => {
    const timer = setInterval(() => beat(n => n + 1), 1000)
    return () => clearInterval(timer)
  }, [])
  const due = v.state === 'not_yet' && until !== undefined && until <= now
  useEffect(() => {
    if (due && !end) refresh()
  }, [due])
  const facts = [
    since === undefined ? null : { name: t(v.state === 'paused' ? 'guest.paused_since' : 'guest.ended_since'), text: moment(since, zone, now) },
    { name: t('guest.now'), text: at(now, zone, now) },
    { name: t('guest.link'), text: v.name },
    v.note ? { name: t('guest.note'), text: v.note } : null,
  ].filter(f => f !== null)
  if (end === 'removed') return <StatePage icon="none" title={t('guest.gone')} text={t('guest.removed_text')} />
  if (end === 'stopped') {
    return (
      <StatePage icon="none" title={t('guest.stopped')} text={t('guest.stopped_text')}>
        <Button kind="primary" onClick={() => location.reload()}>{t('action.try_again')}</Button>
      </StatePage>
    )
  }
  switch (v.state) {
    case 'not_yet':
      return (
        <StatePage
          icon="clock"
          title={until === undefined ? t('guest.not_yet') : t('guest.starts', { time: duration(until - now) })}
          text={[until === undefined ? '' : `${sentence(at(until, zone, now))}.`, t('guest.starts_text')].filter(Boolean).join(' ')}
        />
      )
    case 'paused':
      // A plan that ended is not the owner's act; the page does not say it was.
      return v.reason === 'link_paused_plan'
        ? <StatePage icon="pause" title={t('guest.paused_plan')} text={t('guest.paused_plan_text')} facts={facts}><AskLink link={link} /></StatePage>
        : <StatePage icon="pause" title={t('guest.paused')} text={t('guest.paused_text')} facts={facts}><AskLink link={link} /></StatePage>
    case 'ended':
      if (v.reason === 'stopped_by_owner' || v.reason === 'ip_blocked') return <StatePage icon="exit" title={t('guest.stopped')} text={reason(v.reason)} facts={facts} />
      return <StatePage icon="exit" title={t('guest.ended')} text={t('guest.ended_text')} facts={facts}><AskLink link={link} /></StatePage>
  }
  return <Password link={link} onVisit={onVisit} />
}

/** AskLink leads out of the guest's pages, which read no login, to where one asks by name. */
function AskLink({ link }: { link: string }) {
  return <p class="acts"><a class="btn" href={`/request#link=${encodeURIComponent(link)}`}>{t('guest.request')}</a></p>
}

function Frame({ name, owner, nav, acts, foot, children }: { name?: string; owner?: string; nav?: preact.ComponentChildren; acts?: preact.ComponentChildren; foot?: string; children: preact.ComponentChildren }) {
  const { lang } = active.value
  const language = isLang(lang) ? languages[lang] : lang
  return (
    <div class="app">
      <header class="bar">
        <span class="brand"><Logo />{name ? <bdi>{name}</bdi> : <span>Sightline</span>}</span>
        {owner && <span class="muted by">{t('guest.by', { owner })}</span>}
        <span class="sp" />
        {nav}
        <Menu
          end
          label={t('nav.language', { name: language })}
          button={<><Icon name="globe" /><bdi class="vh-phone">{language}</bdi><Icon name="down" small /></>}
          items={Object.entries(languages).map(([id, text]) => ({ text: <bdi lang={id}>{text}</bdi>, checked: id === lang, act: () => void setLanguage(id) }))}
        />
        {acts}
      </header>
      {children}
      {foot && <footer class="gfoot"><Icon name="eye" small /><span>{foot}</span></footer>}
    </div>
  )
}
