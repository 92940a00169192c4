import { clampTime, patrolDefault } from './patrol'

const name = (view: string): string => `sightline.patrol.${view}`

/** patrolTimeOf is how long this device shows a page of a view, s. */
export function patrolTimeOf(view: string): number {
  try {
    const s = localStorage.getItem(name(view))
    return s === null ? patrolDefault : clampTime(Number(s))
  } catch {
    return patrolDefault // a browser that keeps nothing
  }
}

export function keepPatrolTime(view: string, s: number): void {
  try {
    localStorage.setItem(name(view), String(clampTime(s)))
  } catch {
    // It counts until the page is left.
  }
}
