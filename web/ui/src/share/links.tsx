import { useState } from 'preact/hooks'
import { links as api } from '../api/api'
import { cameraLinks } from '../api/access'
import { asProblem, type Problem } from '../api/problem'
import type { Camera, Link } from '../api/wire'
import { t } from '../i18n/i18n'
import { city } from '../i18n/time'
import { wall } from '../i18n/zoned'
import { Loaded } from '../kit/blocks'
import { Button } from '../kit/button'
import { copy } from '../kit/copy'
import { Confirm } from '../kit/dialog'
import { TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Icon } from '../kit/icons'
import { Notice, ProblemNotice } from '../kit/notice'
import { announce, type Resource } from '../kit/resource'
import { WhenField } from '../kit/when'
import { LinkOpened, LinkState } from '../screens/link-state'
import { SecretLine } from '../screens/link-show'
import { account } from '../state/session'
import { usage as usageAPI } from '../usage/api'
import { MiniUse } from '../usage/bars'
import { useLive } from '../usage/live'
import { LinkDates } from './link-dates'
import { MailLink, mailto, windowText } from './link-mail'
import { made, OptionFields } from './link-options'
import { QR } from './qr'
import { checkOptions, checkWindow, inHours, iso, noOptions } from './window'

type Shown = { qr: Link } | { mail: Link } | { dates: Link } | { remove: Link }

/** Links makes and keeps the temporary links of a camera, and names the share links that hold it. */
export function Links({ camera, of, mail }: { camera: Camera; of: Resource<Link[]>; mail: boolean }) {
  const [shown, show] = useState<Shown>()
  const used = useLive(usageAPI.account, 5000, ['links', 'usage'])
  const [fresh, setFresh] = useState<Link>()
  const [said, say] = useState('')
  const [problem, setProblem] = useState<Problem>()
  const title = (l: Link): string => l.name || camera.name
  const changed = (): void => {
    announce('links')
    announce('cameras')
  }
  const run = async (act: Promise<unknown>, done: string): Promise<void> => {
    setProblem(undefined)
    say('')
    try {
      await act
      say(done)
      changed()
    } catch (e) {
      setProblem(asProblem(e))
    }
  }
  const copyLink = async (l: Link): Promise<void> => {
    if (await copy(l.url)) say(t('links.copied', { name: title(l) }))
    else setFresh(l)
  }
  return (
    <>
      {account.value?.plan === 'mini' ? <Notice>{t('reason.plan_mini')}</Notice> : <NewTemporary camera={camera} onMade={l => { setFresh(l); changed() }} />}
      {fresh && (
        <section class="fresh" aria-label={t('link.ready')} key={fresh.id}>
          <p><b>{t('link.ready')}</b> <span class="muted">{windowText(fresh, camera.zone)}</span></p>
          <SecretLine label={t('links.link')} text={fresh.url} />
          <div class="row wrap">
            <a class="btn s" href={fresh.url} target="_blank" rel="noopener noreferrer"><Icon name="eye" small />{t('link.open')}</a>
            <Mail link={fresh} title={title(fresh)} zone={camera.zone} on={mail} onMail={() => show({ mail: fresh })} />
            <Button small icon="qr" onClick={() => show({ qr: fresh })}>{t('link.qr')}</Button>
          </div>
        </section>
      )}
      <ProblemNotice problem={problem} />
      <p class="hint" role="status">{said}</p>
      <Loaded of={of} rows={2}>
        {all => {
          const own = all.filter(l => l.kind === 'temporary')
          const share = all.filter(l => l.kind === 'share')
          return (
            <>
              {own.length === 0 ? <p class="none">{t('link.none')}</p> : (
                <ul class="lrows">
                  {own.map(l => (
                    <li key={l.id}>
                      <div class="grow">
                        <b><bdi>{title(l)}</bdi></b>
                        <p class="meta muted">{windowText(l, camera.zone)}</p>
                        <Seen link={l} />
                      </div>
                      <LinkState link={l} />
                      <div class="lacts">
                        <Button small icon="copy" onClick={() => void copyLink(l)} aria-label={t('links.copy_name', { name: title(l) })}>{t('action.copy')}</Button>
                        <a class="btn s" href={l.url} target="_blank" rel="noopener noreferrer">{t('link.open')}</a>
                        <Mail link={l} title={title(l)} zone={camera.zone} on={mail} onMail={() => show({ mail: l })} />
                        <Button small icon="qr" onClick={() => show({ qr: l })}>{t('link.qr')}</Button>
                        {(l.state === 'active' || l.state === 'scheduled') && <Button small icon="pause" onClick={() => void run(api.pause(l.id), t('links.paused_toast', { name: title(l) }))}>{t('links.pause')}</Button>}
                        {l.state === 'paused_owner' && <Button small icon="play" onClick={() => void run(api.resume(l.id), t('links.resumed_toast', { name: title(l) }))}>{t('links.resume')}</Button>}
                        <Button small onClick={() => show({ dates: l })}>{t('link.dates')}</Button>
                        <Button small kind="danger" onClick={() => show({ remove: l })} aria-label={t('links.remove_name', { name: title(l) })}>{t('action.remove')}</Button>
                      </div>
                    </li>
                  ))}
                </ul>
              )}
              {share.length > 0 && (
                <>
                  <h3 class="lab">{t('link.held')}</h3>
                  <ul class="lrows">
                    {share.map(l => (
                      <li key={l.id}>
                        <div class="grow"><b><bdi>{l.name}</bdi></b><Seen link={l} /></div>
                        <MiniUse link={l} bars={used.data?.links.find(u => u.id === l.id)} />
                        <LinkState link={l} />
                        <Button small icon="copy" onClick={() => void copyLink(l)} aria-label={t('links.copy_name', { name: l.name })}>{t('action.copy')}</Button>
                      </li>
                    ))}
                  </ul>
                </>
              )}
            </>
          )
        }}
      </Loaded>
      {shown && 'qr' in shown && <QR link={shown.qr} title={title(shown.qr)} onClose={() => show(undefined)} />}
      {shown && 'mail' in shown && <MailLink link={shown.mail} title={title(shown.mail)} onClose={() => show(undefined)} onSent={to => say(t('link.mailed', { email: to }))} />}
      {shown && 'dates' in shown && <LinkDates link={shown.dates} title={title(shown.dates)} zone={camera.zone} onClose={() => show(undefined)} onSaved={() => { changed(); say(t('links.saved', { name: title(shown.dates) })) }} />}
      {shown && 'remove' in shown && (
        <Confirm
          title={t('links.remove_title', { name: title(shown.remove) })}
          verb={t('links.remove')}
          onClose={() => show(undefined)}
          act={async () => {
            await api.remove(shown.remove.id)
            if (fresh?.id === shown.remove.id) setFresh(undefined)
            say(t('links.removed', { name: title(shown.remove) }))
            changed()
          }}
        >
          <p>{shown.remove.watching > 0 ? t('links.remove_watching', { n: shown.remove.watching }) : t('links.remove_text')}</p>
        </Confirm>
      )}
    </>
  )
}

/** Seen is who watches now, which nobody does while a link is closed, and when it was last opened. */
function Seen({ link: l }: { link: Link }) {
  return <p class="meta dim">{l.state === 'active' && `${t('link.watching', { n: l.watching })}, `}{t('link.opened')} <LinkOpened link={l} /></p>
}

/** Mail goes through the server where it sends mail, else through the owner's own mail program. */
function Mail({ link, title, zone, on, onMail }: { link: Link; title: string; zone: string; on: boolean; onMail(): void }) {
  if (on) return <Button small icon="mail" onClick={onMail}>{t('link.mail')}</Button>
  return <a class="btn s" href={mailto(link, title, zone)}><Icon name="mail" small />{t('link.mail')}</a>
}

function NewTemporary({ camera, onMade }: { camera: Camera; onMade(l: Link): void }) {
  const { zone } = camera
  const begin = () => {
    const starts = wall(Date.now(), zone)
    return { ...noOptions, name: '', starts, ends: inHours(starts, 24, zone, Date.now()) }
  }
  const form = useForm(begin, v => ({ ...checkOptions(v, zone, Date.now()), ...checkWindow(v, zone, Date.now()) }), async v => {
    const link = await cameraLinks.add(camera.id, v.name.trim(), { ...made(v, zone), starts: iso(v.starts, zone) })
    form.set(begin())
    onMade(link)
  })
  const lengths = [1, 24, 24 * 7, 24 * 30]
  return (
    <form class="newlink" onSubmit={form.onSubmit} noValidate>
      <div class="three">
        <WhenField bound={form.bind('starts')} label={t('link.on')} hint={t('link.zone', { zone: city(zone) })} />
        <WhenField bound={form.bind('ends')} label={t('link.off')} />
        <div class="field">
          <p class="lab">{t('link.length')}</p>
          <div class="row wrap lengths">
            {lengths.map(h => {
              const to = inHours(form.values.starts, h, zone, Date.now())
              return <Button key={h} small pressed={form.values.ends === to} onClick={() => form.set({ ends: to })}>{h < 48 ? t('unit.h', { n: h }) : t('unit.d', { n: h / 24 })}</Button>
            })}
          </div>
        </div>
      </div>
      <details>
        <summary>{t('link.options')}</summary>
        <div class="two">
          <TextField bound={form.bind('name')} label={t('link.name')} optional maxLength={60} autoComplete="off" hint={t('link.name_hint')} />
          <OptionFields form={form} zone={zone} end={false} />
        </div>
      </details>
      <ProblemNotice problem={form.problem} />
      <div class="row wrap">
        <span class="muted grow">{t('links.risk')}</span>
        <Button kind="primary" type="submit" busy={form.busy}>{t('link.generate')}</Button>
      </div>
    </form>
  )
}
