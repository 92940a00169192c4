/** PushPart is Web Push in the settings of notices. */
export function PushPart() {
  return null
}
