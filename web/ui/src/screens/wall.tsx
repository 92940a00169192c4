import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { accountViewing, cameras as cameraAPI, views as viewAPI } from '../api/api'
import type { Camera, View } from '../api/wire'
import { archivePage } from '../archive/api'
import { t } from '../i18n/i18n'
import { problemText } from '../i18n/reason'
import { Empty, Failed } from '../kit/blocks'
import { Button } from '../kit/button'
import { Chip } from '../kit/chip'
import { Icon } from '../kit/icons'
import { later } from '../kit/later'
import { Notice } from '../kit/notice'
import { useResource } from '../kit/resource'
import { go } from '../kit/router'
import { toast } from '../kit/toast'
import { wire } from '../state/events'
import { account, zone } from '../state/session'
import { chooseView, chosenView, gridHere, setGridHere, viewHere } from '../views/here'
import { LayoutPick } from '../views/layout'
import { opensOn, ViewMenu } from '../views/menu'
import { byName, every, gridFor, itemsOf, keep, leftOut, nameOf, pick, type Device } from '../views/resolve'
import { focusWall, WallGrid } from '../wall/cells'
import { isPhone } from '../wall/device'
import { cells } from '../wall/grid'
import { Operate } from '../wall/operate'
import { Pager } from '../wall/pager'
import { Summary } from '../wall/summary'
import { Unheard } from '../wall/unheard'
import { Wall } from '../wall/wall'

const GiveAccess = later<{ camera: Camera; onClose(): void }>(() => import('../share/dialog').then(m => m.GiveAccess))
const Editor = later(() => import('../views/editor').then(m => m.Editor))
const Manage = later(() => import('../views/manage').then(m => m.Manage))

/** Which of the dialogs about views is open. */
type Open = { what: 'manage' } | { what: 'editor'; view: Parameters<typeof Editor>[0]['view'] }

export function WallScreen() {
  const cams = useResource(() => cameraAPI.list().then(r => r.cameras), ['cameras'])
  const views = useResource(() => viewAPI.list().then(r => byName(r.views)), ['views'])
  const [dialog, setDialog] = useState<'help' | 'kiosk'>()
  const [sharing, share] = useState<string>()
  const [open, setOpen] = useState<Open>()
  const wall = useMemo(() => new Wall({ api: accountViewing, send: wire.send, reached: wire.reached, clock: wire.clock }), [])
  useEffect(() => {
    const stop = wire.listen({ up: () => wall.up(), message: m => wall.receive(m) })
    return () => {
      stop()
      wall.dispose()
    }
  }, [wall])

  const list = cams.data
  const onPhone = isPhone.value
  const device: Device = onPhone ? 'phone' : 'desktop'
  // The view is found once and stays when the window changes: turning a phone changes the grid, not what is watched.
  const opened = useRef<string | undefined>(undefined)
  if (views.data) opened.current = pick(views.data, chosenView() ?? opened.current, viewHere(device), device)
  const view = views.data?.find(v => v.id === opened.current)
  const choose = (id: string): void => {
    opened.current = id
    chooseView(id)
  }
  const layout = gridHere(device)
  const shownFor = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (!list || (!views.data && !views.problem)) return
    const which = view?.id ?? every
    const all = itemsOf(view, list)
    // A camera that is taken away keeps its cell, which says why: the others never move by it.
    const items = !view && shownFor.current === every ? keep(wall.items.peek(), all) : all
    const g = gridFor(view, onPhone, items.length, layout)
    if (shownFor.current !== undefined && shownFor.current !== which) wall.page.value = 0
    // On a phone's pages of two, cells that hold nothing would be empty pages.
    wall.show(view && cells(g) < items.length ? items.filter(i => i !== undefined) : items, g)
    shownFor.current = which
  }, [list, views.data, views.problem, view, onPhone, layout?.rows, layout?.columns, layout?.big])
  useSwitchKeys(views.data, choose)

  if (!list && cams.problem) return <main id="main" class="main"><h1>{t('wall.title')}</h1><Failed problem={cams.problem} retry={cams.reload} /></main>
  if (list && list.length === 0 && !view?.cells.some(c => c.camera)) {
    return (
      <main id="main" class="main narrow">
        <h1>{t('wall.title')}</h1>
        <Empty title={t('wall.no_cameras')}>
          <a class="btn primary" href="/cameras/new"><Icon name="plus" />{t('cameras.add')}</a>
        </Empty>
      </main>
    )
  }

  // What a view of one's own holds, if anything: a bare cell would say nothing.
  const nothing = view !== undefined && list !== undefined && !itemsOf(view, list).some(i => i !== undefined)
  const byId = new Map((list ?? []).map(c => [c.id, c]))
  const problem = wall.problem.value
  const shared = sharing === undefined ? undefined : byId.get(sharing)
  const chip = opensOn(view, device)
  const out = leftOut(view, list ?? [])
  // The recordings of what this view shows, in sync.
  const recorded = [...new Set(itemsOf(view, list ?? []).flatMap(i => (i && byId.get(i.camera)?.archive ? [i.camera] : [])))].slice(0, 16)
  const arrange = (v: View | undefined): void => setOpen({ what: 'editor', view: v ?? blank(list ?? []) })
  return (
    <main id="main" class="wall">
      <h1 class="vh">{t('wall.title')}</h1>
      <div class="tools">
        {/* Not before its entries are known: views that come late would move them under the pointer. */}
        {(views.data || views.problem) && <ViewMenu views={views.data ?? []} view={view} device={device} choose={id => { choose(id); focusWall() }} onArrange={() => arrange(view)} onNew={() => arrange(undefined)} onManage={() => setOpen({ what: 'manage' })} />}
        {chip && <span class="vw-wide"><Chip>{chip}</Chip></span>}
        {!view && views.data && <LayoutPick value={layout} onChange={g => setGridHere(device, g)} />}
        <span class="only-desk"><Pager wall={wall} view={view?.id} /></span>
        {out > 0 && <button type="button" class="vw-out" onClick={() => { choose(every); focusWall() }}>{t('views.left_out', { n: out })}</button>}
        <span class="sp" />
        <Unheard wall={wall} mine={c => byId.get(c)?.mine ?? false} />
        <Summary wall={wall} />
        <span class="vr only-desk" />
        <span class="row only-desk">
          <WallActs wall={wall} onHelp={() => setDialog('help')} onKiosk={() => setDialog('kiosk')} />
          {recorded.length > 0 && <Button kind="quiet" small bare icon="archive" onClick={() => go(archivePage(recorded))}>{t('archive.title')}</Button>}
          {view && <Button kind="quiet" small icon="grid" extra="vw-arrange" onClick={() => arrange(view)}>{t('views.arrange')}</Button>}
        </span>
      </div>
      {problem && <Notice tone="warn" live>{problemText(problem)}</Notice>}
      {nothing ? <div class="stage"><Empty title={t('views.nothing')}><Button kind="primary" icon="grid" onClick={() => arrange(view)}>{t('views.arrange')}</Button></Empty></div> : <WallGrid
        wall={wall}
        zone={zone.value}
        shortcuts={account.value?.shortcuts ?? true}
        mine={c => byId.get(c)?.mine ?? false}
        shared={c => byId.get(c)?.shared ?? false}
        onShare={share}
        onHelp={() => setDialog('help')}
      />}
      <div class="thumb">
        <Pager wall={wall} large view={view?.id} />
        <div class="row"><WallActs wall={wall} onHelp={() => setDialog('help')} large /></div>
      </div>
      <Operate wall={wall} cameras={list ?? []} view={view} dialog={dialog} open={setDialog} />
      {shared && <GiveAccess camera={shared} onClose={() => share(undefined)} />}
      {open?.what === 'manage' && (
        <Manage views={views.data ?? []} device={device} onArrange={arrange} onNew={() => arrange(undefined)} onDeleted={v => toast(t('views.deleted', { name: nameOf(v) }))} onClose={() => setOpen(undefined)} />
      )}
      {open?.what === 'editor' && (
        <Editor
          view={open.view}
          list={list ?? []}
          onSaved={v => {
            views.put(byName([...(views.data ?? []).filter(o => o.id !== v.id && o.version > 0), v]))
            choose(v.id)
            setOpen(undefined)
            toast(t('views.saved', { name: v.name }))
          }}
          onClose={() => setOpen(undefined)}
        />
      )}
    </main>
  )
}

/** blank is what a new view begins with: two by three, filled with the first cameras. */
function blank(list: readonly Camera[]): Parameters<typeof Editor>[0]['view'] {
  return { name: '', rows: 2, columns: 3, layout: 'grid', cells: list.slice(0, 6).map(c => ({ camera: c.id })), default_for: [] }
}

/** useSwitchKeys: Alt+1 to Alt+9 choose a view by its place in the menu. */
function useSwitchKeys(views: readonly View[] | undefined, choose: (id: string) => void): void {
  const latest = useRef({ views, choose })
  latest.current = { views, choose }
  useEffect(() => {
    const down = (e: KeyboardEvent): void => {
      if (!e.altKey || e.ctrlKey || e.metaKey || e.shiftKey || !(account.peek()?.shortcuts ?? true)) return
      if ((e.target as Element).closest('input, textarea, select, dialog')) return
      const n = /^Digit([1-9])$/.exec(e.code)?.[1]
      const found = n && latest.current.views?.[Number(n) - 1]
      if (!found) return
      e.preventDefault()
      latest.current.choose(found.id)
    }
    addEventListener('keydown', down)
    return () => removeEventListener('keydown', down)
  }, [])
}

function WallActs({ wall, onHelp, onKiosk, large }: { wall: Wall; onHelp(): void; onKiosk?(): void; large?: boolean }) {
  const on = wall.soundOn.value
  const any = wall.items.value.some(i => i?.sound)
  return (
    <>
      {any && (
        <Button kind={large ? 'plain' : 'quiet'} small={!large} extra="grow" icon={on ? 'sound' : 'mute'} pressed={on} onClick={() => { wall.soundOn.value = !on }}>
          {on ? t('wall.sound_is_on') : t('wall.sound_is_off')}
        </Button>
      )}
      {onKiosk && <Button kind="quiet" small bare icon="screen" onClick={onKiosk}>{t('kiosk.new')}</Button>}
      {!large && <Button kind="quiet" small bare icon="keyboard" onClick={onHelp}>{t('keys.title')}</Button>}
      {document.fullscreenEnabled && (
        <Button kind={large ? 'plain' : 'quiet'} small={!large} bare={!large} extra="grow" icon="full" onClick={fullScreen}>{t('wall.full_window')}</Button>
      )}
    </>
  )
}

/** fullScreen shows the wall without the browser around it. */
function fullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen()
  else document.querySelector('.wall')?.requestFullscreen().catch(() => {})
}
