import type { Level } from '../api/access'
import { hours } from '../i18n/hours'
import { t } from '../i18n/i18n'
import { city, date, list, sentence } from '../i18n/time'
import { isChanged, type Row, type Terms } from './draft'
import { isNever } from './schedule'

/** levelWord is a level's name. */
export function levelWord(l: Level): string {
  switch (l) {
    case 'online': return t('level.online')
    case 'archive': return t('level.archive')
    case 'notices': return t('level.notices')
    case 'download': return t('level.download')
  }
}

/** what is "watch live, see recordings and get notices". */
export function what(terms: Pick<Terms, 'levels' | 'rights'>): string {
  const phrases: string[] = []
  const has = (l: Level): boolean => terms.levels.includes(l)
  if (has('online')) phrases.push(terms.rights.includes('sound') ? t('effect.online_sound') : t('effect.online'))
  if (has('archive')) phrases.push(has('online') ? t('effect.archive') : t('effect.archive_old'))
  if (has('download')) phrases.push(t('effect.download'))
  if (has('notices')) phrases.push(t('effect.notices'))
  return list(phrases)
}

/** when is "Mon–Fri 09:00–18:00 (Kyiv), until 31 Dec 2026, 23:59 (Kyiv)". */
export function when(terms: Pick<Terms, 'schedule' | 'until'>, zone: string): string {
  const open = terms.schedule === null ? t('effect.always') : hours(terms.schedule, zone)
  const until = terms.until ? Date.parse(terms.until) : undefined
  return until === undefined ? open : t('effect.until', { when: open, until: date(until, zone), zone: city(zone) })
}

export function isExpired(terms: Pick<Terms, 'until'>, now: number): boolean {
  return terms.until !== '' && Date.parse(terms.until) <= now
}

/** effect says in one line what a row means for the person, as it stands now, saved or not. */
export function effect(r: Row, zone: string, now: number): { text: string; warn: boolean } {
  const x = r.terms
  const said: string[] = []
  let warn = false
  if (r.removed) said.push(t('effect.removed'))
  else if (isNever(x.schedule)) {
    said.push(t('effect.never'))
    warn = true
  } else if (isExpired(x, now)) said.push(t('effect.ended', { when: date(Date.parse(x.until), zone), zone: city(zone) }))
  else {
    const of = { what: what(x), when: when(x, zone) }
    said.push(r.base && r.state === 'accepted' ? t('effect.can', of) : r.base && r.state === 'expired' ? t('effect.again', of) : t('effect.will', of))
  }
  if (!r.removed) {
    if (x.levels.includes('archive') && x.only_hours && x.schedule) said.push(t('effect.only_hours'))
    if (x.levels.includes('archive') && x.only_from) said.push(t('effect.only_from'))
    if (r.invite && !r.base) said.push(t('effect.invite'))
    else if (!r.base) said.push(t('effect.draft'))
    else if (isChanged(r)) said.push(t('effect.changed'))
    else if (r.waiting) said.push(t('effect.waiting'))
    else if (r.state === 'offered') said.push(t('effect.offered'))
    else if (r.state === 'declined') said.push(t('effect.declined'))
    if (r.watching) said.push(t('effect.watching'))
  }
  return { text: said.map(sentence).join(' '), warn }
}
