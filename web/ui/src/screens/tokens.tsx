import { useState } from 'preact/hooks'
import { me as api } from '../api/api'
import type { Token } from '../api/wire'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Empty, Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Confirm, Dialog } from '../kit/dialog'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import * as rules from '../kit/rules'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { zone } from '../state/session'
import { SecretLine } from './link-show'

/** Tokens are passwords for programs: named, shown once, ended one by one. */
export function Tokens() {
  const tokens = useResource(() => api.tokens().then(r => r.tokens))
  const [adding, setAdding] = useState(false)
  const [made, setMade] = useState<{ name: string; token: string }>()
  const [ending, setEnding] = useState<Token>()
  const when = (s: string | undefined, none: string): string => {
    const ms = parseTime(s)
    return ms === undefined ? none : date(ms, zone.value)
  }
  return (
    <section class="block">
      <div class="head">
        <div>
          <h2>{t('tokens.title')}</h2>
          <p class="muted">{t('tokens.text')}</p>
        </div>
        <span class="sp" />
        <Button icon="plus" onClick={() => setAdding(true)}>{t('tokens.add')}</Button>
      </div>
      <Loaded of={tokens} rows={1}>
        {rows =>
          rows.length === 0 ? (
            <Empty title={t('tokens.none')} />
          ) : (
            <Table
              label={t('tokens.title')}
              rows={rows}
              id={x => x.id}
              columns={[
                { head: t('tokens.name'), role: 'title', cell: x => <b><bdi>{x.name}</bdi></b> },
                { head: t('tokens.made'), cell: x => <span class="num">{when(x.created_at, '–')}</span> },
                { head: t('tokens.used'), cell: x => <span class="num">{when(x.last_used_at, t('links.never'))}</span> },
                { head: t('tokens.ends'), cell: x => <span class="num">{when(x.expires_at, t('tokens.no_end'))}</span> },
                { head: '', role: 'acts', cell: x => <Button small kind="danger" onClick={() => setEnding(x)}>{t('tokens.end')}</Button> },
              ]}
            />
          )}
      </Loaded>
      {adding && <Add onClose={() => setAdding(false)} onMade={m => { setAdding(false); setMade(m); tokens.reload() }} />}
      {made && (
        <Dialog title={<bdi>{made.name}</bdi>} onClose={() => setMade(undefined)}>
          <p class="muted">{t('tokens.once')}</p>
          <SecretLine label={t('tokens.token')} text={made.token} />
        </Dialog>
      )}
      {ending && (
        <Confirm
          title={t('tokens.end_title', { name: ending.name })}
          verb={t('tokens.end')}
          onClose={() => setEnding(undefined)}
          act={async () => {
            await api.endToken(ending.id)
            tokens.reload()
            toast(t('tokens.ended', { name: ending.name }))
          }}
        >
          <p>{t('tokens.end_text')}</p>
        </Confirm>
      )}
    </section>
  )
}

function Add({ onClose, onMade }: { onClose(): void; onMade(m: { name: string; token: string }): void }) {
  const form = useForm(
    { name: '', days: '90' },
    v => ({ name: rules.name(v.name) }),
    async v => onMade(await api.addToken(v.name.trim(), v.days === '' ? undefined : Number(v.days))),
  )
  return (
    <Dialog title={t('tokens.add')} onClose={onClose}>
      <form onSubmit={form.onSubmit} noValidate>
        <TextField bound={form.bind('name')} label={t('tokens.name')} hint={t('tokens.name_hint')} autoComplete="off" />
        <SelectField
          bound={form.bind('days')}
          label={t('tokens.ends')}
          options={[...[7, 30, 90, 365].map(n => ({ value: String(n), text: t('tokens.days', { n }) })), { value: '', text: t('tokens.no_end') }]}
        />
        <ProblemNotice problem={form.problem} />
        <div class="acts">
          <span class="sp" />
          <Button kind="quiet" onClick={onClose}>{t('action.cancel')}</Button>
          <Button kind="primary" type="submit" busy={form.busy}>{t('tokens.add')}</Button>
        </div>
      </form>
    </Dialog>
  )
}
