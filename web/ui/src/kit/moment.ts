import { useEffect } from 'preact/hooks'

/** A timer of the browser holds no more than this, ms. */
const longest = 2_000_000_000

/** soonest is the next of these instants (RFC 3339) after `now`, ms; undefined when none is to come. */
export function soonest(instants: readonly (string | undefined)[], now: number): number | undefined {
  const coming = instants.map(s => (s ? Date.parse(s) : Number.NaN)).filter(ms => ms > now)
  return coming.length ? Math.min(...coming) : undefined
}

/**
 * useMoment runs something when the next of some instants has passed: what a
 * list says about time (active, ended, closed) is then loaded anew, without a
 * word from the server.
 */
export function useMoment(instants: readonly (string | undefined)[], run: () => void): void {
  const at = soonest(instants, Date.now())
  useEffect(() => {
    if (at === undefined) return
    // A little later: the two clocks may differ, and the server's decides.
    const timer = setTimeout(run, Math.min(at - Date.now() + 500, longest))
    return () => clearTimeout(timer)
  }, [at])
}
