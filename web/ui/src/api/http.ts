import { Problem } from './problem'

/** Hooks the application sets once: they see every outcome, whoever asked. */
export interface Hooks {
  /** The login is missing or has ended (401 not_signed_in, login_ended or account_suspended). */
  signedOut(code: string): void
  /** Whether the server reaches its store (503 authz_unavailable says it does not). */
  store(reachable: boolean): void
}

const signedOut = ['not_signed_in', 'login_ended', 'account_suspended']

let hooks: Hooks = { signedOut() {}, store() {} }

export function setHooks(h: Hooks): void {
  hooks = h
}

/**
 * send makes one request. It resolves to the JSON answer (undefined for 204 and
 * other empty answers) and rejects with a Problem. `signal` cancels it: then it
 * rejects with the AbortError. `keepalive` lets it outlive the page.
 */
export async function send<T>(method: string, path: string, body?: unknown, options: { signal?: AbortSignal; keepalive?: boolean } = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', 'X-Sightline': '1' }
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  let res: Response
  try {
    res = await fetch(path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      redirect: 'error',
      signal: options.signal ?? null,
      keepalive: options.keepalive ?? false,
    })
  } catch (e) {
    if (options.signal?.aborted) throw e
    throw new Problem({ status: 0, code: 'network' })
  }
  if (res.ok) {
    hooks.store(true)
    const body = res.status === 204 ? '' : await res.text()
    return (body === '' ? undefined : JSON.parse(body)) as T
  }
  throw await refused(res)
}

/** text fetches a document that is not JSON. It fails as send does. */
export async function text(path: string, signal?: AbortSignal): Promise<string> {
  let res: Response
  try {
    res = await fetch(path, { headers: { 'X-Sightline': '1' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: signal ?? null })
    if (res.ok) return await res.text()
  } catch (e) {
    if (signal?.aborted) throw e
    throw new Problem({ status: 0, code: 'network' })
  }
  throw await refused(res)
}

/** refused tells the hooks of a refusal and gives its Problem. */
async function refused(res: Response): Promise<Problem> {
  const problem = await readProblem(res)
  if (problem.code === 'authz_unavailable') hooks.store(false)
  else if (res.status === 401 && signedOut.includes(problem.code)) hooks.signedOut(problem.code)
  return problem
}

/** A still image and when it was taken, ms. */
export interface Poster {
  blob: Blob
  at: number
}

/** picture fetches a still; undefined for every failure: whoever shows one shows it only when it is there. */
export async function picture(path: string): Promise<Poster | undefined> {
  try {
    const res = await fetch(path, { headers: { Accept: 'image/jpeg' }, credentials: 'same-origin', cache: 'no-store', redirect: 'error' })
    const at = Date.parse(res.headers.get('X-Captured-At') ?? '')
    return res.ok && !Number.isNaN(at) ? { blob: await res.blob(), at } : undefined
  } catch {
    return undefined
  }
}

async function readProblem(res: Response): Promise<Problem> {
  const header = Number(res.headers.get('Retry-After'))
  const fallback = { status: res.status, code: 'internal', retryAfter: header > 0 ? header : undefined }
  try {
    const p = (await res.json()) as Record<string, unknown>
    if (typeof p.code !== 'string') return new Problem(fallback)
    return new Problem({
      status: res.status,
      code: p.code,
      field: typeof p.field === 'string' && p.field !== '' ? p.field : undefined,
      detail: typeof p.detail === 'string' ? p.detail : '',
      retryAfter: typeof p.retry_after_s === 'number' ? p.retry_after_s : fallback.retryAfter,
      id: typeof p.id === 'string' ? p.id : undefined,
    })
  } catch {
    return new Problem(fallback)
  }
}
