import { useState } from 'preact/hooks'
import { open as anybody } from '../api/api'
import { asProblem, type Problem } from '../api/problem'
import { t } from '../i18n/i18n'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { Switch } from '../kit/choice'
import { SelectField, type Bound } from '../kit/field'
import { Icon } from '../kit/icons'
import { Notice, ProblemNotice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { toast } from '../kit/toast'
import { Settings } from '../screens/settings'
import { zones } from '../screens/zones'
import { preferences as api, type Digest, type Preferences, type Way } from './api'
import { kindText, seen, shared } from './kinds'
import { MutePart } from './mute'
import { PushPart } from './push'
import { WebhooksPart } from './webhooks'

/** NoticeSettings is how this person is told: by what, about what, when. */
export function NoticeSettings() {
  const mine = useResource(() => api.get())
  const server = useResource(() => anybody.status())
  return (
    <Settings>
      <p class="crumb"><a href="/notices"><Icon name="left" small />{t('nav.notices')}</a></p>
      <h1>{t('notices.settings')}</h1>
      <PushPart />
      <div class="no-part">
        <Loaded of={mine} rows={6}>{p => <Choices key={p.version} given={p} mail={server.data?.mail ?? true} onSaved={mine.put} onStale={mine.reload} />}</Loaded>
      </div>
      <MutePart />
      <WebhooksPart />
    </Settings>
  )
}

const ways: readonly Way[] = ['feed', 'mail', 'push', 'webhook']
const wayText: Record<Way, () => string> = {
  feed: () => t('notices.way.feed'),
  mail: () => t('notices.way.mail'),
  push: () => t('notices.way.push'),
  webhook: () => t('notices.way.webhook'),
}

/** Letters of these are chosen elsewhere, or are the invitation itself. */
const noLetter = new Set(['link_near', 'link_used_up', 'group_invitation'])
const mayHide = new Set<string>(['motion', 'person', 'vehicle', 'sound', 'tamper', 'input', 'camera_lost', 'camera_back', 'still'])

interface ChoicesProps {
  given: Preferences
  mail: boolean
  onSaved(p: Preferences): void
  onStale(): void
}

function Choices({ given, mail, onSaved, onStale }: ChoicesProps) {
  const [p, setP] = useState(given)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const quiet = (patch: Partial<Preferences['quiet']>): void => setP(x => ({ ...x, quiet: { ...x.quiet, ...patch } }))
  const set = (kind: string, way: Way, on: boolean): void => setP(x => {
    const was = x.kinds[kind]
    return was ? { ...x, kinds: { ...x.kinds, [kind]: { ...was, [way]: on } } } : x
  })
  const bound = (name: string, value: string, put: (v: string) => void): Bound<string> => ({
    name, value, set: put, leave: () => {}, error: problem?.field === name ? problem.code : undefined,
  })
  const save = async (e: Event): Promise<void> => {
    e.preventDefault()
    if (busy) return
    setBusy(true)
    setProblem(undefined)
    try {
      onSaved(await api.put(p))
      toast(t('share.saved'))
    } catch (err) {
      const found = asProblem(err)
      if (found.code === 'stale') {
        toast(t('notices.changed'))
        onStale()
      } else setProblem(found)
    } finally {
      setBusy(false)
    }
  }
  return (
    <form class="no-form" onSubmit={e => void save(e)} noValidate>
      <section class="block">
        <h2>{t('notices.ways')}</h2>
        <p class="muted">{t('notices.ways_hint')}</p>
        <table class="no-ways">
          <thead>
            <tr>
              <th scope="col"><span class="vh">{t('notices.kind')}</span></th>
              {ways.map(w => <th key={w} scope="col">{wayText[w]()}</th>)}
            </tr>
          </thead>
          {([['notices.of_cameras', seen], ['notices.of_sharing', shared]] as const).map(([title, kinds]) => (
            <tbody key={title}>
              <tr><th class="no-group" scope="rowgroup" colSpan={5}>{t(title)}</th></tr>
              {kinds.filter(k => p.kinds[k]).map(k => (
                <tr key={k}>
                  <th scope="row">{kindText(k)}</th>
                  {ways.map(w => (
                    <td key={w}>
                      <Cell kind={k} way={w} on={p.kinds[k]?.[w] ?? false} mail={mail} onChange={on => set(k, w, on)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          ))}
        </table>
        <p class="hint">{t('notices.links_mail')}</p>
      </section>
      <section class="block">
        <h2>{t('notices.digest')}</h2>
        {mail
          ? <SelectField
              bound={bound('digest', p.digest, v => setP(x => ({ ...x, digest: v as Digest })))}
              label={t('notices.digest')}
              options={[{ value: 'off', text: t('notices.digest_off') }, { value: 'hourly', text: t('notices.digest_hourly') }, { value: 'daily', text: t('notices.digest_daily') }]}
            />
          : <Notice tone="plain">{t('notices.no_mail')}</Notice>}
      </section>
      <section class="block">
        <h2>{t('notices.quiet')}</h2>
        <Switch label={t('notices.quiet_on')} hint={t('notices.quiet_hint')} checked={p.quiet.on} onChange={on => quiet({ on })} />
        {p.quiet.on && (
          <div class="no-hours">
            <Time bound={bound('quiet.from', p.quiet.from, from => quiet({ from }))} label={t('notices.quiet_from')} />
            <Time bound={bound('quiet.to', p.quiet.to, to => quiet({ to }))} label={t('notices.quiet_to')} />
            <SelectField bound={bound('quiet.zone', p.quiet.zone, zone => quiet({ zone }))} label={t('field.zone')} options={zones(p.quiet.zone)} />
          </div>
        )}
      </section>
      <ProblemNotice problem={problem?.field?.startsWith('quiet') ? undefined : problem} />
      <div class="acts"><Button kind="primary" type="submit" busy={busy}>{t('action.save')}</Button></div>
    </form>
  )
}

function Cell({ kind, way, on, mail, onChange }: { kind: string; way: Way; on: boolean; mail: boolean; onChange(on: boolean): void }) {
  const label = `${kindText(kind)}: ${wayText[way]()}`
  if (way === 'mail' && noLetter.has(kind)) return <span class="dim" aria-hidden="true">–</span>
  const always = way === 'feed' && !mayHide.has(kind)
  return (
    <label class="no-tick" title={always ? t('notices.always') : label}>
      <input
        type="checkbox"
        class="chk"
        checked={on}
        disabled={always || (way === 'mail' && !mail)}
        aria-label={always ? `${label}, ${t('notices.always')}` : label}
        onChange={e => onChange(e.currentTarget.checked)}
      />
    </label>
  )
}

function Time({ bound, label }: { bound: Bound<string>; label: string }) {
  return (
    <div class="field">
      <label class="lab">
        {label}
        <input type="time" class={`fld${bound.error ? ' bad' : ''}`} dir="ltr" name={bound.name} value={bound.value} required onInput={e => bound.set(e.currentTarget.value)} aria-invalid={bound.error ? true : undefined} />
      </label>
    </div>
  )
}
