import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Dialog } from '../kit/dialog'
import { useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { zone } from '../state/session'
import { kindText } from './kinds'
import { webhooks as api, type Delivery, type Webhook } from './ways-api'

/** outcome is how one try of a delivery went, in a sentence. */
export function outcome(d: Delivery): string {
  const status = d.status ?? ''
  switch (d.outcome) {
    case 'ok': return t('webhooks.outcome.ok', { status })
    case 'status': return t('webhooks.outcome.status', { status })
    case 'redirect': return t('webhooks.outcome.redirect', { status })
    case 'tls': return t('webhooks.outcome.tls')
    case 'denied': return t('webhooks.outcome.denied')
    default: return t('webhooks.outcome.unreachable')
  }
}

function kind(k: string): string {
  return k === 'test' ? t('webhooks.kind_test') : kindText(k)
}

/** WebhookLog lists the last tries of a webhook. */
export function WebhookLog({ hook, onClose }: { hook: Webhook; onClose(): void }) {
  const log = useResource(() => api.deliveries(hook.id).then(r => r.deliveries), [`webhook ${hook.id}`])
  return (
    <Dialog title={t('webhooks.log')} sub={<bdi>{hook.name}</bdi>} wide onClose={onClose}>
      <Loaded of={log} rows={3}>
        {rows =>
          rows.length === 0 ? (
            <Empty title={t('webhooks.log_none')} />
          ) : (
            <Table
              label={t('webhooks.log')}
              rows={rows}
              id={d => `${d.id} ${d.at}`}
              columns={[
                { head: t('webhooks.when'), role: 'title', cell: d => <span class="num">{moment(parseTime(d.at) ?? 0, zone.value, Date.now())}</span> },
                { head: t('notices.kind'), cell: d => kind(d.kind) },
                { head: t('webhooks.answer'), cell: d => <span class={d.outcome === 'ok' ? undefined : 'no-bad'}>{outcome(d)}</span> },
                { head: t('webhooks.took'), role: 'num', cell: d => <span class="num">{t('unit.ms', { n: d.took_ms })}</span> },
              ]}
            />
          )}
      </Loaded>
    </Dialog>
  )
}
