import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Problem } from '../api/problem'
import { Failed, Skeleton } from './blocks'

/** lazy makes a screen of a chunk that is fetched when it is first shown. */
export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | undefined
  return function Lazy(props: P) {
    const [, turn] = useState(0)
    const [failed, setFailed] = useState(false)
    useEffect(() => {
      if (loaded || failed) return
      load().then(c => { loaded = c; turn(n => n + 1) }, () => setFailed(true))
    }, [failed])
    if (loaded) {
      const Screen = loaded
      return <Screen {...props} />
    }
    // A new version of the server has other chunk names: loading the page again finds them.
    if (failed) return <main id="main" class="main"><Failed problem={new Problem({ status: 0, code: 'network' })} retry={() => location.reload()} /></main>
    return <main id="main" class="main"><Skeleton /></main>
  }
}
