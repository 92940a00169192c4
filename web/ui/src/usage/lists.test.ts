// @vitest-environment node
import { describe, expect, it } from 'vitest'
import type { Limit, Visit } from './api'
import { flag, grouped, isChanged, said, variable } from './groups'
import { merged } from './merged'
import { counts, every, minutes, scale } from './scale'

describe('the axis of the chart', () => {
  it('holds everything with few marks', () => {
    expect(scale(1, minutes)).toEqual({ top: 2, step: 1, marks: [1, 2] })
    expect(scale(54, minutes).marks).toEqual([15, 30, 45, 60])
    expect(scale(60, minutes).marks).toEqual([15, 30, 45, 60])
    expect(scale(1, counts).marks).toEqual([1, 2])
    expect(scale(10, counts).marks).toEqual([5, 10])
    expect([3, 40, 41].map(n => scale(n, counts).top)).toEqual([3, 40, 60])
    for (const steps of [minutes, counts]) for (const most of [0, 0.2, 3, 7, 33, 61, 240, 600, 2400, 2401, 14_400]) {
      const s = scale(most, steps)
      expect(s.top, String(most)).toBeGreaterThanOrEqual(most)
      expect(s.marks.length).toBeGreaterThanOrEqual(2)
      expect(s.marks.length).toBeLessThanOrEqual(4)
      expect(s.marks.at(-1)).toBe(s.top)
    }
  })
  it('labels as many bars as have room', () => {
    expect([960, 720, 330, 100].map(w => every(w, 24, 38))).toEqual([1, 2, 3, 12])
  })
})

describe('the list of sessions', () => {
  const v = (id: string, first: number, o: Partial<Visit> = {}): Visit => ({ id, ip_masked: '', browser: '', first_seen: new Date(first).toISOString(), last_seen: '', watching: false, ...o })
  it('has who is here first, in the order of arrival, so that no row moves while somebody reaches for it', () => {
    const page = [v('c', 3, { watching: true }), v('x', 9), v('a', 1, { throttled: true }), v('b', 2, { watching: true }), v('y', 8)]
    expect(merged(page, []).map(r => r.id)).toEqual(['a', 'b', 'c', 'x', 'y'])
    expect(merged([...page].reverse(), []).map(r => r.id).slice(0, 3)).toEqual(['a', 'b', 'c'])
  })
  it('has each session once, as the newest page has it', () => {
    expect(merged([v('a', 1, { watching: true })], [v('z', 0), v('a', 1)]).map(r => [r.id, r.watching])).toEqual([['a', true], ['z', false]])
  })
})

describe('the limits of a server', () => {
  const l = (key: string, help = ''): Limit => ({ key, value: '1', default: '1', help })
  it('TestR85_stand in groups, each once, unknown ones last', () => {
    const all = ['limits.link_users', 'limits.guesses', 'limits.idle', 'limits.lookups', 'limits.images_camera', 'limits.of_tomorrow', 'limits.share_links'].map(k => l(k))
    const groups = grouped(all)
    expect(groups.map(g => [g.title, g.limits.map(x => x.key)])).toEqual([
      ['limits.guests', ['limits.link_users', 'limits.share_links']], ['limits.doors', ['limits.guesses']], ['limits.wall', ['limits.idle']],
      ['limits.people', ['limits.lookups']], ['limits.store', ['limits.images_camera']], ['limits.rest', ['limits.of_tomorrow']],
    ])
  })
  it('are found by all words of a search, in help, key, variable and option', () => {
    const all = [l('limits.link_users', 'Addresses that may watch live.'), l('limits.idle', 'Without input a wall stops.')]
    expect(grouped(all, 'watch LIVE').flatMap(g => g.limits.map(x => x.key))).toEqual(['limits.link_users'])
    for (const q of ['SIGHTLINE_LIMITS_IDLE', '--limits-idle', 'limits.idle']) expect(grouped(all, q)).toHaveLength(1)
    expect(grouped(all, 'watch nothing')).toEqual([])
  })
  it('are named as the configuration does', () => {
    expect([variable('limits.usage_window'), flag('limits.usage_window')]).toEqual(['SIGHTLINE_LIMITS_USAGE_WINDOW', '--limits-usage-window'])
  })
  it('are changed where they mean another value, not where it is written another way', () => {
    const d = (value: string, other: string) => isChanged({ key: 'limits.x', value, default: other, unit: 'duration', help: '' })
    expect([d('1h0m0s', '60m'), d('24h0m0s', '24h'), d('90s', '1m30s'), d('500ms', '0.5s')]).toEqual([false, false, false, false])
    expect([d('1h0m1s', '60m'), d('10h', ''), isChanged({ ...l('x'), value: '2' })]).toEqual([true, true, true])
  })
  it('have words the page does not know without numbers of rows', () => {
    expect(said(l('limits.of_tomorrow', 'Share links an account may have (R4).'))).toEqual({ text: 'Share links an account may have.', english: true })
    expect(said(l('limits.of_tomorrow', 'Stills (R77, R82). IPv6 (/64) stays.')).text).toBe('Stills. IPv6 (/64) stays.')
  })
})
