import { beforeEach, describe, expect, it } from 'vitest'
import ar from '../../../../internal/i18n/catalogues/ar.json'
import en from '../../../../internal/i18n/catalogues/en.json'
import { slowed, slowedText } from '../guest/slowed'
import { useTexts } from '../i18n/i18n'
import type { TileView } from '../player/tile'
import type { Bar, Bars, UseState } from './api'
import { amount, bytes, freesText, sentences, share, warnings } from './words'

const zone = 'Europe/Kyiv'
const now = Date.parse('2026-06-18T09:00:00Z') // noon in Kyiv
const at = (hours: number): string => new Date(now + hours * 3600_000).toISOString()
const bar = (used: number, budget: number, state: UseState = 'normal', ...frees: [number, number][]): Bar => ({ used, budget, state, frees: frees.map(([n, h]) => ({ n, at: at(h) })) })
const bars = (o: Partial<Bars> = {}): Bars => ({ users: bar(7, 10), gallery_updates: bar(22, 40), viewer_seconds: bar(22_320, 36_000), ...o })

beforeEach(() => useTexts('en', en))

describe('what of a budget is used', () => {
  it('is a figure, or a time', () => {
    expect([amount('users', 7), amount('gallery_updates', 1040), amount('viewer_seconds', 22_320), amount('viewer_seconds', 0)]).toEqual(['7', '1,040', '6 h 12 min', '0 min'])
  })
  it('fills its bar, and no more than that', () => {
    expect([bar(5, 10), bar(12, 10), bar(0, 0)].map(share)).toEqual([0.5, 1, 1])
  })
  it('frees at moments, the next ones said, those of one minute together', () => {
    expect(freesText('users', bar(4, 10, 'normal', [1, 2.1], [3, 6.34], [1, 9]), zone, now)).toBe('Frees up: 1 at 14:06, 3 at 18:20')
    expect(freesText('users', bar(4, 10, 'normal', [1, 20], [3, 20.001]), zone, now)).toBe('Frees up: 4 at 08:00 tomorrow')
    expect(freesText('viewer_seconds', bar(500, 36_000, 'normal', [420, 0.5]), zone, now)).toBe('Frees up: 7 min by 12:30')
    expect(freesText('users', bar(0, 10), zone, now)).toBe('All of it is free.')
    expect(freesText('users', { used: 3, budget: 10, state: 'normal' }, zone, now)).toBe('')
  })
  it('is told in bytes as people read them', () => {
    expect([900, 2.5e6, 1.4e10, 2e12].map(bytes)).toEqual(['1 kB', '2.5 MB', '14 GB', '2 TB'])
  })
  it('speaks Arabic', () => {
    useTexts('ar', ar)
    expect(freesText('users', bar(4, 10, 'normal', [1, 2]), zone, now)).toBe('يتاح: 1 عند 14:00')
  })
})

describe('TestR83_ what guests read now', () => {
  const read = (link: string, b: Bars) => sentences(link, b, zone, now).map(s => [s.who, s.text])
  it('is the footer while nothing is used up', () => {
    expect(read('active', bars())).toEqual([['all', en['guest.foot']]])
  })
  it('tells newcomers, everybody and the gallery apart, each with its moment', () => {
    const users = bar(10, 10, 'throttled', [1, 2])
    const gallery = bar(40, 40, 'throttled', [1, 0.2])
    expect(read('active', bars({ users, gallery_updates: gallery }))).toEqual([
      ['all', en['guest.foot']],
      ['new', expect.stringMatching(/^Many people used this link today\..* Live again today at 14:00 \(Kyiv\).*, in 2 h\.$/)],
      ['gallery', expect.stringMatching(/^The gallery was loaded many times today\..* New again today at 12:12 \(Kyiv\).*, in 12 min\.$/)],
    ])
    expect(read('active', bars({ users, viewer_seconds: bar(36_000, 36_000, 'throttled') }))).toEqual([['all', en['reason.throttled_hours']]])
  })
  it('is the page of a link that is not open', () => {
    const users = bar(10, 10, 'throttled', [1, 2])
    expect(['paused_owner', 'paused_plan', 'ended', 'scheduled'].map(s => read(s, bars({ users })))).toEqual([
      [['all', en['guest.paused']]], [['all', en['guest.paused_plan']]], [['all', en['guest.ended']]], [['all', en['guest.not_yet']]],
    ])
  })
  it('warns before a budget is used up, of that one only', () => {
    expect(warnings(bars())).toEqual([])
    expect(warnings(bars({ users: bar(8, 10, 'near'), viewer_seconds: bar(36_000, 36_000, 'throttled') }))).toEqual([expect.stringContaining('At 10 people')])
  })
  it('is word for word what the guest\'s wall says', () => {
    const until = at(2)
    const views: Pick<TileView, 'state' | 'server'>[] = [
      { state: 'image', server: undefined },
      { state: 'throttled', server: { cell: 1, state: 'throttled', reason: 'throttled_users', until: at(1) } },
      { state: 'throttled', server: { cell: 2, state: 'throttled', reason: 'throttled_users', until } },
    ]
    const s = slowed(views)
    expect(s).toEqual({ why: 'throttled_users', until: Date.parse(until) })
    expect(slowedText(s?.why, s?.until, zone, now)).toBe(sentences('active', bars({ users: bar(10, 10, 'throttled', [1, 2]) }), zone, now)[1]?.text)
    expect(slowed([{ state: 'live', server: undefined }])).toBeUndefined()
    // A moment that has passed is not promised again.
    expect(slowedText('throttled_hours', now - 1, zone, now)).toBe(en['reason.throttled_hours'])
  })
})
