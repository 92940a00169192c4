import { signal } from '@preact/signals'
import { describe, expect, it } from 'vitest'
import { clampTime, nextPage, Patrol } from './patrol'
import type { Position, Wall, WallItem } from './wall'

const items = (n: number): WallItem[] => Array.from({ length: n }, (_, i) => ({ camera: `c${i}`, name: `C${i}`, sound: false }))

/** A wall of which the patrol sees only what it may. */
function stand(n = 5, rows = 1, columns = 2) {
  const all = signal<readonly (WallItem | undefined)[]>(items(n))
  const grid = signal({ rows, columns })
  const page = signal(0)
  const size = rows * columns
  const server: { reason?: string; layer_why?: string } = {}
  const state = { value: 'live' }
  const wall = {
    items: all, grid, page, full: signal<string | undefined>(undefined), warm: signal<readonly WallItem[]>([]),
    get pages() { return signal(Math.ceil(all.value.length / size)) },
    get positions() { return signal<Position[]>(all.value.slice(page.value * size, page.value * size + size).map((item, slot) => ({ item, slot }))) },
    view: () => signal({ state: state.value, server }),
    turn(by: number) { page.value = (page.value + by + Math.ceil(all.value.length / size)) % Math.ceil(all.value.length / size) },
  }
  let now = 0
  const p = new Patrol({ wall: wall as unknown as Wall, now: () => now })
  const pass = (s: number): void => {
    for (let i = 0; i < s * 4; i++) {
      now += 250
      p.beat()
    }
  }
  return { wall, p, pass, page, server, state, go: (ms: number) => { now += ms } }
}

describe('patrol (R94)', () => {
  it('shows each page for 30 s unless told otherwise, and begins anew after the last', () => {
    const { p, pass, page } = stand()
    p.set(true)
    pass(29.75)
    expect(page.value).toBe(0)
    pass(0.25)
    expect(page.value).toBe(1)
    pass(60)
    expect(page.value).toBe(0)
    p.setSeconds(5)
    pass(5)
    expect(page.value).toBe(1)
    p.set(false)
  })

  it('takes 5 to 120 s', () => {
    expect([1, 5, 30.4, 120, 500, Number.NaN].map(clampTime)).toEqual([5, 5, 30, 120, 120, 30])
  })

  it('counts down in whole seconds, and stands still while something holds it', () => {
    const { p, pass, page } = stand()
    p.setSeconds(10)
    p.set(true)
    expect(p.left.value).toBe(10)
    pass(4)
    expect(p.left.value).toBe(6)
    p.hold('hover')
    pass(100)
    expect([p.left.value, page.value, p.held.value]).toEqual([6, 0, 'hover'])
    p.hold('focus')
    p.release('hover')
    expect(p.held.value).toBe('focus')
    p.release('focus')
    pass(6)
    expect(page.value).toBe(1)
    p.set(false)
  })

  it('an event holds for 20 s at most, and says so before all else', () => {
    const { p, pass, page } = stand()
    p.setSeconds(5)
    p.set(true)
    p.hold('hover')
    p.hold('event', 20_000)
    pass(1)
    expect(p.held.value).toBe('event')
    p.release('hover')
    pass(18.5)
    expect([p.held.value, page.value]).toEqual(['event', 0])
    pass(0.75)
    expect(p.held.value).toBeUndefined()
    pass(5)
    expect(page.value).toBe(1)
    p.set(false)
  })

  it('stays while a picture fills the screen and while the wall is paused', () => {
    const { p, pass, page, wall, state } = stand()
    p.setSeconds(5)
    p.set(true)
    wall.full.value = 'c0'
    pass(30)
    expect([p.held.value, page.value]).toEqual(['full', 0])
    wall.full.value = undefined
    state.value = 'frozen'
    pass(30)
    expect([p.held.value, page.value]).toEqual(['frozen', 0])
    p.set(false)
  })

  it('begins the next page in the last 3 s, and not before', () => {
    const { p, pass, wall, page } = stand()
    p.setSeconds(10)
    p.set(true)
    pass(6.75)
    expect(wall.warm.value).toEqual([])
    pass(0.25)
    expect(wall.warm.value.map(i => i.camera)).toEqual(['c2', 'c3'])
    const same = wall.warm.value
    pass(1)
    expect(wall.warm.value).toBe(same) // the list is not told anew every beat
    pass(2)
    expect(page.value).toBe(1)
    expect(wall.warm.value).toEqual([])
    pass(7)
    expect(wall.warm.value.map(i => i.camera)).toEqual(['c4'])
    p.set(false)
    expect(wall.warm.value).toEqual([])
  })

  it('begins nothing while held, or while the connection does not carry what is shown', () => {
    for (const tight of [{ reason: 'low_bandwidth' }, { layer_why: 'bandwidth' }]) {
      const { p, pass, wall, server } = stand()
      Object.assign(server, tight)
      p.setSeconds(10)
      p.set(true)
      pass(8)
      expect(wall.warm.value).toEqual([])
      p.set(false)
    }
    const { p, pass, wall } = stand()
    p.setSeconds(10)
    p.set(true)
    pass(8)
    p.hold('hover')
    pass(1)
    expect(wall.warm.value).toEqual([])
    p.set(false)
  })

  it('has no more tiles at once than a viewing session may have', () => {
    const { wall } = stand(30, 3, 4)
    expect(nextPage(wall as unknown as Wall)).toHaveLength(4)
    const { wall: full } = stand(40, 4, 4)
    expect(nextPage(full as unknown as Wall)).toHaveLength(0)
  })

  it('is not there for one page', () => {
    const { p } = stand(2)
    p.set(true)
    expect(p.on.value).toBe(false)
  })

  it('goes on only while its controls are on the screen', () => {
    const { p } = stand()
    const a = p.use()
    const b = p.use()
    p.set(true)
    a()
    expect(p.on.value).toBe(true)
    b()
    expect(p.on.value).toBe(false)
  })
})
