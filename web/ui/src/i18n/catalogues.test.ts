// @vitest-environment node
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import en from '../../../../internal/i18n/catalogues/en.json'
import { serverStates } from '../api/wire'
import type { Catalogue, Entry } from './catalogue'
import { languages } from './i18n'
import { pseudo } from './pseudo'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../../..')
const folder = join(root, 'internal/i18n/catalogues')
const all: Record<string, Catalogue> = Object.fromEntries(
  readdirSync(folder).filter(f => f.endsWith('.json')).map(f => [f.slice(0, -5), JSON.parse(readFileSync(join(folder, f), 'utf8')) as Catalogue]),
)
const forms = (e: Entry): string[] => (typeof e === 'string' ? [e] : Object.values(e))
const holes = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort()

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(d => (d.isDirectory() ? files(join(dir, d.name)) : [join(dir, d.name)]))
}

/** Go constants that are codes of one of the three closed lists. */
function codes(dir: string, pattern: RegExp): string[] {
  return files(join(root, dir))
    .filter(f => f.endsWith('.go') && !f.endsWith('_test.go'))
    .flatMap(f => [...readFileSync(f, 'utf8').matchAll(pattern)].map(m => m[1] as string))
}

describe('catalogues', () => {
  it('are all offered in the menu', () => {
    expect(Object.keys(languages).sort()).toEqual(Object.keys(all).sort())
  })

  it.each(Object.keys(all))('%s has exactly the keys of English', lang => {
    expect(Object.keys(all[lang] as Catalogue).sort()).toEqual(Object.keys(en).sort())
  })

  it.each(Object.keys(all))('%s has all plural forms of its language where English counts', lang => {
    const want = [...new Intl.PluralRules(lang).resolvedOptions().pluralCategories].sort().join()
    const wrong = Object.entries(all[lang] as Catalogue).filter(([key, e]) => {
      const counts = typeof (en as Catalogue)[key] !== 'string'
      return counts ? typeof e === 'string' || Object.keys(e).sort().join() !== want : typeof e !== 'string'
    })
    expect(wrong).toEqual([])
  })

  it('has words for every notice and every act of the log', () => {
    const kinds = codes('controlroom/notice', /^\t(?:Offer|Access|Group|Links|Camera)\w+\s+= "(\w+)"/gm).flatMap(k => (k === 'offer_answered' ? ['accepted', 'declined', 'left'].map(a => `${k}_${a}`) : [k]))
    const acts = codes('authz', /"((?:account|access|camera|grant|group|invitation|link|login|token|visit|instance)\.[a-z_]+)"/g)
    expect(kinds.length).toBeGreaterThan(7)
    expect(acts.length).toBeGreaterThan(40)
    const want = [...kinds.map(k => `notice.${k}`), ...acts.map(a => `audit.do.${a}`), ...acts.map(a => `audit.kind.${a.split('.')[0]}`)]
    expect([...new Set(want)].filter(k => !(k in en))).toEqual([])
  })

  it('has a sentence for every code of the three closed lists', () => {
    const list = [
      ...codes('authz', /\bReason\w+\s+Reason\s*=\s*"(\w+)"/g),
      ...codes('sfu', /\bReason\w+\s+Reason\s*=\s*"(\w+)"/g),
      ...codes('internal/fault', /\bCode\w+\s*=\s*"(\w+)"/g),
    ]
    expect(list.length).toBeGreaterThan(70)
    for (const code of list) expect(en, code).toHaveProperty([`reason.${code}`])
    for (const code of ['camera_refused', 'camera_unreachable', 'camera_login', 'not_a_camera', 'codec_unsupported', 'address_denied', 'timeout']) {
      expect(en, code).toHaveProperty([`reason.${code}`])
    }
  })

  it('has a word and a sum for every state of a tile', () => {
    for (const s of [...serverStates, 'stalled']) {
      expect(en).toHaveProperty([`tile.${s}`])
      expect(en).toHaveProperty([`sum.${s}`])
    }
  })

  it('uses every key, so that nothing dead is translated', () => {
    const source = files(join(root, 'web/ui/src')).filter(f => /\.tsx?$/.test(f) && !f.includes('.test.')).map(f => readFileSync(f, 'utf8')).join('\n')
    // put together from a code, or written by the server
    const made = /^((reason|tile|sum|plan|probe|mail|role|notice|audit|limit|notices\.kind)\.|webhooks\.test_body$)/
    const dead = Object.keys(en).filter(k => !made.test(k) && !source.includes(`'${k}'`))
    expect(dead).toEqual([])
  })

  it('makes a pseudo-locale that is longer and keeps its placeholders', () => {
    const x = pseudo(en)
    expect(Object.keys(x)).toEqual(Object.keys(en))
    for (const [key, e] of Object.entries(x)) {
      const plain = forms((en as Catalogue)[key] as Entry)
      forms(e).forEach((text, i) => {
        expect(holes(text), key).toEqual(holes(plain[i] as string))
        expect(text.length, key).toBeGreaterThanOrEqual((plain[i] as string).length * 1.4)
      })
    }
  })
})
