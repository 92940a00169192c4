import type { Catalogue, Entry } from './catalogue'

const accents: Record<string, string> = {
  a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú', y: 'ý', c: 'ç', n: 'ñ', s: 'š', z: 'ž', A: 'Å', E: 'É', I: 'Î', O: 'Ö', U: 'Ü',
}

/** pseudo makes the locale "xx" of English: accented, 40 % longer, bracketed, so cut and forgotten texts show. */
export function pseudo(texts: Catalogue): Catalogue {
  return Object.fromEntries(Object.entries(texts).map(([k, v]) => [k, mangleEntry(v)]))
}

function mangleEntry(e: Entry): Entry {
  if (typeof e === 'string') return mangle(e)
  return Object.fromEntries(Object.entries(e).map(([form, text]) => [form, mangle(text)]))
}

function mangle(text: string): string {
  const body = text.split(/(\{\w+\})/).map(part => (part.startsWith('{') ? part : part.replace(/\w/g, c => accents[c] ?? c))).join('')
  return `[${body}${'~'.repeat(Math.ceil(text.length * 0.4))}]`
}
