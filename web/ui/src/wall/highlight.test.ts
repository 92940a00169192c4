import { describe, expect, it } from 'vitest'
import type { NoticeRow } from '../api/sharing'
import { Highlights, type Mark } from './highlight'

const at = Date.parse('2026-11-22T14:00:00Z')
const row = (id: string, camera: string | undefined, s: number, read = false): NoticeRow =>
  ({ id, kind: 'access_requested', at: new Date(at + s * 1000).toISOString(), read, ...(camera && { camera: { id: camera, name: camera } }) })

function stand() {
  let rows: NoticeRow[] = []
  let now = at
  const read: string[] = []
  const told: Mark[] = []
  const h = new Highlights({
    list: () => Promise.resolve(rows), read: id => { read.push(id); return Promise.resolve() },
    text: n => `about ${n.camera?.name}`, now: () => now, onMark: m => told.push(m),
  })
  const marks = (): string[] => [...h.marks.value].map(([c, m]) => `${c} ${m.notice}`)
  return { h, read, told, marks, set: (r: NoticeRow[]) => { rows = r }, time: (s: number) => { now = at + s * 1000 } }
}

describe('marks of what happens', () => {
  it('marks what is new since the wall was opened, once', async () => {
    const s = stand()
    s.set([row('n1', 'gate', -5)])
    await s.h.look()
    expect(s.marks()).toEqual([])
    s.set([row('n2', 'gate', 1), row('n1', 'gate', -5)])
    s.time(2)
    await s.h.look()
    await s.h.look()
    expect(s.marks()).toEqual(['gate n2'])
    expect(s.told.map(m => [m.camera, m.text, m.pulses])).toEqual([['gate', 'about gate', at + 22_000]])
  })

  it('leaves out what is old, read, or about no camera', async () => {
    const s = stand()
    await s.h.look()
    s.time(100)
    s.set([row('n1', 'gate', 10), row('n2', 'yard', 99, true), row('n3', undefined, 99)])
    await s.h.look()
    expect(s.marks()).toEqual([])
  })

  it('stays until it is answered, and tells the server so', async () => {
    const s = stand()
    await s.h.look()
    s.set([row('n1', 'gate', 0)])
    await s.h.look()
    s.time(3600)
    await s.h.look()
    expect(s.marks()).toEqual(['gate n1'])
    s.h.answer('gate')
    s.h.answer('gate')
    expect([s.marks(), s.read]).toEqual([[], ['n1']])
    await s.h.look()
    expect(s.marks()).toEqual([])
  })

  it('goes when it is answered on another screen; a newer one takes its place', async () => {
    const s = stand()
    await s.h.look()
    s.set([row('n2', 'gate', 2), row('n1', 'gate', 1)])
    await s.h.look()
    expect(s.marks()).toEqual(['gate n2'])
    s.set([row('n2', 'gate', 2, true), row('n1', 'gate', 1)])
    await s.h.look()
    expect(s.marks()).toEqual([])
  })
})
