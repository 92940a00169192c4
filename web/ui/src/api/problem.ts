/**
 * Problem is a refused or failed request. `code` is from one of the server's
 * closed lists, or "network" when no answer came. The text a person reads is
 * made from the code (i18n/reason.ts), never from the server's sentence unless
 * the code is unknown here.
 */
export class Problem extends Error {
  readonly status: number
  readonly code: string
  readonly field: string | undefined
  readonly detail: string
  readonly retryAfter: number | undefined // seconds
  readonly id: string | undefined

  constructor(p: { status: number; code: string; field?: string; detail?: string; retryAfter?: number; id?: string }) {
    super(`${p.status} ${p.code}`)
    this.name = 'Problem'
    this.status = p.status
    this.code = p.code
    this.field = p.field
    this.detail = p.detail ?? ''
    this.retryAfter = p.retryAfter
    this.id = p.id
  }
}

/** asProblem turns whatever was thrown into a Problem. */
export function asProblem(e: unknown): Problem {
  return e instanceof Problem ? e : new Problem({ status: 0, code: 'internal', detail: String(e) })
}
