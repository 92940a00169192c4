import { asProblem, type Problem } from '../api/problem'
import { images, type BatchDo } from './api'

/** How many images one request changes: small enough that the progress moves. */
const chunk = 50

export interface BatchResult {
  done: string[]
  failed: { id: string; code: string }[]
  /** What stopped it; the rest was not tried. */
  problem: Problem | undefined
}

/** batch does one thing to many images, fifty at a time, and tells how many are through. */
export async function batch(ids: readonly string[], what: BatchDo, tag: string | undefined, onProgress: (through: number, done: readonly string[]) => void): Promise<BatchResult> {
  const out: BatchResult = { done: [], failed: [], problem: undefined }
  for (let i = 0; i < ids.length; i += chunk) {
    try {
      const r = await images.batch(ids.slice(i, i + chunk), what, tag)
      out.done.push(...r.done)
      out.failed.push(...r.failed)
      onProgress(Math.min(ids.length, i + chunk), r.done)
    } catch (e) {
      out.problem = asProblem(e)
      return out
    }
  }
  return out
}
