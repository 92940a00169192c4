import { useEffect, useRef, useState } from 'preact/hooks'
import { asProblem, type Problem } from '../api/problem'
import { problemText } from '../i18n/reason'
import type { Key } from '../i18n/catalogue'
import { hasText, t } from '../i18n/i18n'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Dialog } from '../kit/dialog'
import { SelectField, TextField } from '../kit/field'
import { useForm } from '../kit/form'
import { Icon } from '../kit/icons'
import { Notice, ProblemNotice } from '../kit/notice'
import * as rules from '../kit/rules'
import { onvif, type Neighbour, type OnvifProfile, type OnvifResult } from './api'

/** What a camera that was found fills a form with. */
export interface Chosen {
  name: string
  onvif: string
  user: string
  password: string
  main: string
  sub: string
}

export interface FindProps {
  /** An address and a user typed already: the search is left out. */
  address?: string
  user?: string
  /** The own camera that is changed, whose password need not be typed again. */
  camera?: string
  onPick(c: Chosen): void
  onClose(): void
}

interface Asked {
  url: string
  user: string
  password: string
}

/** Find looks for cameras on the server's network, asks one what it offers and lets its streams be chosen. */
export function Find({ address, user, camera, onPick, onClose }: FindProps) {
  const [asked, ask] = useState<Asked>({ url: address ?? '', user: user ?? '', password: '' })
  const [step, go] = useState<'search' | 'login' | 'streams'>(address ? 'login' : 'search')
  const [found, setFound] = useState<OnvifResult>()
  return (
    <Dialog title={t('find.title')} size="large" onClose={onClose}>
      {step === 'search' && <Search onPick={url => { ask({ ...asked, url }); go('login') }} />}
      {step === 'login' && (
        <Login
          asked={asked}
          camera={camera}
          onBack={() => go('search')}
          onFound={(a, r) => { ask(a); setFound(r); go('streams') }}
        />
      )}
      {step === 'streams' && found && (
        <Streams
          found={found}
          onBack={() => go('login')}
          onUse={(main, sub) => onPick({ name: found.name, onvif: found.url, user: asked.user, password: asked.password, main, sub })}
        />
      )}
    </Dialog>
  )
}

function Search({ onPick }: { onPick(url: string): void }) {
  const [list, setList] = useState<readonly Neighbour[]>()
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const search = async (): Promise<void> => {
    setBusy(true)
    setProblem(undefined)
    try {
      setList((await onvif.search())?.devices ?? [])
    } catch (e) {
      setProblem(asProblem(e))
    } finally {
      setBusy(false)
    }
  }
  useEffect(() => void search(), [])
  const form = useForm({ url: '' }, v => ({ url: rules.required(v.url) }), async v => onPick(v.url.trim()))
  const off = problem?.code.startsWith('discovery_')
  return (
    <div class="pt-find">
      <section aria-busy={busy} aria-live="polite">
        {busy && <p class="row muted"><Icon name="connecting" />{t('find.searching')}</p>}
        {!busy && problem && (off ? <Notice icon="info">{problemText(problem)}</Notice> : <ProblemNotice problem={problem} />)}
        {!busy && list?.length === 0 && <p class="muted">{t('find.none')}</p>}
        {list && list.length > 0 && (
          <ul class="pt-found">
            {list.map(n => (
              <li key={n.url}>
                <span class="pt-what">
                  <b><bdi>{titleOf(n)}</bdi></b>
                  <span class="meta muted">{about(n)}<bdi dir="ltr">{n.address}</bdi></span>
                </span>
                {n.camera && <Chip>{t('find.added')}</Chip>}
                {n.denied ? <span class="meta muted">{t('find.denied')}</span> : <Button small onClick={() => onPick(n.url)}>{t('find.next')}</Button>}
              </li>
            ))}
          </ul>
        )}
        {!busy && !off && <Button kind="quiet" small icon="refresh" onClick={search}>{t('find.again')}</Button>}
      </section>
      <form onSubmit={form.onSubmit} noValidate class="pt-own">
        <TextField bound={form.bind('url')} label={t('find.address')} hint={t('find.address_hint')} placeholder="192.168.1.20" dir="ltr" inputMode="url" autoComplete="off" spellcheck={false} />
        <Button type="submit">{t('find.next')}</Button>
      </form>
    </div>
  )
}

const titleOf = (n: Neighbour): string => n.name || n.hardware || n.address

/** about is what tells a device from others of its name, before its address. */
const about = (n: Neighbour) => [n.hardware, n.location].filter(x => x && x !== titleOf(n)).map(x => <><bdi>{x}</bdi> · </>)

function Login({ asked, camera, onBack, onFound }: { asked: Asked; camera: string | undefined; onBack(): void; onFound(a: Asked, r: OnvifResult): void }) {
  const form = useForm<Asked>(asked, () => ({}), async v => {
    const r = await onvif.probe({ url: v.url, user: v.user.trim(), ...(v.password !== '' || !camera ? { password: v.password } : {}), camera })
    if (r) onFound({ ...v, user: v.user.trim() }, r)
  })
  const first = useRef<HTMLFormElement>(null)
  useEffect(() => first.current?.querySelector('input')?.focus(), [])
  return (
    <form ref={first} onSubmit={form.onSubmit} noValidate>
      <p class="muted">{t('find.login')} <bdi dir="ltr">{asked.url}</bdi></p>
      <div class="two">
        <TextField bound={form.bind('user')} label={t('camera.user')} optional dir="ltr" autoComplete="off" spellcheck={false} />
        <TextField bound={form.bind('password')} label={t('field.password')} optional type="password" dir="ltr" autoComplete="new-password" placeholder={camera ? t('camera.password_kept') : ''} />
      </div>
      {form.busy ? <p class="row muted" role="status"><Icon name="connecting" />{t('find.asking')}</p> : form.problem && <Notice tone="bad">{why(form.problem)}</Notice>}
      <div class="acts">
        <Button kind="primary" type="submit" busy={form.busy}>{t('find.ask')}</Button>
        <Button kind="quiet" onClick={onBack}>{t('find.other')}</Button>
      </div>
    </form>
  )
}

/** why is the reason as it reads while nothing runs yet. */
function why(p: Problem): string {
  const key = `probe.${p.code}`
  return hasText(key) ? t(key as Key) : problemText(p)
}

/** nameOf tells a stream by what makes it different. */
function nameOf(p: OnvifProfile): string {
  const size = p.width ? `${p.width} × ${p.height}` : ''
  return [p.name || p.token, size, p.codec.toUpperCase(), p.fps ? t('unit.fps', { n: Math.round(p.fps) }) : ''].filter(Boolean).join(', ')
}

function Streams({ found, onBack, onUse }: { found: OnvifResult; onBack(): void; onUse(main: string, sub: string): void }) {
  const form = useForm({ main: found.main, sub: found.sub }, v => ({ main: rules.required(v.main) }), async v => {
    const url = (token: string): string => found.profiles.find(p => p.token === token)?.url ?? ''
    onUse(url(v.main), v.sub === v.main ? '' : url(v.sub))
  })
  const options = found.profiles.map(p => ({ value: p.token, text: nameOf(p) }))
  return (
    <form onSubmit={form.onSubmit} noValidate>
      <div class="row pt-can">
        <b><bdi>{found.name || found.url}</bdi></b>
        {found.ptz && <Chip>{t('find.ptz')}</Chip>}
        {found.events && <Chip>{t('find.events')}</Chip>}
      </div>
      <SelectField bound={form.bind('main')} label={t('camera.main')} options={options} />
      <SelectField bound={form.bind('sub')} label={t('camera.sub')} hint={t('camera.sub_hint')} options={[{ value: '', text: t('find.no_sub') }, ...options]} />
      {found.moved && <Notice icon="info">{t('find.moved')}</Notice>}
      <div class="acts">
        <Button kind="primary" type="submit">{t('find.use')}</Button>
        <Button kind="quiet" onClick={onBack}>{t('find.back')}</Button>
      </div>
    </form>
  )
}
