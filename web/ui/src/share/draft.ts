import type { AccessEdit, AccessRow, AccessTable, GrantState, Level, Person, Right } from '../api/access'
import { ordered, sameSet } from './levels'
import { same, type Schedule } from './schedule'

/** What one person may do, as edited. */
export interface Terms {
  levels: Level[]
  rights: Right[]
  schedule: Schedule
  /** An instant (RFC 3339) or empty. */
  until: string
  only_hours: boolean
  only_from: boolean
}

/** A row of the table while it is edited: nothing of it reaches the server before Save. */
export interface Row {
  key: string
  grant?: string
  account?: Person
  /** The address of somebody without a known account. */
  email?: string
  invite?: boolean
  state: GrantState | 'draft'
  watching: boolean
  waiting: boolean
  message: string
  terms: Terms
  /** What the server has; absent for a new row. */
  base?: Terms
  /** To be deleted by the next Save. */
  removed: boolean
  /** What somebody else saved meanwhile, while this row was being edited. */
  theirs?: Terms | 'deleted'
  /** Added by somebody else meanwhile. */
  added?: boolean
  /** Why the server refused this row. */
  error?: string
}

export const newTerms = (): Terms => ({ levels: ['online'], rights: [], schedule: null, until: '', only_hours: false, only_from: false })

function termsOf(r: AccessRow): Terms {
  return {
    levels: ordered(r.levels),
    rights: r.rights ?? [],
    schedule: r.schedule ? { intervals: r.schedule.intervals ?? [] } : null,
    until: r.until ?? '',
    only_hours: r.only_hours ?? false,
    only_from: r.only_from ?? false,
  }
}

export function sameTerms(a: Terms, b: Terms): boolean {
  return sameSet(a.levels, b.levels) && sameSet(a.rights, b.rights) && same(a.schedule, b.schedule) &&
    instant(a.until) === instant(b.until) && a.only_hours === b.only_hours && a.only_from === b.only_from
}

const instant = (s: string): number => (s ? Date.parse(s) : 0)

/** rowsOf shows a table as the server has it. */
export function rowsOf(table: AccessTable): Row[] {
  return table.rows.map(r => {
    const terms = termsOf(r)
    return {
      key: r.grant_id, grant: r.grant_id, state: r.state, watching: r.watching ?? false, waiting: r.waiting ?? false,
      message: r.message ?? '', terms, base: terms, removed: false,
      ...(r.account?.id ? { account: r.account } : { email: r.email ?? r.account?.email_masked ?? '' }),
    }
  })
}

export function isChanged(r: Row): boolean {
  return r.removed || !r.base || !sameTerms(r.terms, r.base)
}

/** changed counts what Save would do. */
export function changed(rows: readonly Row[]): number {
  return rows.filter(isChanged).length
}

/** add puts a person on the table; somebody who is there already gets his row back (row R10). */
export function add(rows: readonly Row[], who: Person | string): { rows: Row[]; key: string; known: boolean } {
  const email = typeof who === 'string' ? who.trim().toLowerCase() : undefined
  const found = rows.find(r => (typeof who === 'string' ? r.email?.toLowerCase() === email : r.account?.id === who.id))
  if (found) return { rows: change(rows, found.key, { removed: false }), key: found.key, known: true }
  const key = typeof who === 'string' ? `mail ${email}` : `new ${who.id}`
  const row: Row = {
    key, state: 'draft', watching: false, waiting: false, message: '', terms: newTerms(), removed: false,
    ...(typeof who === 'string' ? { email } : { account: who }),
  }
  return { rows: [...rows, row], key, known: false }
}

export function change(rows: readonly Row[], key: string, patch: Partial<Row>): Row[] {
  return rows.map(r => (r.key === key ? { ...r, ...patch } : r))
}

/** take deletes a row: a draft vanishes, a grant is marked until Save. */
export function take(rows: readonly Row[], key: string): Row[] {
  return rows.flatMap(r => (r.key !== key ? [r] : r.base ? [{ ...r, removed: true }] : []))
}

/** edits is the whole table as Save sends it: rows left out are revoked. Beside it the rows, in the same order. */
export function edits(rows: readonly Row[]): { edits: AccessEdit[]; sent: Row[] } {
  const sent = rows.filter(r => !r.removed && r.theirs !== 'deleted')
  return { sent, edits: sent.map(r => edit(r, r.terms)) }
}

/** without is the table as the server has it, less one person: that revokes him and saves nothing else. */
export function without(rows: readonly Row[], key: string): AccessEdit[] {
  return rows.flatMap(r => (r.base && r.grant && r.key !== key ? [edit(r, r.base)] : []))
}

function edit(r: Row, t: Terms): AccessEdit {
  const who = r.grant ? { grant_id: r.grant } : r.account ? { account: r.account.id } : { email: r.email ?? '', ...(r.invite ? { invite: true } : {}) }
  return {
    ...who,
    levels: t.levels, rights: t.rights, schedule: t.schedule, only_hours: t.only_hours, only_from: t.only_from,
    ...(t.until ? { until: t.until } : {}),
    ...(r.message.trim() ? { message: r.message.trim() } : {}),
  }
}

/**
 * rebase brings edited rows onto a table that changed meanwhile. Untouched rows
 * become what the server has; a row that was edited here keeps the edits, and
 * what the others saved stands beside it. `saved` drops the edits instead.
 */
export function rebase(rows: readonly Row[], table: AccessTable): Row[] {
  const fresh = rowsOf(table)
  const out: Row[] = fresh.map(f => {
    const mine = rows.find(r => r.grant === f.grant) ?? rows.find(r => !r.grant && f.account && r.account?.id === f.account.id)
    if (!mine) return rows.length ? { ...f, added: true } : f
    if (!isChanged(mine)) return { ...f, added: mine.added }
    const theirs = f.base && !(mine.base && sameTerms(mine.base, f.base)) && !sameTerms(mine.terms, f.base) ? f.base : undefined
    return { ...f, terms: mine.terms, message: mine.message, removed: mine.removed, theirs: theirs ?? (typeof mine.theirs === 'object' ? mine.theirs : undefined) }
  })
  for (const r of rows) {
    if (out.some(o => o.key === r.key || (r.account && o.account?.id === r.account.id))) continue
    if (!r.grant) out.push(r)
    else if (isChanged(r) && !r.removed) out.push({ ...r, theirs: 'deleted' })
  }
  return out
}

/** refused finds the row of a refusal like rows[2].email. */
export function refused(field: string | undefined, sent: readonly Row[]): Row | undefined {
  const m = /^rows(?:\[|\.)(\d+)/.exec(field ?? '')
  return m ? sent[Number(m[1])] : undefined
}
