import { useState } from 'preact/hooks'
import { people as api, type PersonShare } from '../api/sharing'
import { t } from '../i18n/i18n'
import { date, list as join, parseTime } from '../i18n/time'
import { Avatar } from '../kit/avatar'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip, type Tone } from '../kit/chip'
import { Confirm } from '../kit/dialog'
import { Growing } from '../kit/growing'
import { announce, useResource } from '../kit/resource'
import { toast } from '../kit/toast'
import { zone } from '../state/session'
import { Settings } from './settings'

const tones: Record<string, Tone> = { accepted: 'live', offered: 'plain', declined: 'shut', expired: 'shut' }

/** SharingPeople is everything one gives, by person: for the yearly clean-up. */
export function SharingPeople() {
  const list = useResource(() => api.list().then(r => r.people), ['access', 'cameras', 'groups'])
  const [ending, setEnding] = useState<PersonShare>()
  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('settings.people')}</h1>
          <p class="muted">{t('people.text')}</p>
        </div>
      </div>
      <Loaded of={list} rows={3}>
        {rows => rows.length === 0 ? <Empty title={t('people.none')}><a class="btn" href="/cameras">{t('nav.cameras')}</a></Empty> : (
          <Growing rows={rows}>
            {shown => <ul class="given">{shown.map(p => <One key={p.account?.id ?? p.email} person={p} onRevoke={() => setEnding(p)} />)}</ul>}
          </Growing>
        )}
      </Loaded>
      {ending?.account && <Revoke person={ending} onClose={() => setEnding(undefined)} />}
    </Settings>
  )
}

function nameOf(p: PersonShare): string {
  return p.account?.name ?? p.email ?? ''
}

function One({ person: p, onRevoke }: { person: PersonShare; onRevoke(): void }) {
  const name = nameOf(p)
  const sum = [p.cameras.length ? t('cameras.count', { n: p.cameras.length }) : '', p.groups.length ? t('groups.number', { n: p.groups.length }) : '']
  return (
    <li class="card">
      <div class="row who">
        <Avatar name={name} large />
        <div>
          <h2><bdi>{name}</bdi></h2>
          <p class="meta dim">{p.account ? <bdi>{p.account.email_masked}</bdi> : t('people.waiting')}</p>
        </div>
        <span class="sp" />
        <span class="muted num">{join(sum.filter(Boolean))}</span>
        {p.account && p.cameras.length > 0 && <Button small kind="danger" onClick={onRevoke} aria-label={t('people.revoke_name', { name })}>{t('people.revoke')}</Button>}
      </div>
      <ul class="rows">
        {p.cameras.map(c => {
          const until = parseTime(c.until)
          return (
            <li key={c.id}>
              <a class="name" href={`/cameras/${c.id}`}><bdi>{c.name}</bdi></a>
              <Chip tone={tones[c.state] ?? 'plain'} icon={c.state === 'accepted' ? 'check' : undefined}>{t(`grant.${c.state}`)}</Chip>
              <span class="muted">{join(c.levels.map(l => t(`level.${l}`)))}</span>
              <span class="sp" />
              <span class="dim num">{until === undefined ? t('tokens.no_end') : t('people.until', { when: date(until, zone.value) })}</span>
            </li>
          )
        })}
        {p.groups.map(g => (
          <li key={g.id}>
            <a class="name" href={`/settings/groups/${g.id}`}><bdi>{g.name}</bdi></a>
            <span class="muted">{t('people.in_group', { role: t(`role.${g.role}`) })}</span>
          </li>
        ))}
      </ul>
    </li>
  )
}

function Revoke({ person: p, onClose }: { person: PersonShare; onClose(): void }) {
  const name = nameOf(p)
  return (
    <Confirm
      title={t('people.revoke_title', { name })}
      verb={t('people.revoke')}
      onClose={onClose}
      act={async () => {
        await api.revoke(p.account?.id ?? '')
        announce('access')
        announce('cameras')
        toast(t('people.revoked', { name }))
      }}
    >
      <p>{t('people.revoke_text', { cameras: join(p.cameras.map(c => c.name)) })}</p>
      {p.groups.length > 0 && <p>{t('people.revoke_groups', { groups: join(p.groups.map(g => g.name)) })}</p>}
    </Confirm>
  )
}
