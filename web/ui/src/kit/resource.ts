import { signal } from '@preact/signals'
import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'

export interface Resource<T> {
  data: T | undefined
  problem: Problem | undefined
  loading: boolean
  reload(): void
  /** put shows an answer at once, before the next load. */
  put(data: T): void
}

/** What has changed on the server, by name ("cameras", "links" …): each change counts up. */
const changes = signal<Readonly<Record<string, number>>>({})

/** announce makes every resource that depends on `what` load again. */
export function announce(what: string): void {
  changes.value = { ...changes.value, [what]: (changes.value[what] ?? 0) + 1 }
}

/** announceAll makes every resource load again that depends on anything: nobody said for a while what changed. */
export function announceAll(): void {
  announce('')
}

/** changesOf counts what announce said of `what`; reading it subscribes. */
export function changesOf(what: string): number {
  return (changes.value[what] ?? 0) + (changes.value[''] ?? 0)
}

/** loading counts running loads; the bar under the top bar shows when one takes long. */
export const loads = signal(0)

/** useResource loads now, and again when the server says that one of `on` changed. */
export function useResource<T>(load: () => Promise<T>, on: readonly string[] = []): Resource<T> {
  const [state, setState] = useState<{ data?: T; problem?: Problem; loading: boolean }>({ loading: true })
  const turn = useRef(0)
  const loader = useRef(load)
  loader.current = load

  const reload = useCallback(() => {
    const mine = ++turn.current
    setState(s => ({ ...s, loading: true }))
    loads.value++
    loader.current().then(
      data => { if (mine === turn.current) setState({ data, loading: false }) },
      e => { if (mine === turn.current) setState(s => ({ data: s.data, problem: asProblem(e), loading: false })) },
    ).finally(() => { loads.value-- })
  }, [])

  const version = on.map(changesOf).join()
  useEffect(() => {
    reload()
  }, [version])
  useEffect(() => () => { turn.current = -1 }, [])

  return {
    data: state.data,
    problem: state.problem,
    loading: state.loading,
    reload,
    put: data => { turn.current++; setState({ data, loading: false }) },
  }
}
