import type en from '../../../../internal/i18n/catalogues/en.json'

/** Every sentence there is; a key that en.json lacks does not compile. */
export type Key = keyof typeof en

/** A text with {placeholders}, or CLDR plural forms chosen by {n}. */
export type Entry = string | Readonly<Record<string, string>>
export type Catalogue = Readonly<Record<string, Entry>>
export type Params = Readonly<Record<string, string | number>>

/** format fills an entry in; `rules` choose among plural forms by params.n. */
export function format(entry: Entry, params: Params | undefined, rules: Intl.PluralRules, number: Intl.NumberFormat): string {
  let text: string
  if (typeof entry === 'string') text = entry
  else text = entry[rules.select(Number(params?.n ?? 0))] ?? entry.other ?? ''
  if (!params) return text
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const v = params[name]
    if (v === undefined) return whole
    return typeof v === 'number' ? number.format(v) : v
  })
}
