import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { accountViewing, cameras as cameraAPI, views as viewAPI } from '../api/api'
import type { Camera, View } from '../api/wire'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { Empty, Failed } from '../kit/blocks'
import { Button } from '../kit/button'
import { Icon } from '../kit/icons'
import { later } from '../kit/later'
import { Menu } from '../kit/menu'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { listen, serverClock, tell } from '../state/events'
import { account, zone } from '../state/session'
import { isPhone } from '../wall/device'
import { WallGrid } from '../wall/cells'
import { desk, phone } from '../wall/grid'
import { Help } from '../wall/help'
import { Pager } from '../wall/pager'
import { Summary } from '../wall/summary'
import { Wall, type WallItem } from '../wall/wall'

const GiveAccess = later<{ camera: Camera; onClose(): void }>(() => import('../share/dialog').then(m => m.GiveAccess))

export function WallScreen() {
  const cams = useResource(() => cameraAPI.list().then(r => r.cameras), ['cameras'])
  const views = useResource(() => viewAPI.list().then(r => r.views), ['views'])
  const [chosen, choose] = useState<string>()
  const [help, setHelp] = useState(false)
  const [sharing, share] = useState<string>()
  const wall = useMemo(() => new Wall({ api: accountViewing, send: tell, clock: serverClock }), [])
  useEffect(() => {
    const stop = listen({ up: () => wall.up(), message: m => wall.receive(m) })
    return () => {
      stop()
      wall.dispose()
    }
  }, [wall])

  const list = cams.data
  const view = pick(views.data, chosen, isPhone.value)
  const shownFor = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (!list || (!views.data && !views.problem)) return
    const items = itemsOf(view, list)
    // A camera that is taken away keeps its cell, which says why: the others never move by it.
    wall.items.value = !view && shownFor.current === 'all' ? keep(wall.items.peek(), items) : items
    shownFor.current = view?.id ?? 'all'
    wall.setGrid(isPhone.value ? phone : view ? { rows: view.rows, columns: view.columns } : desk)
  }, [list, views.data, views.problem, view, isPhone.value])

  if (!list && cams.problem) return <main id="main" class="main"><h1>{t('wall.title')}</h1><Failed problem={cams.problem} retry={cams.reload} /></main>
  if (list && list.length === 0) {
    return (
      <main id="main" class="main narrow">
        <h1>{t('wall.title')}</h1>
        <Empty title={t('wall.no_cameras')}>
          <a class="btn primary" href="/cameras/new"><Icon name="plus" />{t('cameras.add')}</a>
        </Empty>
      </main>
    )
  }

  const byId = new Map((list ?? []).map(c => [c.id, c]))
  const problem = wall.problem.value
  const shared = sharing === undefined ? undefined : byId.get(sharing)
  return (
    <main id="main" class="wall">
      <h1 class="vh">{t('wall.title')}</h1>
      <div class="tools">
        <ViewMenu views={views.data ?? []} view={view} choose={choose} />
        <span class="only-desk"><Pager wall={wall} /></span>
        <span class="sp" />
        <Summary wall={wall} />
        <span class="vr only-desk" />
        <span class="row only-desk"><WallActs wall={wall} onHelp={() => setHelp(true)} /></span>
      </div>
      {problem && <Notice tone="warn" live>{problemText(problem)}</Notice>}
      <WallGrid
        wall={wall}
        zone={zone.value}
        shortcuts={account.value?.shortcuts ?? true}
        mine={c => byId.get(c)?.mine ?? false}
        shared={c => byId.get(c)?.shared ?? false}
        onShare={share}
        onHelp={() => setHelp(true)}
      />
      <div class="thumb">
        <Pager wall={wall} large />
        <div class="row"><WallActs wall={wall} onHelp={() => setHelp(true)} large /></div>
      </div>
      {help && <Help onClose={() => setHelp(false)} />}
      {shared && <GiveAccess camera={shared} onClose={() => share(undefined)} />}
    </main>
  )
}

function WallActs({ wall, onHelp, large }: { wall: Wall; onHelp(): void; large?: boolean }) {
  const on = wall.soundOn.value
  const any = wall.items.value.some(i => i?.sound)
  return (
    <>
      {any && (
        <Button kind={large ? 'plain' : 'quiet'} small={!large} extra="grow" icon={on ? 'sound' : 'mute'} pressed={on} onClick={() => { wall.soundOn.value = !on }}>
          {on ? t('wall.sound_is_on') : t('wall.sound_is_off')}
        </Button>
      )}
      {!large && <Button kind="quiet" small bare icon="keyboard" onClick={onHelp}>{t('keys.title')}</Button>}
      {document.fullscreenEnabled && (
        <Button kind={large ? 'plain' : 'quiet'} small={!large} bare={!large} extra="grow" icon="full" onClick={fullScreen}>{t('wall.full_window')}</Button>
      )}
    </>
  )
}

function ViewMenu({ views, view, choose }: { views: readonly View[]; view: View | undefined; choose(id: string): void }) {
  const name = nameOf(view)
  if (views.length === 0) return <span class="view"><bdi>{name}</bdi></span>
  return (
    <Menu
      label={t('wall.view', { name })}
      cls="view"
      button={<><bdi>{name}</bdi><Icon name="down" small /></>}
      items={[
        ...views.map(v => ({ text: <bdi>{nameOf(v)}</bdi>, checked: v.id === view?.id, act: () => choose(v.id) })),
        { text: t('wall.all_cameras'), checked: !view, act: () => choose('all') },
      ]}
    />
  )
}

/** nameOf is what a view is called; the one an account begins with (row R90) has no name of its own. */
export function nameOf(view: Pick<View, 'name'> | undefined): string {
  if (!view) return t('wall.all_cameras')
  return view.name || t('wall.first_camera')
}

/** fullScreen shows the wall without the browser around it. */
function fullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen()
  else document.querySelector('.wall')?.requestFullscreen().catch(() => {})
}

/** pick is the chosen view, else the default of this kind of device, else the first; "all" is none. */
function pick(views: readonly View[] | undefined, chosen: string | undefined, onPhone: boolean): View | undefined {
  if (!views || chosen === 'all') return undefined
  const device = onPhone ? 'phone' : 'desktop'
  return views.find(v => v.id === chosen) ?? views.find(v => v.default_for?.includes(device)) ?? views[0]
}

/** keep is the new list with what vanished from it left where it was. */
export function keep(before: readonly (WallItem | undefined)[], now: readonly (WallItem | undefined)[]): (WallItem | undefined)[] {
  const out = [...now]
  for (const [i, item] of before.entries()) {
    if (item && !out.some(x => x?.camera === item.camera)) out.splice(Math.min(i, out.length), 0, item)
  }
  return out
}

/** itemsOf resolves a view's cells: a camera, or the n-th of the account's order. */
function itemsOf(view: View | undefined, list: readonly Camera[]): (WallItem | undefined)[] {
  const sorted = [...list].sort((a, b) => a.order - b.order)
  const item = (c: Camera | undefined): WallItem | undefined => c && { camera: c.id, name: c.name, sound: c.sound && (c.state?.audio ?? false) }
  if (!view) return sorted.map(item)
  const seen = new Set<string>()
  return view.cells.map(cell => {
    // A camera that the list lacks is one the viewer may not see: the server says so in the tile (row R99).
    const known = cell.camera ? list.find(c => c.id === cell.camera) : cell.any ? sorted[cell.any - 1] : undefined
    const found = item(known) ?? (cell.camera ? { camera: cell.camera, name: '', sound: false } : undefined)
    if (!found || seen.has(found.camera)) return undefined
    seen.add(found.camera)
    return found
  })
}
