import { useState } from 'preact/hooks'
import { me as api, views as viewAPI } from '../api/api'
import type { Login, LoginKiosk } from '../api/wire'
import { t } from '../i18n/i18n'
import { date, parseTime } from '../i18n/time'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Confirm } from '../kit/dialog'
import { useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { browserName } from '../state/browser'
import { zone } from '../state/session'

type Row = Login & { kiosk: LoginKiosk }

/** Kiosks are the screens that show a view of this account; absent while there is none. */
export function Kiosks({ logins, onEnded }: { logins: readonly Login[]; onEnded(): void }) {
  const views = useResource(() => viewAPI.list().then(r => r.views), ['views'])
  const [ending, setEnding] = useState<Row>()
  const rows = logins.filter((l): l is Row => l.kiosk !== undefined)
  if (rows.length === 0) return null
  const when = (s: string | undefined, none: string): string => {
    const ms = parseTime(s)
    return ms === undefined ? none : date(ms, zone.value)
  }
  const view = (k: LoginKiosk): string => (k.view === undefined ? t('wall.all_cameras') : views.data?.find(v => v.id === k.view)?.name ?? (views.data ? t('kiosk.view_gone') : ''))
  return (
    <section class="block">
      <h2>{t('kiosk.title')}</h2>
      <p class="muted">{t('kiosk.list_text')}</p>
      <Table
        label={t('kiosk.title')}
        rows={rows}
        id={l => l.id}
        columns={[
          { head: t('kiosk.name'), role: 'title', cell: l => <b><bdi>{l.kiosk.name}</bdi></b> },
          { head: '', role: 'state', cell: l => (l.kiosk.waits ? <Chip tone="warn" icon="wait">{t('kiosk.waits')}</Chip> : null) },
          { head: t('kiosk.view'), cell: l => <bdi>{view(l.kiosk)}</bdi> },
          { head: t('kiosk.opened'), cell: l => (l.kiosk.waits ? '–' : <><bdi>{browserName(l.browser)}</bdi> <bdi dir="ltr" class="num dim">{l.ip}</bdi></>) },
          { head: t('tokens.ends'), cell: l => <span class="num">{when(l.kiosk.ends_at, t('kiosk.no_end'))}</span> },
          { head: '', role: 'acts', cell: l => <Button small kind="danger" onClick={() => setEnding(l)}>{t('kiosk.end')}</Button> },
        ]}
      />
      {ending && (
        <Confirm
          title={t('kiosk.end_title', { name: ending.kiosk.name })}
          verb={t('kiosk.end')}
          onClose={() => setEnding(undefined)}
          act={async () => {
            await api.endLogin(ending.id)
            onEnded()
            toast(t('kiosk.was_ended', { name: ending.kiosk.name }))
          }}
        >
          <p>{t('kiosk.end_text')}</p>
        </Confirm>
      )}
    </section>
  )
}
