import { useState } from 'preact/hooks'
import { visits as api, type LinkVisit } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import type { Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Dialog } from '../kit/dialog'
import { ProblemNotice } from '../kit/notice'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { browserName } from '../state/browser'
import { zone } from '../state/session'
import { useLive } from '../usage/live'

/** LinkVisits lists who opened a link, the addresses masked; one viewer can be stopped while the link goes on. */
export function LinkVisits({ link, onClose }: { link: Link; onClose(): void }) {
  const list = useLive(() => api.list(link.id).then(r => r.visits), 3000, ['links'], link.id)
  const [problem, setProblem] = useState<Problem>()
  const stop = async (v: LinkVisit): Promise<void> => {
    setProblem(undefined)
    try {
      await api.stop(link.id, v.id)
      toast(t('visits.stopped'))
    } catch (e) {
      setProblem(asProblem(e))
    }
    list.reload()
  }
  const when = (s: string): string => moment(parseTime(s) ?? 0, zone.value, Date.now())
  return (
    <Dialog title={<bdi>{link.name}</bdi>} onClose={onClose} size="large">
      <p>{t('visits.text')}</p>
      <ProblemNotice problem={problem} />
      <Loaded of={list} rows={2}>
        {rows => rows.length === 0 ? <p>{t('visits.none')}</p> : (
          <Table
            label={t('visits.title')}
            rows={rows}
            id={v => v.id}
            columns={[
              { head: t('account.address'), role: 'title', cell: v => <b><bdi dir="ltr" class="num">{v.ip_masked}</bdi></b> },
              { head: '', role: 'state', cell: v => (v.stopped ? <Chip tone="shut" icon="none">{t('visits.was_stopped')}</Chip> : v.owner ? <Chip tone="blue">{t('groups.you')}</Chip> : v.watching ? <Chip tone="live" icon="live">{t('links.watching')}</Chip> : null) },
              { head: t('account.browser'), cell: v => <bdi>{browserName(v.browser)}</bdi> },
              { head: t('visits.first'), cell: v => <span class="num">{when(v.first_seen)}</span> },
              { head: t('account.seen'), cell: v => <span class="num">{when(v.last_seen)}</span> },
              { head: '', role: 'acts', cell: v => (v.stopped ? null : <Button small kind="danger" onClick={() => void stop(v)}>{t('visits.stop')}</Button>) },
            ]}
          />
        )}
      </Loaded>
    </Dialog>
  )
}
