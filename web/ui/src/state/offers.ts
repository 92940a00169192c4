import { signal } from '@preact/signals'
import type { GrantState } from '../api/access'
import { offers as api, type Offer } from '../api/sharing'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { announce } from '../kit/resource'
import { toast } from '../kit/toast'

/** Answers shown at once: what the server has not confirmed yet, or is not asked before its Undo has passed. */
const answered = signal<Readonly<Record<string, GrantState>>>({})

/** Why the last answer failed; shown where the offers are. */
export const answerProblem = signal<Problem | undefined>(undefined)

function show(ids: readonly string[], state: GrantState | undefined): void {
  const next = { ...answered.value }
  for (const id of ids) {
    if (state) next[id] = state
    else delete next[id]
  }
  answered.value = next
}

/** asAnswered is an offer as it is to be shown. */
export function asAnswered(list: readonly Offer[]): Offer[] {
  return list.map(o => {
    const state = answered.value[o.grant_id]
    return state && o.state !== 'expired' ? { ...o, state } : o
  })
}

async function run(ids: readonly string[], state: GrantState, act: () => Promise<unknown>): Promise<boolean> {
  answerProblem.value = undefined
  show(ids, state)
  try {
    await act()
    return true
  } catch (e) {
    answerProblem.value = asProblem(e)
    return false
  } finally {
    // The list that follows says the same; until it is here the answer stays.
    announce('offers')
    announce('cameras')
    setTimeout(() => show(ids, undefined), 1500)
  }
}

/** accept answers an offer, or one rejected earlier. */
export async function accept(o: Offer): Promise<void> {
  if (!(await run([o.grant_id], 'accepted', () => api.accept(o.grant_id)))) return
  toast(t('offers.accepted', { name: o.camera.name }), {
    text: t('action.undo'),
    act: () => void run([o.grant_id], 'declined', () => api.reject(o.grant_id)),
  })
}

/** acceptAll answers every open offer at once. */
export async function acceptAll(list: readonly Offer[]): Promise<void> {
  const ids = list.map(o => o.grant_id)
  if (!(await run(ids, 'accepted', api.acceptAll))) return
  toast(t('offers.accepted_all', { n: ids.length }), {
    text: t('action.undo'),
    act: () => void run(ids, 'declined', () => Promise.all(ids.map(id => api.reject(id)))),
  })
}

/** reject waits for its Undo before the owner is told; leaving the page does not wait. */
export function reject(o: Offer): void {
  const id = o.grant_id
  answerProblem.value = undefined
  show([id], 'declined')
  toast(t('offers.rejected', { name: o.camera.name }), {
    text: t('action.undo'),
    act: () => show([id], undefined),
    otherwise: leaving => {
      if (answered.value[id] !== 'declined') return // accepted meanwhile
      if (leaving) void api.reject(id, true).catch(() => {})
      else void run([id], 'declined', () => api.reject(id))
    },
  })
}

/** leave gives an accepted camera back; it stays among the rejected ones. */
export async function leave(o: Offer): Promise<void> {
  if (!(await run([o.grant_id], 'declined', () => api.reject(o.grant_id)))) return
  toast(t('offers.left', { name: o.camera.name }), {
    text: t('action.undo'),
    act: () => void run([o.grant_id], 'accepted', () => api.accept(o.grant_id)),
  })
}
