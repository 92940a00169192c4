import { t } from '../i18n/i18n'
import { Chip } from '../kit/chip'
import type { Bar, Bars, UseState } from './api'
import { amount, budgetName, budgets, freesText, phrase, share, stateName, type Budget } from './words'

/** UseChip is the state of a budget, or of a link by its fullest one: a word, an icon and a border. */
export function UseChip({ state }: { state: UseState }) {
  if (state === 'throttled') return <Chip tone="still" icon="image">{stateName(state)}</Chip>
  if (state === 'near') return <Chip tone="warn" icon="warn">{stateName(state)}</Chip>
  return <Chip>{stateName(state)}</Chip>
}

/** Meter is the bar itself, with a mark where the end is near. What it says stands beside it in words. */
export function Meter({ bar }: { bar: Bar }) {
  return (
    <div class={`us-meter ${bar.state}`} aria-hidden="true">
      <i style={{ inlineSize: `${share(bar) * 100}%` }} />
      <u />
    </div>
  )
}

/** ThreeBars is what a link has used of its budgets, and when it frees. */
export function ThreeBars({ bars, zone, now, note }: { bars: Bars; zone: string; now: number; note?: Partial<Record<Budget, string>> }) {
  return (
    <ul class="us-bars">
      {budgets.map(b => (
        <li key={b} class="card" data-budget={b}>
          <div class="row">
            <h2>{budgetName(b)}</h2>
            <span class="sp" />
            <UseChip state={bars[b].state} />
          </div>
          <p class="us-figure"><span class="num">{amount(b, bars[b].used)}</span> <span class="muted">{t('usage.of', { budget: amount(b, bars[b].budget) })}</span></p>
          <Meter bar={bars[b]} />
          <p class="muted num">{freesText(b, bars[b], zone, now)}</p>
          {note?.[b] && <p class="dim meta">{note[b]}</p>}
        </li>
      ))}
    </ul>
  )
}

/** useText is the three budgets in one phrase, for lists and for who does not see bars. */
export function useText(bars: Bars): string {
  return phrase(budgets.map(b => t('usage.one', { name: budgetName(b), used: amount(b, bars[b].used), budget: amount(b, bars[b].budget) })))
}

/** MiniUse is a link's use in a list: three thin bars and its state, the way to its page. */
export function MiniUse({ link, bars }: { link: { id: string; name: string }; bars: (Bars & { state: UseState }) | undefined }) {
  return (
    <a class="us-mini" href={`/settings/usage/${encodeURIComponent(link.id)}`} aria-label={bars ? `${t('usage.of_link', { name: link.name })}: ${stateName(bars.state)}. ${useText(bars)}` : t('usage.of_link', { name: link.name })} title={bars && useText(bars)}>
      {bars && <span class="us-three" aria-hidden="true">{budgets.map(b => <Meter key={b} bar={bars[b]} />)}</span>}
      <span>{bars ? <UseChip state={bars.state} /> : t('usage.title')}</span>
    </a>
  )
}
