import { t } from '../i18n/i18n'
import { day, duration } from '../i18n/time'
import type { LinkUsage } from './api'
import { time } from './chart'
import { slowedIn, spellsOf, type Hour } from './hours'
import { amount, budgetName, budgets } from './words'

/** Figures is all that the chart can show as one table, the newest hour first. */
export function Figures({ usage: u, hours, zone, now }: { usage: LinkUsage; hours: readonly Hour[]; zone: string; now: number }) {
  const short = u.window_s < 24 * 60
  const label = t('usage.chart', { name: t('usage.title') })
  const spells = budgets.map(b => spellsOf(u, b))
  return (
    <div class="us-figures" tabIndex={0} role="region" aria-label={label}>
      <table class="tb us-by" role="table" aria-label={label}>
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col">{t('usage.hour')}</th>
            {budgets.map(b => <th key={b} role="columnheader" scope="col" class="col-num">{budgetName(b)}</th>)}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {[...hours].reverse().map(h => (
            <tr key={h.from} role="row">
              <th role="rowheader" scope="row"><span class="num" dir="ltr">{time(h.from, zone, short)}–{time(h.to, zone, short)}</span> <span class="dim">{day(h.from, zone, now)}</span></th>
              {budgets.map((b, i) => {
                const slowed = slowedIn(spells[i] ?? [], h)
                return (
                  <td key={b} role="cell" class="col-num" data-label={budgetName(b)}>
                    <span>{amount(b, h.used[b])}{slowed > 0 && <small class="us-slow">{t('usage.chart_slow', { list: duration(slowed) })}</small>}</span>
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
