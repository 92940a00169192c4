import { t } from '../i18n/i18n'

/** browserName is a browser family as the server tells it; what is none of the known ones has no name of its own. */
export function browserName(family: string | undefined): string {
  return family && family !== 'other' ? family : t('account.unknown_browser')
}
