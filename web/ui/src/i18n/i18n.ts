import { signal } from '@preact/signals'
import { format, type Catalogue, type Key, type Params } from './catalogue'
import { pseudo } from './pseudo'

/** The languages offered, each under its own name, in the order of a menu. */
export const languages = {
  de: 'Deutsch',
  en: 'English',
  es: 'Español',
  fr: 'Français',
  it: 'Italiano',
  pl: 'Polski',
  'pt-BR': 'Português (Brasil)',
  fi: 'Suomi',
  ru: 'Русский',
  uk: 'Українська',
  ar: 'العربية',
} as const
export type Lang = keyof typeof languages

/** Each catalogue is a chunk of its own, fetched when its language is shown. */
const loaders = import.meta.glob<{ default: Catalogue }>('../../../../internal/i18n/catalogues/*.json')

function load(lang: Lang): Promise<{ default: Catalogue }> {
  const loader = loaders[`../../../../internal/i18n/catalogues/${lang}.json`]
  return loader ? loader() : Promise.reject(new Error(`no catalogue for ${lang}`)) // a test holds the files to the names
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
  const texts = (await load(lang)).default
  if (wanted !== name) return
  if (name === 'xx') useTexts('xx', pseudo(texts))
  else useTexts(lang, texts)
}

/**
 * browserLanguage is the first of the browser's languages that is offered: as
 * named, else without its region, else with another (pt is read by pt-BR).
 */
export function browserLanguage(list: readonly string[] = navigator.languages): Lang {
  for (const l of list) {
    const tag = l.toLowerCase()
    const base = tag.split('-')[0]
    const offered = Object.keys(languages) as Lang[]
    const found = offered.find(o => o.toLowerCase() === tag) ?? offered.find(o => o === base) ?? offered.find(o => o.split('-')[0] === base)
    if (found) return found
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
