import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { kiosk as api, kioskViewing, type Kiosk } from '../api/kiosk'
import { asProblem, type Problem } from '../api/problem'
import { active, setLanguage, t } from '../i18n/i18n'
import { reason } from '../i18n/reason'
import { duration } from '../i18n/time'
import { Icon } from '../kit/icons'
import { Backoff } from '../player/backoff'
import { Wire } from '../player/wire'
import { applyTheme } from '../state/session'
import { keepAwake } from './awake'
import { shiftAt, shiftEvery } from './burnin'
import { WallGrid } from './cells'
import { isPhone } from './device'
import { autoGrid, cells, oneFive, phone, type Grid } from './grid'
import { Dots } from './pager'
import { patrolOf } from './patrol'
import { Wall, type WallItem } from './wall'

/** What the screen shows where it shows no pictures. It is asked for again by itself; nobody is there to do it. */
type Standing = 'opening' | 'away' | 'busy' | 'ended' | 'gone' | 'never'

/** How often a screen that was ended asks whether it stands again, ms: an account may be active again. */
const askEnded = 60_000
/** A pointer that rests is hidden after this, ms. */
const restsAfter = 3000

/** itemsOf are a kiosk's cells as the wall wants them; a camera in several cells has several items. */
export function kioskItems(k: Pick<Kiosk, 'view'>): (WallItem | undefined)[] {
  const times = new Map<string, number>()
  return k.view.cells.map(c => {
    if (!c.camera) return undefined
    const n = (times.get(c.camera) ?? 0) + 1
    times.set(c.camera, n)
    return { camera: c.camera, name: c.name ?? '', sound: false, ...(n > 1 && { key: `${c.camera}#${n}` }) }
  })
}

/** kioskGrid is the page of a kiosk: its view's own, or what the number of cameras asks for. */
export function kioskGrid(k: Pick<Kiosk, 'view'>, narrow: boolean): Grid {
  const { rows, columns, layout, cells: all } = k.view
  const g = layout === '1+5' ? oneFive : rows > 0 && columns > 0 ? { rows, columns } : autoGrid(all.length)
  return narrow && cells(g) > 2 ? phone : g
}

const wasKey = 'sightline.kiosk'

/** wasScreen is whether this browser ever was a kiosk: its cookie is not for pages to see, and goes. */
export function wasScreen(): boolean {
  try {
    return localStorage.getItem(wasKey) !== null
  } catch {
    return false
  }
}

/** isScreen remembers that this browser is a kiosk. */
export function isScreen(): void {
  try {
    localStorage.setItem(wasKey, '1')
  } catch {
    // a browser that keeps nothing says "not yet" where it could say "ended"
  }
}

/** standingOf is what is said about a refusal, if nothing better is known of the screen: `was` is what it says now. */
export function standingOf(p: Problem, was: Standing, screen: boolean): Standing {
  if (p.status === 401) return was === 'gone' ? was : screen ? 'ended' : 'never'
  if (p.status === 429) return 'busy'
  return was === 'opening' || was === 'busy' ? 'away' : was
}

/**
 * exchange trades an address for what the screen shows. Where too many guesses
 * came from this network the server looks at no address for a while: the screen
 * that has opened it before is known by its cookie still.
 */
async function exchange(secret: string): Promise<Kiosk> {
  try {
    return await api.exchange(secret)
  } catch (e) {
    if (asProblem(e).status !== 429) throw e
    return api.get().catch(() => { throw e })
  }
}

/**
 * KioskPage is a screen on a wall: pictures and nothing else. It asks for
 * nothing, takes no input, and comes back by itself from whatever happens.
 */
export function KioskPage() {
  const [kiosk, setKiosk] = useState<Kiosk>()
  const [standing, setStanding] = useState<Standing>('opening')
  const [wait, setWait] = useState<number>()
  const wire = useMemo(() => new Wire(kioskViewing.socket), [])
  const asks = useRef({ again() {}, ended() {} })
  const retry = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  const backoff = useMemo(() => new Backoff(), [])

  useEffect(() => {
    let over = false
    let secret = location.hash.slice(1)
    const ask = async (): Promise<void> => {
      clearTimeout(retry.current)
      let again: number | undefined
      try {
        const k = secret ? await exchange(secret) : await api.get()
        if (over) return
        // The address stays as it was made in the screen's own settings; here it has done its work.
        if (secret) history.replaceState(null, '', '/kiosk')
        secret = ''
        applyTheme(k.theme)
        await setLanguage(k.language).catch(() => {})
        backoff.reset()
        isScreen()
        setKiosk(k)
      } catch (e) {
        const p = asProblem(e)
        if (over) return
        if (p.status === 410 && secret) {
          // Used or run out; perhaps by this very screen, whose cookie then still opens it.
          secret = ''
          again = 0
          setStanding('gone')
        } else if (p.status === 401) {
          setKiosk(undefined)
          setStanding(s => standingOf(p, s, wasScreen()))
          again = askEnded
        } else {
          setStanding(s => standingOf(p, s, wasScreen()))
          setWait(p.retryAfter)
          again = Math.max(backoff.next(), (p.retryAfter ?? 0) * 1000)
        }
      }
      if (again !== undefined && !over) retry.current = setTimeout(() => void ask(), again)
    }
    asks.current = {
      again: () => void ask(),
      ended: () => {
        setKiosk(undefined)
        setStanding('ended')
        retry.current = setTimeout(() => void ask(), askEnded)
      },
    }
    void ask()
    return () => {
      over = true
      clearTimeout(retry.current)
    }
  }, [])

  const shows = kiosk !== undefined
  useEffect(() => {
    if (!shows) return
    let first = true
    wire.start({
      up: () => {
        if (!first) asks.current.again() // what was said meanwhile was not heard
        first = false
      },
      down: opened => { if (!opened) asks.current.again() }, // refused: ask whether the kiosk still stands
      stop: () => asks.current.ended(),
      message: m => { if (m.type === 'changed') asks.current.again() },
    })
    return () => wire.stop()
  }, [shows])
  useEffect(() => keepAwake(), [])
  useEffect(() => {
    document.title = kiosk ? kiosk.name : 'Sightline'
  }, [kiosk?.name, active.value.lang])

  return (
    <Shifted>
      {kiosk ? <KioskWall kiosk={kiosk} wire={wire} onEnded={() => asks.current.again()} /> : <Says standing={standing} wait={wait} />}
    </Shifted>
  )
}

function KioskWall({ kiosk, wire, onEnded }: { kiosk: Kiosk; wire: Wire; onEnded(): void }) {
  const wall = useMemo(() => new Wall({ api: kioskViewing, send: wire.send, reached: wire.reached, clock: wire.clock }), [])
  const patrol = patrolOf(wall)
  useEffect(() => {
    const off = wire.listen({ up: () => wall.up(), message: m => wall.receive(m) })
    return () => {
      off()
      wall.dispose()
    }
  }, [wall])
  useEffect(() => patrol.use(), [patrol])
  const narrow = isPhone.value
  useEffect(() => {
    const items = kioskItems(kiosk)
    const g = kioskGrid(kiosk, narrow)
    wall.show(cells(g) < items.length ? items.filter(i => i !== undefined) : items, g)
    patrol.setSeconds(kiosk.patrol_s)
    patrol.set(true)
  }, [kiosk, narrow])
  useEffect(() => {
    // What the server lost was lost for everybody; a screen says so by its tiles, and goes on.
    if (wall.problem.value?.status === 401) onEnded()
  }, [wall.problem.value])
  const n = wall.pages.value
  return (
    <main id="main" class="wall ops-kiosk">
      <h1 class="vh">{kiosk.view.name || t('wall.all_cameras')}</h1>
      {kiosk.view.cells.every(c => !c.camera)
        ? <Says standing="opening" text={t('kiosk.empty')} />
        : <WallGrid wall={wall} zone={kiosk.zone || 'UTC'} shortcuts={false} mine={() => false} shared={() => false} onHelp={() => {}} />}
      {n > 1 && <div class="ops-pages"><Dots at={Math.min(wall.page.value, n - 1)} n={n} patrol={patrol} /></div>}
    </main>
  )
}

/** Says is what stands on the screen without pictures: what happened and what comes next. */
function Says({ standing, text, wait }: { standing: Standing; text?: string; wait?: number | undefined }) {
  if (standing === 'opening' && !text) return <main id="main" class="ops-says"><h1 class="vh">Sightline</h1></main>
  const body = { opening: '', away: t('kiosk.away_text'), busy: wait ? t('error.retry_in', { time: duration(wait * 1000) }) : '', ended: t('kiosk.ended_text'), gone: t('kiosk.gone_text'), never: t('kiosk.never_text') }
  const head = { opening: text ?? '', away: t('kiosk.away'), busy: reason('rate_limited'), ended: t('kiosk.ended'), gone: t('kiosk.gone'), never: t('kiosk.never') }
  const inside = (
    <div>
      <Icon name={standing === 'away' ? 'reconnecting' : standing === 'busy' ? 'wait' : standing === 'opening' ? 'camera' : standing === 'never' ? 'screen' : 'exit'} />
      {text ? <p class="h">{text}</p> : <h1>{head[standing]}</h1>}
      {body[standing] && <p role="status">{body[standing]}</p>}
    </div>
  )
  return text ? <div class="ops-says">{inside}</div> : <main id="main" class="ops-says">{inside}</main>
}

/** Shifted moves everything by two pixels every ten minutes, and hides a pointer that rests. */
function Shifted({ children }: { children: preact.ComponentChildren }) {
  const [step, turn] = useState(0)
  const [rests, setRests] = useState(true)
  useEffect(() => {
    const timer = setInterval(() => turn(n => n + 1), shiftEvery)
    return () => clearInterval(timer)
  }, [])
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>
    const move = (): void => {
      setRests(false)
      clearTimeout(timer)
      timer = setTimeout(() => setRests(true), restsAfter)
    }
    addEventListener('pointermove', move)
    return () => {
      clearTimeout(timer)
      removeEventListener('pointermove', move)
    }
  }, [])
  const [x, y] = shiftAt(step)
  return <div class={`app ops-screen${rests ? ' ops-rests' : ''}`} data-step={step} style={{ transform: `translate(${x}px, ${y}px)` }}>{children}</div>
}
