import { describe, expect, it } from 'vitest'
import { Problem } from '../api/problem'
import { Feed, type Source } from './feed'
import { byKey } from './group'

interface Pic { id: string; day: string }

/** A server with n images a day, newest first; ids sort by time. */
class Server {
  pics: Pic[] = []
  asked: string[] = []
  fail = false
  add(day: string, n: number): void {
    const from = this.pics.length
    for (let i = 0; i < n; i++) this.pics.push({ id: `${day}-${String(from + i).padStart(6, '0')}`, day })
  }
  source(counted = true): Source<Pic> {
    const sorted = () => [...this.pics].sort((a, b) => (a.id < b.id ? 1 : -1))
    return {
      days: counted
        ? async () => [...byKey(sorted(), p => p.day)].map(([day, l]) => ({ day, count: l.length }))
        : undefined,
      page: async ({ day, after, limit }) => {
        this.asked.push(`${day ?? ''}>${after ?? ''}`)
        if (this.fail) throw new Problem({ status: 503, code: 'authz_unavailable' })
        const list = sorted().filter(p => (!day || p.day === day) && (!after || p.id < after))
        return { images: list.slice(0, limit), next: list.length > limit ? list[limit - 1]?.id : undefined }
      },
      dayOf: p => p.day,
    } as Source<Pic>
  }
}

const settle = () => new Promise(r => setTimeout(r, 5))

describe('Feed with days', () => {
  it('knows every day at once and loads only what is looked at', async () => {
    const s = new Server()
    for (let d = 10; d < 30; d++) s.add(`2026-11-${d}`, 500)
    const f = new Feed(s.source())
    await f.load()
    expect(f.count).toBe(10_000)
    expect(f.sections[0]?.items).toHaveLength(200)
    s.asked = []
    const far = f.sections[15]
    if (!far) throw new Error('no day')
    f.want([{ section: far, upto: 250 }])
    await settle()
    expect(f.sections[15]?.items).toHaveLength(400)
    expect(s.asked).toHaveLength(2)
  })

  it('walks over the ends of days both ways', async () => {
    const s = new Server()
    s.add('2026-11-01', 250)
    s.add('2026-11-02', 2)
    const f = new Feed(s.source())
    await f.load()
    const [a, b] = f.sections[0]?.items ?? []
    const below = await f.beside(b?.id ?? '', 1)
    expect(below?.day).toBe('2026-11-01')
    expect((await f.beside(below?.id ?? '', -1))?.id).toBe(b?.id)
    expect(await f.beside(a?.id ?? '', -1)).toBeUndefined()
    const oldest = (await f.all('2026-11-01')).at(-1)
    expect(f.sections[1]?.items).toHaveLength(250)
    expect(await f.beside(oldest?.id ?? '', 1)).toBeUndefined()
    expect(await f.range(oldest?.id ?? '', a?.id ?? '')).toHaveLength(252)
  })

  it('counts what is new and keeps what was loaded below it', async () => {
    const s = new Server()
    s.add('2026-11-01', 300)
    const f = new Feed(s.source())
    await f.load()
    f.want([{ section: f.sections[0] as never, upto: 300 }])
    await settle()
    s.add('2026-11-01', 3)
    expect(await f.load()).toBe(3)
    expect(f.sections[0]).toMatchObject({ count: 303, whole: true, stale: false })
    expect(new Set(f.sections[0]?.items.map(i => i.id)).size).toBe(303)
    s.add('2026-11-02', 1)
    expect(await f.load()).toBe(1)
    expect(f.sections.map(x => x.day)).toEqual(['2026-11-02', '2026-11-01'])
  })

  it('loads a day again of which another tab has deleted', async () => {
    const s = new Server()
    s.add('2026-11-01', 300)
    s.add('2026-11-02', 250)
    const f = new Feed(s.source())
    await f.load()
    f.want([{ section: f.sections[1] as never, upto: 300 }])
    await settle()
    s.pics = s.pics.filter(p => p.id !== '2026-11-01-000007')
    await f.load()
    expect(f.sections[1]?.stale).toBe(true)
    f.want([{ section: f.sections[1] as never, upto: 10 }])
    await settle()
    await f.all('2026-11-01')
    expect(f.sections[1]).toMatchObject({ count: 299, stale: false, whole: true })
    expect(f.find('2026-11-01-000007')).toBeUndefined()
  })

  it('takes out and changes at once, and a day with nothing left goes', async () => {
    const s = new Server()
    s.add('2026-11-01', 2)
    s.add('2026-11-02', 1)
    const f = new Feed(s.source())
    await f.load()
    f.patch(new Set(['2026-11-01-000000']), p => ({ ...p, day: 'x' }))
    expect(f.find('2026-11-01-000000')?.item.day).toBe('x')
    f.remove(new Set(['2026-11-02-000002']))
    expect(f.sections.map(x => x.day)).toEqual(['2026-11-01'])
    expect(f.count).toBe(2)
  })

  it('says what went wrong, keeps what it has, and recovers', async () => {
    const s = new Server()
    s.add('2026-11-01', 3)
    const f = new Feed(s.source())
    await f.load()
    s.fail = true
    await f.load()
    expect(f.problem.value?.code).toBe('authz_unavailable')
    expect(f.count).toBe(3)
    s.fail = false
    await f.load()
    expect(f.problem.value).toBeUndefined()
  })
})

describe('Feed without days', () => {
  it('grows page by page to the end', async () => {
    const s = new Server()
    s.add('2026-11-01', 300)
    s.add('2026-11-02', 150)
    const f = new Feed(s.source(false))
    await f.load()
    expect(f.count).toBe(200)
    expect(f.more).toBe(true)
    await Promise.all([f.loadMore(), f.loadMore()])
    expect(f.count).toBe(400)
    await f.loadMore()
    expect(f.count).toBe(450)
    expect(f.more).toBe(false)
    s.add('2026-11-02', 2)
    expect(await f.load()).toBe(2)
    expect(f.count).toBe(452)
    expect(f.more).toBe(false)
    expect(new Set(f.sections.flatMap(x => x.items.map(i => i.id))).size).toBe(452)
  })
})
