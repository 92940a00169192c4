import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import en from '../../../../internal/i18n/catalogues/en.json'
import { serverStates } from '../api/wire'
import { useTexts } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import type { Shown } from '../player/state'
import type { TileView } from '../player/tile'
import { message, stateIcon, stateWord, summary, unheard, why } from './words'

/** The closed lists of spec ruling 16, as the server has them. */
const lists = ['authz', 'sfu'].flatMap(dir => [...readFileSync(resolve(import.meta.dirname, `../../../../${dir}/reason.go`), 'utf8').matchAll(/^\tReason\w+ +Reason = "(\w+)"/gm)].map(m => m[1] as string))

const now = Date.parse('2026-06-18T19:04:07Z')
const c = { now, zone: 'Europe/Kyiv', mine: true }
const view = (state: Shown, more: Partial<TileView> = {}): TileView => ({ camera: 'a', name: 'Gate', state, picture: 'full', at: undefined, server: undefined, ...more })
const iso = (ms: number) => new Date(ms).toISOString()

describe('what a tile says', () => {
  beforeEach(() => useTexts('en', en))

  it('has a word, an icon and, but for good pictures, a message for every state', () => {
    for (const s of [...serverStates, 'stalled'] as const) {
      expect(stateWord(s)).not.toMatch(/^tile\./)
      expect(stateIcon[s]).toBeTruthy()
      expect(message(view(s), c) === null, s).toBe(s === 'live' || s === 'image')
    }
  })
  it('has the sentence of every decision and media reason on the tile that has it', () => {
    expect(lists.length).toBeGreaterThan(50)
    const silent: string[] = []
    for (const code of lists.filter(c => c !== 'ok' && c !== 'not_found')) {
      for (const s of [...serverStates, 'stalled'] as const) {
        if (s === 'connecting') continue
        const v = view(s, { server: { cell: 0, state: s, reason: code } })
        const said = why(v) ?? ''
        if (said === '' || said === en['reason.internal']) silent.push(`${s} ${code}`)
        // On the picture itself where it stands for one that is away, unless the state says the same in better words.
        if ((s === 'offline' || s === 'reconnecting' || s === 'ended' || s === 'unsupported' || s === 'restricted' || s === 'image') && !message(v, c)?.text.includes(said)) silent.push(`${s} ${code}: not on the picture`)
      }
    }
    expect(silent).toEqual([])
    // What may not be known to exist says nothing of itself.
    const hidden = view('restricted', { server: { cell: 0, state: 'restricted', reason: 'not_found' } })
    expect([why(hidden), message(hidden, c)?.text]).toEqual([undefined, en['msg.restricted_text']])
  })
  it('says since when and what comes next', () => {
    expect(message(view('stalled', { at: now - 9000 }), c)?.title).toBe('Picture stopped 9 s ago')
    expect(message(view('offline', { at: now - 51_120_000, server: { cell: 0, state: 'offline', since: iso(now - 51_120_000), reason: 'camera_unreachable' } }), c)).toEqual({
      title: 'Offline for 14 h 12 min', text: 'Last picture 07:52:07. The camera does not answer at this address.', act: 'check',
    })
    expect(message(view('closed', { server: { cell: 0, state: 'closed', next: '2026-06-19T05:00:00Z' } }), { ...c })?.title).toMatch(/^Opens tomorrow at 08:00 \(Kyiv\)/)
    expect(message(view('reconnecting', { server: { cell: 0, state: 'reconnecting', attempt: 3, retry_at: iso(now + 4000) } }), c)).toMatchObject({ text: 'Attempt 3, next in 4 s.', act: 'try_now' })
  })
  it('says that the way to the server is lost, and since when there is no picture', () => {
    for (const server of [undefined, { cell: 0, state: 'live' as const }]) {
      expect(message(view('reconnecting', { server }), c)).toEqual({ title: 'Reconnecting', text: en['line.offline'] })
    }
    expect(message(view('offline', { at: now - 36_000, server: { cell: 0, state: 'offline', since: iso(now - 1000) } }), c)?.title).toBe('Offline for 36 s')
  })
  it('says of a paused picture that it is paused, and of a small one that it is small', () => {
    const paused = view('stalled', { at: now - 9000, server: { cell: 0, state: 'stalled', reason: 'low_bandwidth' } })
    expect(message(paused, c)).toEqual({ title: 'Paused for now', text: 'Your connection does not carry every picture. This one comes back by itself.' })
    expect(message(view('live', { server: { cell: 0, state: 'live', reason: 'low_bandwidth', layer_why: 'bandwidth' } }), c)).toBeNull()
    expect(reason('low_bandwidth')).toBe('The connection is too slow to send every picture in full.') // one code for both: true of both
  })
  it('offers what only the owner can do to the owner only', () => {
    for (const s of ['offline', 'reconnecting'] as const) expect(message(view(s, { server: { cell: 0, state: s } }), { ...c, mine: false })?.act).toBeUndefined()
  })
  it('TestR93_says why nothing is heard', () => {
    const with_ = (sound?: string) => view('live', { server: { cell: 0, state: 'live', ...(sound && { sound }) } })
    expect(unheard(with_(), true)).toBeUndefined() // the server has not said yet
    expect(unheard(with_('on'), true)).toBeUndefined()
    expect(unheard(with_('not_found'), true)).toBe('No sound from this camera')
    expect(unheard(with_('level_missing'), false)).toBe('You have no right to its sound')
    expect(unheard(with_('level_missing'), true)).toBe('The sound of this camera is switched off for everybody')
    expect(unheard(with_('codec_unsupported'), true)).toBe(reason('codec_unsupported'))
    expect(unheard(view('image'), true)).toBe('No sound from this camera')
  })
  it('counts without zeros, in one order', () => {
    expect(summary(['offline', 'live', 'live', 'closed']).map(x => x.text)).toEqual(['2 live', '1 offline', '1 closed'])
    expect(summary([])).toEqual([])
  })
})
