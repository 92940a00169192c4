import { t } from '../i18n/i18n'
import { at, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Icon } from '../kit/icons'
import { Table } from '../kit/table'
import { Settings } from '../screens/settings'
import { zone } from '../state/session'
import { usage as api, type AccountUsage } from './api'
import { Meter, UseChip } from './bars'
import { useLive } from './live'
import { amount, budgetName, budgets, bytes, freesText } from './words'

/** UsageTotals is the use of all share links: a row a link, and what it comes to together. */
export function UsageTotals() {
  const data = useLive(api.account, 3000, ['links', 'usage'])
  return (
    <Settings>
      <div class="head">
        <div>
          <h1>{t('usage.title')}</h1>
          <p class="muted">{t('usage.text')}</p>
        </div>
      </div>
      <Loaded of={data} rows={3}>
        {u => (
          <>
            {u.links.length === 0
              ? <Empty title={t('usage.none')}><a class="btn" href="/settings/sharing">{t('settings.sharing')}</a></Empty>
              : <Links of={u} />}
            <Totals of={u} />
          </>
        )}
      </Loaded>
    </Settings>
  )
}

function Links({ of: u }: { of: AccountUsage }) {
  return (
    <div class="us-all">
    <Table
      label={t('usage.title')}
      rows={u.links}
      id={l => l.id}
      columns={[
        { head: t('links.link'), role: 'title', cell: l => <a class="name" href={`/settings/usage/${encodeURIComponent(l.id)}`}><bdi>{l.name}</bdi></a> },
        { head: t('cameras.state'), role: 'state', cell: l => <UseChip state={l.state} /> },
        ...budgets.map(b => ({
          head: budgetName(b),
          cell: (l: AccountUsage['links'][number]) => (
            <div class="us-cell">
              <p class="num">{t('usage.used_of', { used: amount(b, l[b].used), budget: amount(b, l[b].budget) })}</p>
              <Meter bar={l[b]} />
              {l[b].state !== 'normal' && <p class="dim meta num">{freesText(b, l[b], zone.value, Date.now(), 1)}</p>}
            </div>
          ),
        })),
      ]}
    />
    </div>
  )
}

/** Sums is the three of a link's bars, of all links. */
function Sums({ of: u }: { of: AccountUsage }) {
  return <>{budgets.map(b => <div key={b} data-sum={b}><dt>{budgetName(b)}</dt><dd class="num">{amount(b, u.totals[b])}</dd></div>)}</>
}

/** AllLinks stands beside one link's use: what all of them have used together. */
export function AllLinks({ of: u }: { of: AccountUsage }) {
  return (
    <section class="block us-beside">
      <h2><a href="/settings/usage">{t('usage.all')}</a></h2>
      <p class="muted">{t('usage.totals_text')}</p>
      <dl class="us-totals"><Sums of={u} /></dl>
    </section>
  )
}

function Totals({ of: u }: { of: AccountUsage }) {
  const { egress: e } = u
  const slowed = e.state === 'sub' || e.state === 'stills'
  const until = parseTime(e.until)
  return (
    <section class="block">
      <h2>{t('usage.all')}</h2>
      <p class="muted">{t('usage.totals_text')}</p>
      <dl class="us-totals">
        <Sums of={u} />
        <div>
          <dt>{t('usage.sent')}</dt>
          <dd class="num">{bytes(e.used_bytes)} <span class="muted">{e.budget_bytes === null ? t('usage.no_limit') : t('usage.of', { budget: bytes(e.budget_bytes) })}</span></dd>
          {e.budget_bytes !== null && <dd><Meter bar={{ used: e.used_bytes, budget: e.budget_bytes, state: slowed ? 'throttled' : e.state === 'near' ? 'near' : 'normal' }} /></dd>}
        </div>
      </dl>
      {slowed && (
        <p class="us-sent" role="status">
          <Icon name="image" small />
          <span>{t(e.state === 'sub' ? 'usage.sent_sub' : 'usage.sent_stills')} {until !== undefined && t('usage.sent_until', { when: at(until, zone.value, parseTime(u.server_time) ?? Date.now()) })}</span>
        </p>
      )}
    </section>
  )
}
