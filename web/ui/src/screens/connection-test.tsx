import { useRef, useState } from 'preact/hooks'
import type { Connectivity, Pair, PairCode } from '../api/connectivity'
import { asProblem, type Problem } from '../api/problem'
import type { Key } from '../i18n/catalogue'
import { t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Chip, type Tone } from '../kit/chip'
import { ProblemNotice } from '../kit/notice'
import { Table } from '../kit/table'
import { testConnection } from '../player/conntest'

const words: Record<PairCode, [Key, Tone | undefined]> = {
  in_use: ['conn.in_use', 'blue'], works: ['conn.works', 'blue'], handshake: ['conn.handshake', 'bad'], one_way: ['conn.one_way', 'bad'],
  no_answer: ['conn.no_answer', 'bad'], untried: ['conn.untried', undefined], not_dialed: ['conn.not_dialed', undefined],
}
const texts: Record<PairCode, Key> = {
  in_use: 'conn.in_use_text', works: 'conn.works_text', handshake: 'conn.handshake_text', one_way: 'conn.one_way_text',
  no_answer: 'conn.no_answer_text', untried: 'conn.untried_text', not_dialed: 'conn.not_dialed_text',
}

/** ConnectionTest finds out why no picture comes: which ways to the server were tried and how each did. */
export function ConnectionTest({ card }: { card?: boolean }) {
  const [report, setReport] = useState<Connectivity>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const turn = useRef(0)
  const run = async (): Promise<void> => {
    const mine = ++turn.current
    setBusy(true)
    setProblem(undefined)
    setReport(undefined)
    try {
      await testConnection(c => { if (turn.current === mine) setReport(c) })
    } catch (e) {
      if (turn.current === mine) setProblem(asProblem(e))
    }
    if (turn.current === mine) setBusy(false)
  }
  return (
    <section class={card ? 'card conn' : 'block conn'}>
      <h2>{t('conn.title')}</h2>
      <p class="muted">{t('conn.text')}</p>
      <div aria-live="polite">{report && <Verdict of={report} busy={busy} />}</div>
      <ProblemNotice problem={problem} />
      {report && report.pairs.length > 0 && (
        <Table
          label={t('conn.title')}
          rows={report.pairs}
          id={p => `${p.protocol} ${p.local} ${p.remote}`}
          columns={[
            { head: t('conn.way'), role: 'title', cell: way },
            { head: t('conn.result'), role: 'state', cell: p => <Chip tone={words[p.code][1]}>{t(words[p.code][0])}</Chip> },
            { head: t('conn.checks'), cell: p => p.code === 'not_dialed' ? '–' : t('conn.counts', { sent: p.checks_sent, answered: p.checks_answered, arrived: p.checks_arrived }) },
            { head: t('conn.trip'), role: 'num', cell: p => p.rtt_seconds ? t('unit.ms', { n: Math.max(1, Math.round(p.rtt_seconds * 1000)) }) : '–' },
          ]}
        />
      )}
      {report && report.hidden > 0 && <p class="meta dim">{t('conn.hidden', { n: report.hidden })}</p>}
      <div class="acts"><Button busy={busy} onClick={() => void run()}>{report ? t('conn.again') : t('conn.run')}</Button></div>
    </section>
  )
}

function way(p: Pair) {
  return <bdi dir="ltr">{p.protocol.toUpperCase()} {p.remote && `${p.remote} → `}{p.local}</bdi>
}

/** Verdict is the most telling pair's word for the whole. */
function Verdict({ of: c, busy }: { of: Connectivity; busy: boolean }) {
  if (busy && c.state === 'connecting') return <p role="status">{t('conn.trying')}</p>
  const first = c.pairs[0]?.code ?? 'no_answer'
  const code: PairCode = c.state === 'connected' ? 'in_use' : first === 'untried' || first === 'not_dialed' ? 'no_answer' : first
  return <p role="status"><b>{t(words[code][0])}.</b> {t(texts[code])}</p>
}
