import { useEffect, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { moment, parseTime } from '../i18n/time'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Switch } from '../kit/choice'
import { Notice, ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { Table } from '../kit/table'
import { toast } from '../kit/toast'
import { browserName } from '../state/browser'
import { account, zone } from '../state/session'
import { ability, Refused, subscription, turnOff, turnOn, type Ability } from './push-device'
import { push, type PushDevice, type PushState } from './ways-api'

/** PushPart is Web Push in the settings of notices. */
export function PushPart() {
  const state = useResource(() => push.get())
  return (
    <section class="block no-part">
      <h2>{t('push.title')}</h2>
      <p class="muted">{t('push.text')}</p>
      <Loaded of={state} rows={1}>
        {s => (
          <>
            <Here state={s} onChange={state.reload} />
            <Others rows={s.subscriptions.filter(d => !d.current)} onChange={state.reload} />
          </>
        )}
      </Loaded>
    </section>
  )
}

const cannot: Record<Exclude<Ability, 'able'>, () => string> = {
  denied: () => t('push.denied'),
  unsupported: () => t('push.unsupported'),
  insecure: () => t('push.insecure'),
  install: () => t('push.install'),
}

/** Here is the switch of this device, or why there is none. */
function Here({ state, onChange }: { state: PushState; onChange(): void }) {
  const [able, setAble] = useState<Ability>(ability)
  const [signedUp, setSignedUp] = useState<boolean>()
  const [busy, setBusy] = useState(false)
  const [failed, setFailed] = useState<string>()
  const [problem, setProblem] = useState<Problem>()
  useEffect(() => {
    let gone = false
    const look = (): void => {
      setAble(ability())
      subscription().then(s => { if (!gone) setSignedUp(!!s) }, () => { if (!gone) setSignedUp(false) })
    }
    look()
    addEventListener('focus', look) // back from the browser's settings
    return () => { gone = true; removeEventListener('focus', look) }
  }, [state])
  if (able !== 'able') return <Notice tone={able === 'denied' ? 'warn' : 'plain'}>{cannot[able]()}</Notice>
  const on = signedUp === true && state.subscriptions.some(d => d.current)
  const turn = async (): Promise<void> => {
    const me = account.value?.id
    if (busy || !me) return
    setBusy(true)
    setFailed(undefined)
    setProblem(undefined)
    try {
      if (on) await turnOff(state)
      else await turnOn(me, state)
      toast(on ? t('push.is_off') : t('push.is_on'))
    } catch (e) {
      if (!(e instanceof Refused)) setProblem(asProblem(e))
      else if (e.why === 'failed') setFailed(t('push.failed'))
      setAble(ability())
    } finally {
      setBusy(false)
      onChange()
    }
  }
  return (
    <div class="no-push" aria-busy={busy}>
      <Switch label={t('push.here')} hint={t('push.here_hint')} checked={on} onChange={() => void turn()} />
      {failed && <Notice tone="bad">{failed}</Notice>}
      <ProblemNotice problem={problem} />
    </div>
  )
}

/** Others are the person's further devices; each can be ended from here. */
function Others({ rows, onChange }: { rows: PushDevice[]; onChange(): void }) {
  const [problem, setProblem] = useState<Problem>()
  if (rows.length === 0) return null
  const when = (s: string | undefined): string => {
    const ms = parseTime(s)
    return ms === undefined ? t('links.never') : moment(ms, zone.value, Date.now())
  }
  const remove = async (d: PushDevice): Promise<void> => {
    setProblem(undefined)
    try {
      await push.remove(d.id)
      toast(t('push.removed'))
      onChange()
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  return (
    <>
      <h3>{t('push.devices')}</h3>
      <ProblemNotice problem={problem} />
      <Table
        label={t('push.devices')}
        rows={rows}
        id={d => d.id}
        columns={[
          { head: t('account.browser'), role: 'title', cell: d => <b><bdi>{browserName(d.browser)}</bdi></b> },
          { head: t('push.since'), cell: d => <span class="num">{when(d.created_at)}</span> },
          { head: t('push.used'), cell: d => <span class="num">{when(d.used_at)}</span> },
          { head: '', role: 'acts', cell: d => <Button small kind="danger" onClick={() => void remove(d)}>{t('action.remove')}</Button> },
        ]}
      />
    </>
  )
}
