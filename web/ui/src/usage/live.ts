import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { changesOf, type Resource } from '../kit/resource'

/**
 * useLive loads now and again every `every` ms while the page is seen, and at
 * once when the server says that `on` changed: counters change without a word
 * on the socket. A load that fails keeps what is shown; two never overlap, and
 * the answer to an old question is dropped.
 */
export function useLive<T>(load: () => Promise<T>, every: number, on: readonly string[], key = ''): Resource<T> {
  const [state, setState] = useState<{ data?: T; problem?: Problem; loading: boolean }>({ loading: true })
  const loader = useRef(load)
  loader.current = load
  const turn = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const run = useCallback((): void => {
    clearTimeout(timer.current)
    const mine = ++turn.current
    const again = (): void => {
      if (mine === turn.current && document.visibilityState !== 'hidden') timer.current = setTimeout(run, every)
    }
    loader.current().then(
      data => { if (mine === turn.current) setState({ data, loading: false }) },
      e => { if (mine === turn.current) setState(s => ({ data: s.data, problem: asProblem(e), loading: false })) },
    ).finally(again)
  }, [every])

  const version = on.map(changesOf).join()
  useEffect(() => {
    // Another object: nothing of the one before is shown as if it were this one's.
    setState({ loading: true })
  }, [key])
  useEffect(run, [key, version])
  useEffect(() => {
    const seen = (): void => {
      if (document.visibilityState === 'hidden') clearTimeout(timer.current)
      else run()
    }
    document.addEventListener('visibilitychange', seen)
    return () => {
      document.removeEventListener('visibilitychange', seen)
      clearTimeout(timer.current)
      turn.current = -1
    }
  }, [run])

  return {
    data: state.data,
    problem: state.problem,
    loading: state.loading,
    reload: run,
    put: data => {
      turn.current++
      setState({ data, loading: false })
      timer.current = setTimeout(run, every)
    },
  }
}
