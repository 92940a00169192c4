import { useState } from 'preact/hooks'
import { links as linkAPI } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city, duration, hour, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { Menu } from '../kit/menu'
import { ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import { toast } from '../kit/toast'
import { LinkState } from '../screens/link-state'
import { Settings } from '../screens/settings'
import { zone } from '../state/session'
import { usage as api, type LinkUsage as Usage } from './api'
import { ThreeBars, UseChip } from './bars'
import { Chart } from './chart'
import { useLive } from './live'
import { AllLinks } from './totals'
import { Visits } from './visits'
import { sentences, warnings } from './words'

/** The owner sees a change within five seconds (spec R81). */
const every = 2000

/** LinkUsage is the page of one share link: what its guests have used, who they are, and what they read now. */
export function LinkUsage({ id }: { id: string }) {
  const used = useLive(() => api.link(id), every, ['links', 'usage'], id)
  const visits = useLive(() => api.visits(id), every + 500, ['links', 'usage'], id)
  const blocks = useLive(() => api.blocks(id).then(r => r.blocks), 15_000, ['links'], id)
  const account = useLive(api.account, 15_000, ['links'])
  const all = useResource(() => linkAPI.list().then(r => r.links.filter(l => l.kind === 'share')), ['links'])
  const [problem, setProblem] = useState<Problem>()
  const link = all.data?.find(l => l.id === id)
  const pause = async (l: Link, on: boolean): Promise<void> => {
    setProblem(undefined)
    try {
      await (on ? linkAPI.pause(l.id) : linkAPI.resume(l.id))
      announce('links')
      toast(t(on ? 'links.paused_toast' : 'links.resumed_toast', { name: l.name }), { text: t('action.undo'), act: () => void pause(l, !on) })
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  if (used.problem?.status === 404) {
    return (
      <Settings>
        <h1>{t('usage.title')}</h1>
        <Empty title={t('usage.gone')}><a class="btn" href="/settings/usage">{t('usage.all')}</a></Empty>
      </Settings>
    )
  }
  return (
    <Settings>
      <p class="crumb"><a href="/settings/usage"><Icon name="left" small />{t('usage.all')}</a></p>
      <div class="head us-head">
        <div>
          <div class="row wrap">
            <h1><bdi>{link?.name ?? t('usage.title')}</bdi></h1>
            {link && link.state !== 'active' ? <LinkState link={link} /> : used.data && <UseChip state={used.data.state} />}
          </div>
          {used.data && <p class="muted">{t('usage.window', { time: duration(used.data.window_s * 1000), now: hour(parseTime(used.data.server_time) ?? Date.now(), zone.value), zone: city(zone.value) })}</p>}
        </div>
        <span class="sp" />
        <div class="row wrap">
          {link && (all.data?.length ?? 0) > 1 && (
            <Menu
              end
              cls="btn"
              button={<>{t('usage.other')}<Icon name="down" small /></>}
              items={(all.data ?? []).map(l => ({ text: <bdi>{l.name}</bdi>, checked: l.id === id, href: `/settings/usage/${encodeURIComponent(l.id)}` }))}
            />
          )}
          {link && <a class="btn" href={link.url} target="_blank" rel="noopener noreferrer"><Icon name="eye" />{t('usage.see')}</a>}
          {link?.state === 'active' && <Button icon="pause" onClick={() => void pause(link, true)}>{t('usage.pause')}</Button>}
          {link?.state === 'paused_owner' && <Button icon="play" onClick={() => void pause(link, false)}>{t('usage.resume')}</Button>}
        </div>
      </div>
      <ProblemNotice problem={problem} />
      <Loaded of={used} rows={3}>
        {u => {
          const now = parseTime(u.server_time) ?? Date.now()
          return (
            <>
              <ThreeBars bars={u} zone={zone.value} now={now} note={{ users: addresses(u) }} />
              <div class="us-say">
                {warnings(u).map(w => <p key={w}><Icon name="warn" small /><span>{w}</span></p>)}
                {link && sentences(link.state, u, zone.value, now).map(s => (
                  <p key={s.who} data-who={s.who}>
                    <Icon name="eye" small />
                    <span>{t(s.who === 'all' ? 'usage.read_all' : s.who === 'new' ? 'usage.read_new' : 'usage.read_gallery')} <q>{s.text}</q></span>
                  </p>
                ))}
              </div>
              <Chart key={id} usage={u} zone={zone.value} />
              <Visits link={id} zone={zone.value} visits={visits} blocks={blocks} />
              {account.data && <AllLinks of={account.data} />}
            </>
          )
        }}
      </Loaded>
    </Settings>
  )
}

/** addresses: who was seen is not who has a place; said where there were more. */
function addresses(u: Usage): string | undefined {
  if (!u.more_addresses && u.addresses <= u.users.used) return undefined
  return u.more_addresses ? t('usage.addresses_more', { n: u.addresses }) : t('usage.addresses', { n: u.addresses })
}
