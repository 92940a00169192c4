import { describe, expect, it } from 'vitest'
import type { AccessRow, AccessTable } from '../api/access'
import { add, change, changed, edits, rebase, refused, rowsOf, take, without } from './draft'

const row = (n: number, more: Partial<AccessRow> = {}): AccessRow => ({
  grant_id: `g${n}`, account: { id: `a${n}`, name: `Person ${n}`, email_masked: 'pe***@ex***.com' }, state: 'accepted', levels: ['online'], ...more,
})
const table = (version: number, ...rows: AccessRow[]): AccessTable => ({ version, rows })
const terms = rowsOf(table(1, row(1)))[0]!.terms

describe('TestR8_drafts', () => {
  it('changes nothing until saved, and sends the whole table', () => {
    let rows = rowsOf(table(1, row(1), row(2)))
    expect(changed(rows)).toBe(0)
    rows = add(rows, { id: 'a3', name: 'New', email_masked: 'n***' }).rows
    rows = change(rows, 'g1', { terms: { ...terms, levels: ['online', 'archive'] } })
    rows = take(rows, 'g2')
    expect(changed(rows)).toBe(3)
    expect(edits(rows).edits.map(e => e.grant_id ?? e.account)).toEqual(['g1', 'a3'])
  })
  it('is unchanged again when an edit is taken back', () => {
    let rows = change(rowsOf(table(1, row(1, { until: '2026-06-30T15:00:00Z' }))), 'g1', {})
    rows = change(rows, 'g1', { terms: { ...rows[0]!.terms, until: '2026-06-30T15:00:00.000Z' } })
    expect(changed(rows)).toBe(0)
  })
  it('lets a draft vanish when deleted', () => {
    const a = add([], 'new@example.org')
    expect(take(a.rows, a.key)).toEqual([])
  })
})

describe('TestR10_one_row_a_person', () => {
  it('gives the row that is there, also one that was deleted', () => {
    const rows = take(rowsOf(table(1, row(1))), 'g1')
    const again = add(rows, { id: 'a1', name: 'Person 1', email_masked: '' })
    expect(again).toMatchObject({ key: 'g1', known: true })
    expect(changed(again.rows)).toBe(0)
    const mail = add(add([], 'X@example.org').rows, 'x@EXAMPLE.org')
    expect(mail.known).toBe(true)
    expect(mail.rows).toHaveLength(1)
  })
})

describe('TestR9_stale', () => {
  const base = rowsOf(table(1, row(1), row(2), row(3)))
  it('takes over what was not touched and keeps what was', () => {
    let rows = change(base, 'g1', { terms: { ...terms, levels: ['online', 'notices'] } })
    rows = add(rows, 'new@example.org').rows
    rows = rebase(rows, table(2, row(1, { levels: ['archive'] }), row(2, { levels: ['notices'] }), row(4)))
    expect(rows.map(r => [r.key, r.terms.levels.join(), r.added ?? false])).toEqual([
      ['g1', 'online,notices', false], ['g2', 'notices', false], ['g4', 'online', true], ['mail new@example.org', 'online', false],
    ])
    expect(rows[0]!.theirs).toMatchObject({ levels: ['archive'] })
    expect(changed(rows)).toBe(2)
  })
  it('marks an edited row that the others deleted, and does not send it', () => {
    const rows = rebase(change(base, 'g3', { terms: { ...terms, levels: ['archive'] } }), table(2, row(1), row(2)))
    expect(rows.at(-1)).toMatchObject({ key: 'g3', theirs: 'deleted' })
    expect(edits(rows).edits.map(e => e.grant_id)).toEqual(['g1', 'g2'])
  })
  it('joins a draft with the grant somebody else made for the same person', () => {
    const rows = rebase(add([], { id: 'a1', name: 'Person 1', email_masked: '' }).rows, table(2, row(1, { levels: ['archive'] })))
    expect(rows).toHaveLength(1)
    expect(rows[0]).toMatchObject({ grant: 'g1', theirs: { levels: ['archive'] }, terms: { levels: ['online'] } })
  })
  it('says nothing when both made the same change', () => {
    const rows = rebase(change(base, 'g1', { terms: { ...terms, levels: ['archive'] } }), table(2, row(1, { levels: ['archive'] }), row(2), row(3)))
    expect(rows[0]!.theirs).toBeUndefined()
    expect(changed(rows)).toBe(0)
  })
})

describe('requests', () => {
  it('TestR23_stops one person and saves no other edit', () => {
    let rows = change(rowsOf(table(1, row(1), row(2))), 'g1', { terms: { ...terms, levels: ['archive'] } })
    rows = add(rows, 'new@example.org').rows
    expect(without(rows, 'g2')).toMatchObject([{ grant_id: 'g1', levels: ['online'] }])
  })
  it('TestR6_finds the refused row and invites only when asked', () => {
    const a = add(rowsOf(table(1, row(1))), 'new@example.org')
    const { sent, edits: out } = edits(a.rows)
    expect(refused('rows[1].email', sent)?.key).toBe(a.key)
    expect(refused('version', sent)).toBeUndefined()
    expect(out[1]).not.toHaveProperty('invite')
    expect(edits(change(a.rows, a.key, { invite: true })).edits[1]).toMatchObject({ email: 'new@example.org', invite: true })
  })
})
