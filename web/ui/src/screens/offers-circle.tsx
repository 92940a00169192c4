import { signal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { offers as api } from '../api/sharing'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Dialog } from '../kit/dialog'
import { ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { path } from '../kit/router'
import { toast } from '../kit/toast'
import { acceptAll, answerProblem, asAnswered } from '../state/offers'
import { fresh, session } from '../state/session'
import { OfferCard } from './offer-card'

const open = signal(false)

/** Circle is the count of cameras offered and not answered; it opens them as a panel. */
export function Circle() {
  const list = useResource(() => api.list().then(r => r.offers), ['offers'])
  const last = useRef<number>(undefined)
  const known = list.data !== undefined
  const n = list.data ? asAnswered(list.data).filter(o => o.state === 'offered').length : (session.value?.badges.offers ?? 0)

  // A message after signing in, and when another offer comes into an open page.
  useEffect(() => {
    if (!known) return
    const before = last.current
    last.current = n
    if (n > (before ?? (fresh.value ? 0 : n)) && path.value !== '/cameras/shared') {
      toast(t('offers.waiting', { n }), { text: t('offers.look'), act: () => { open.value = true } })
    }
    fresh.value = false
  }, [known, n])
  useEffect(() => () => { open.value = false }, [])

  const label = t('offers.circle', { n })
  return <button type="button" class={`offers num${n > 0 ? ' has' : ''}`} aria-haspopup="dialog" aria-label={label} title={label} onClick={() => { open.value = true }}>{n}</button>
}

/** OffersPanel is what the circle opens, over any page. */
export function OffersPanel() {
  return open.value ? <Panel /> : null
}

function Panel() {
  const list = useResource(() => api.list().then(r => r.offers), ['offers'])
  const offered = asAnswered(list.data ?? []).filter(o => o.state === 'offered')
  const close = (): void => { open.value = false }
  return (
    <Dialog title={t('offers.title')} onClose={close} side>
      <ProblemNotice problem={answerProblem.value} />
      <Loaded of={list} rows={2}>
        {() => offered.length === 0 ? <p>{t('offers.none')}</p> : (
          <div class="stack">{offered.map(o => <OfferCard key={o.grant_id} offer={o} />)}</div>
        )}
      </Loaded>
      <div class="acts">
        {offered.length > 1 && <Button onClick={() => void acceptAll(offered)}>{t('offers.accept_all')}</Button>}
        <a class="btn quiet" href="/cameras/shared" onClick={close}>{t('cameras.with_me')}</a>
      </div>
    </Dialog>
  )
}
