import type { FunctionComponent } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { Problem } from '../api/problem'
import { Failed } from './blocks'
import { Dialog } from './dialog'

/** later makes a dialog of a chunk that is fetched when it is first opened; nothing is drawn until then. */
export function later<P extends { onClose(): void }>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let loaded: FunctionComponent<P> | undefined
  return function Later(props: P) {
    const [, turn] = useState(0)
    const [failed, setFailed] = useState(false)
    useEffect(() => {
      if (!loaded) load().then(c => { loaded = c; turn(n => n + 1) }, () => setFailed(true))
    }, [])
    if (loaded) {
      const Box = loaded
      return <Box {...props} />
    }
    // A new version of the server has other chunk names: loading the page again finds them.
    if (failed) return <Dialog title="Sightline" onClose={props.onClose}><Failed problem={new Problem({ status: 0, code: 'network' })} retry={() => location.reload()} /></Dialog>
    return null
  }
}
