let perf = performance.now()
let date = Date.now()
let slept = 0

/**
 * elapsed is a clock for waiting, ms: performance.now(), and what it misses of
 * the time in which the machine slept. It never goes backwards; a wall clock
 * that somebody sets forward by more than a second counts as sleep.
 */
export function elapsed(): number {
  const p = performance.now()
  const d = Date.now()
  const missed = d - date - (p - perf)
  if (missed > 1000) slept += missed
  perf = p
  date = d
  return p + slept
}
