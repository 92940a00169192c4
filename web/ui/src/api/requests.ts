import { send } from './http'
import type { ID } from './wire'

/** What access is asked for: a camera, or what a link shows. */
export type Wanted = { camera: ID } | { link: ID }

/** The answer is the same whatever is asked for: it does not tell whether that exists. */
export const requests = {
  ask: (of: Wanted) => send<unknown>('POST', '/api/v1/access_requests', of),
}
