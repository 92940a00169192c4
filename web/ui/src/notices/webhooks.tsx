import { useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Confirm, Dialog } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Menu } from '../kit/menu'
import { Icon } from '../kit/icons'
import { Notice, ProblemNotice } from '../kit/notice'
import { announce, useResource } from '../kit/resource'
import * as rules from '../kit/rules'
import { toast } from '../kit/toast'
import { zone } from '../state/session'
import { SecretLine } from '../screens/link-show'
import { WebhookLog, outcome } from './webhook-log'
import { webhooks as api, type Webhook } from './ways-api'

type Made = Webhook & { secret: string }

/** WebhooksPart is webhooks in the settings of notices. */
export function WebhooksPart() {
  const list = useResource(() => api.list())
  const [editing, setEditing] = useState<Webhook | 'new'>()
  const [made, setMade] = useState<Made>()
  const [renewing, setRenewing] = useState<Webhook>()
  const [removing, setRemoving] = useState<Webhook>()
  const show = (m: Made): void => { setMade(m); list.reload() }
  return (
    <section class="block no-part">
      <div class="head">
        <div>
          <h2>{t('webhooks.title')}</h2>
          <p class="muted">{t('webhooks.text')}</p>
        </div>
        <span class="sp" />
        <Button icon="plus" onClick={() => setEditing('new')}>{t('webhooks.add')}</Button>
      </div>
      <Loaded of={list} rows={1}>
        {({ webhooks }) =>
          webhooks.length === 0 ? (
            <Empty title={t('webhooks.none')} />
          ) : (
            <ul class="no-hooks" aria-label={t('webhooks.title')}>
              {webhooks.map(h => (
                <Row key={h.id} hook={h} onChange={list.reload} onEdit={() => setEditing(h)} onRenew={() => setRenewing(h)} onRemove={() => setRemoving(h)} />
              ))}
            </ul>
          )}
      </Loaded>
      {editing && <Edit hook={editing === 'new' ? undefined : editing} onClose={() => setEditing(undefined)} onDone={m => { setEditing(undefined); if (m) show(m); else list.reload() }} />}
      {made && (
        <Dialog title={<bdi>{made.name}</bdi>} onClose={() => setMade(undefined)}>
          <p class="muted">{t('webhooks.secret_text')}</p>
          <SecretLine label={t('webhooks.secret')} text={made.secret} />
        </Dialog>
      )}
      {renewing && (
        <Confirm title={t('webhooks.new_secret_title', { name: renewing.name })} verb={t('webhooks.new_secret')} onClose={() => setRenewing(undefined)} act={async () => show(await api.secret(renewing.id))}>
          <p>{t('webhooks.new_secret_text')}</p>
        </Confirm>
      )}
      {removing && (
        <Confirm
          title={t('webhooks.remove_title', { name: removing.name })}
          verb={t('action.remove')}
          onClose={() => setRemoving(undefined)}
          act={async () => {
            await api.remove(removing.id)
            list.reload()
            toast(t('webhooks.removed', { name: removing.name }))
          }}
        >
          <p>{t('webhooks.remove_text')}</p>
        </Confirm>
      )}
    </section>
  )
}

interface RowProps {
  hook: Webhook
  onChange(): void
  onEdit(): void
  onRenew(): void
  onRemove(): void
}

function Row({ hook: h, onChange, onEdit, onRenew, onRemove }: RowProps) {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem>()
  const [said, setSaid] = useState<{ good: boolean; text: string }>()
  const [open, setOpen] = useState(false)
  const run = async (act: () => Promise<void>): Promise<void> => {
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    setSaid(undefined)
    try {
      await act()
    } catch (e) {
      setProblem(asProblem(e))
    }
    setBusy(false)
    onChange()
    announce(`webhook ${h.id}`)
  }
  const test = (): Promise<void> => run(async () => {
    const d = await api.test(h.id)
    setSaid({ good: d.outcome === 'ok', text: d.outcome === 'ok' ? t('webhooks.tested', { name: h.name, status: d.status ?? '', ms: d.took_ms }) : outcome(d) })
  })
  const turn = (on: boolean): Promise<void> => run(async () => { await api.change(h.id, { on }) })
  const since = parseTime(h.failing_since)
  return (
    <li class="no-hook">
      <div class="top">
        <b><bdi>{h.name}</bdi></b>
        {h.on ? <Chip tone="live">{t('webhooks.on')}</Chip> : <Chip tone="shut">{t('webhooks.off')}</Chip>}
        <span class="sp" />
        {!h.on && <Button small onClick={() => void turn(true)}>{t('webhooks.turn_on')}</Button>}
        <Button small busy={busy} onClick={() => void test()}>{t('webhooks.test')}</Button>
        <Menu
          end
          label={`${t('nav.more')}: ${h.name}`}
          cls="btn s quiet bare"
          button={<Icon name="more" />}
          items={[
            { text: t('action.edit'), icon: 'gear', act: onEdit },
            { text: t('webhooks.log'), icon: 'clock', act: () => setOpen(true) },
            { text: t('webhooks.new_secret'), icon: 'lock', act: onRenew },
            ...(h.on ? [{ text: t('webhooks.turn_off'), icon: 'power' as const, act: () => void turn(false) }] : []),
            { text: t('action.remove'), icon: 'trash', danger: true, rule: true, act: onRemove },
          ]}
        />
      </div>
      <p class="meta dim"><bdi dir="ltr">{h.url}</bdi></p>
      {h.on && since !== undefined && <Notice tone="warn">{t('webhooks.failing', { when: moment(since, zone.value, Date.now()) })}</Notice>}
      {h.off_reason && <Notice tone="warn">{h.off_reason === 'gone' ? t('webhooks.gone') : t('webhooks.stopped')}</Notice>}
      {said && <Notice tone={said.good ? 'good' : 'bad'} live>{said.text}</Notice>}
      <ProblemNotice problem={problem} />
      {open && <WebhookLog hook={h} onClose={() => setOpen(false)} />}
    </li>
  )
}

/** Edit makes a webhook or changes one; a new one's secret is shown next. */
function Edit({ hook, onClose, onDone }: { hook: Webhook | undefined; onClose(): void; onDone(made?: Made): void }) {
  const form = useForm(
    { name: hook?.name ?? '', url: hook?.url ?? '' },
    v => ({ name: rules.name(v.name, 80), url: rules.required(v.url.trim()) }),
    async v => {
      const name = v.name.trim()
      const url = v.url.trim()
      if (hook) {
        await api.change(hook.id, { name, url })
        onDone()
      } else onDone(await api.add(name, url))
    },
  )
  return (
    <Dialog title={hook ? <bdi>{hook.name}</bdi> : t('webhooks.add')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('name')} label={t('tokens.name')} hint={t('webhooks.name_hint')} autoComplete="off" />
        <TextField bound={form.bind('url')} label={t('webhooks.url')} hint={t('webhooks.url_hint')} autoComplete="off" />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{hook ? t('action.save') : t('webhooks.add')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
