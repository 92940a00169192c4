import { signal } from '@preact/signals'
import { format, type Catalogue, type Key, type Params } from './catalogue'
import { pseudo } from './pseudo'

/** The languages offered, each under its own name. */
export const languages = { en: 'English', uk: 'Українська', ar: 'العربية' } as const
export type Lang = keyof typeof languages

const loaders: Record<Lang, () => Promise<{ default: Catalogue }>> = {
  en: () => import('../../../../internal/i18n/catalogues/en.json'),
  uk: () => import('../../../../internal/i18n/catalogues/uk.json'),
  ar: () => import('../../../../internal/i18n/catalogues/ar.json'),
}

interface Active {
  lang: string
  /** The locale of dates and lists: English ones are written day first, 24 hours. */
  locale: string
  dir: 'ltr' | 'rtl'
  texts: Catalogue
  rules: Intl.PluralRules
  number: Intl.NumberFormat
}

function make(lang: string, texts: Catalogue): Active {
  const tag = lang === 'xx' ? 'en' : lang
  return {
    lang: tag,
    locale: tag === 'en' ? 'en-GB' : tag,
    dir: tag === 'ar' ? 'rtl' : 'ltr',
    texts,
    rules: new Intl.PluralRules(tag),
    number: new Intl.NumberFormat(tag, { numberingSystem: 'latn', maximumFractionDigits: 1 }),
  }
}

/** What is shown now. Reading it in a component subscribes it to language changes. */
export const active = signal<Active>(make('en', {}))

/** useTexts puts a catalogue in place; setLanguage calls it, tests too. */
export function useTexts(lang: string, texts: Catalogue): void {
  active.value = make(lang, texts)
  const html = document.documentElement
  html.lang = active.value.lang
  html.dir = active.value.dir
}

/** isLang says whether there is a catalogue of that name. */
export function isLang(s: string): s is Lang {
  return Object.hasOwn(languages, s)
}

let wanted = ''

/** setLanguage loads a language and shows it; an unknown one becomes English. The last call wins. "xx" is the pseudo-locale. */
export async function setLanguage(name: string): Promise<void> {
  wanted = name
  const lang: Lang = isLang(name) ? name : 'en'
  const texts = (await loaders[lang]()).default
  if (wanted !== name) return
  if (name === 'xx') useTexts('xx', pseudo(texts))
  else useTexts(lang, texts)
}

/** browserLanguage is the first of the browser's languages that has a catalogue. */
export function browserLanguage(list: readonly string[] = navigator.languages): Lang {
  for (const l of list) {
    const base = l.toLowerCase().split('-')[0] ?? ''
    if (isLang(base)) return base
  }
  return 'en'
}

/** t is the sentence of a key in the language shown. params.n chooses the plural form. */
export function t(key: Key, params?: Params): string {
  const a = active.value
  const entry = a.texts[key]
  return entry === undefined ? key : format(entry, params, a.rules, a.number)
}

/** hasText says whether a key made at run time exists. */
export function hasText(key: string): key is Key {
  return active.value.texts[key] !== undefined
}
