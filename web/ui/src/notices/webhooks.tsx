/** WebhooksPart is webhooks in the settings of notices. */
export function WebhooksPart() {
  return null
}
