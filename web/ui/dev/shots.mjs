// Takes a picture of every screen, at a desk and on a phone, dark and light,
// in English and Arabic, with invented answers; runs axe on each; fails on any
// page error. Usage: npm run build && node dev/shots.mjs [folder] [filter]
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cut } from './cut.mjs'
import { axe } from './axe.mjs'
import { launch } from './browser.mjs'
import { account, ago, ahead, answer, states, tiles, visit } from './fake.mjs'
import { fakeRTC } from './fakertc.mjs'
import { shareScreens } from './screens-share.mjs'
import { answerGallery } from './fake-gallery.mjs'
import { galleryScreens } from './screens-gallery.mjs'
import { usageScreens } from './screens-usage.mjs'
import { serve } from './static.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const out = process.argv[2] ?? join(here, '../../../test-output/shots')
const filter = process.argv[3] ?? ''
mkdirSync(out, { recursive: true })

const me = () => ({ account: account() })
const screens = [
  ...shareScreens,
  ...galleryScreens,
  ...usageScreens,
  { name: 'wall', path: '/', world: me, wait: '.tile.live' },
  { name: 'wall-states', path: '/', world: () => ({ ...me(), states }), frozen: [1], wait: '.tile.stalled' },
  { name: 'wall-full', path: '/', world: me, wait: '.tile.live', act: async p => { await p.keyboard.press('2'); await p.keyboard.press('f'); await p.waitForTimeout(300) } },
  { name: 'wall-help', path: '/', world: me, wait: '.tile.live', act: p => p.keyboard.press('?') },
  { name: 'wall-empty', path: '/', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'wall-away', path: '/', world: () => ({ ...me(), away: true }), wait: '.line' },
  { name: 'more-states', path: '/', world: () => ({ ...me(), states: {
    c1: { state: 'connecting' }, c2: { state: 'off', reason: 'camera_off', since: ago(900) }, c3: { state: 'restricted', camera: undefined }, c4: { state: 'ended', reason: 'revoked' },
    c5: { state: 'throttled', reason: 'throttled_hours', until: ahead(7800) }, c6: { state: 'frozen', reason: 'frozen_idle' } } }), wait: '.tile.off', settle: 1500 },
  { name: 'cameras', path: '/cameras', world: me, wait: '.tb' },
  { name: 'cameras-empty', path: '/cameras', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'cameras-loading', path: '/cameras', world: () => ({ ...me(), slow: true }), wait: '.skeleton', settle: 600 },
  { name: 'camera-new-errors', path: '/cameras/new', world: me, wait: 'form.camera', act: async p => { await p.fill('[name=main]', 'http://camera'); await p.click('button[type=submit]') } },
  { name: 'camera-wrong', path: '/cameras/new', world: me, wait: 'form.camera', act: async p => {
    await p.fill('[name=name]', 'Gate'); await p.fill('[name=main]', 'rtsp://viewer:bad@192.168.1.20:554/stream1'); await p.fill('[name=sub]', 'rtsp://192.168.1.20:554/stream2')
    await p.click('.acts .btn:nth-child(2)'); await p.waitForSelector('.layer') } },
  { name: 'camera-edit', path: '/cameras/c1', world: me, wait: 'form.camera', act: async p => { await p.click('.acts .btn:nth-child(2)'); await p.waitForSelector('.layer') } },
  { name: 'camera-remove', path: '/cameras/c1', world: me, wait: 'form.camera', act: p => p.click('.acts .danger') },
  { name: 'links', path: '/settings/sharing', world: me, wait: '.new-link' },
  { name: 'links-errors', path: '/settings/sharing', world: me, wait: '.new-link', act: async p => { await p.fill('.new-link [name=name]', 'x'); await p.fill('.new-link [name=name]', ''); await p.click('.new-link button[type=submit]') } },
  { name: 'links-made', path: '/settings/sharing', world: me, wait: '.new-link', act: async p => { await p.fill('.new-link [name=name]', 'Night'); await p.click('.ticks label'); await p.click('[name=acknowledge_risk]'); await p.click('.new-link button[type=submit]'); await p.waitForSelector('dialog') } },
  { name: 'links-remove', path: '/settings/sharing', world: me, wait: '.tb', act: async p => { await p.click('.tb .danger') } },
  { name: 'links-empty', path: '/settings/sharing', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'shared', path: '/cameras/shared', world: me, wait: '.offer' },
  { name: 'shared-accepted', path: '/cameras/shared', world: me, wait: '.offer', act: async p => { await p.click('.offer .primary'); await p.click('.rejected button'); await p.waitForTimeout(200) } },
  { name: 'shared-empty', path: '/cameras/shared', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'offers-panel', path: '/', world: me, wait: '.tile.live', act: async p => { await p.click('.offers'); await p.waitForSelector('.offer') } },
  { name: 'temporary', path: '/settings/temporary', world: me, wait: '.tb' },
  { name: 'temporary-empty', path: '/settings/temporary', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'link-visits', path: '/settings/temporary', world: me, wait: '.tb', act: async p => { await p.click('.tb .col-acts > .btn.quiet:nth-last-child(2)'); await p.waitForSelector('dialog .tb') } },
  { name: 'people', path: '/settings/people', world: me, wait: '.given' },
  { name: 'people-revoke', path: '/settings/people', world: me, wait: '.given', act: p => p.click('.given .danger') },
  { name: 'groups', path: '/settings/groups', world: me, wait: '.tb', act: async p => { await p.fill('[name=code]', 'nonsense'); await p.click('form.inline [type=submit]'); await p.waitForSelector('.err') } },
  { name: 'groups-empty', path: '/settings/groups', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'groups-new', path: '/settings/groups', world: me, wait: '.tb', act: p => p.click('.head .primary') },
  { name: 'group', path: '/settings/groups/G1', world: me, wait: '.tb' },
  { name: 'group-viewer', path: '/settings/groups/G2', world: me, wait: '.tb' },
  { name: 'group-code', path: '/settings/groups/G1', world: me, wait: '.tb', act: async p => { await p.click('[aria-labelledby=codes] .head .btn'); await p.click('dialog [type=submit]'); await p.waitForSelector('.secret') } },
  { name: 'group-invite', path: '/settings/groups/G1', world: me, wait: '.tb', act: p => p.click('[aria-labelledby=codes] .head .btn:last-child') },
  { name: 'group-camera', path: '/settings/groups/G1', world: me, wait: '.tb', act: async p => { await p.click('[aria-labelledby=cameras] .head .btn') } },
  { name: 'group-leave', path: '/settings/groups/G1', world: me, wait: '.tb', act: p => p.click('.main > .head .btn:nth-last-child(2)') },
  { name: 'group-leave-delete', path: '/settings/groups/G1', world: me, wait: '.tb', act: async p => { await p.click('.main > .head .btn:nth-last-child(2)'); await p.click('dialog .danger') } },
  { name: 'audit', path: '/settings/audit', world: me, wait: '.tb' },
  { name: 'notices', path: '/notices', world: me, wait: '.notices' },
  { name: 'notices-empty', path: '/notices', world: () => ({ ...me(), empty: true }), wait: '.empty' },
  { name: 'notices-settings', path: '/settings/notices', world: me, wait: '.no-mute', full: true },
  { name: 'camera-told', path: '/cameras/c3', world: me, wait: '#told', full: true },
  { name: 'camera-given', path: '/cameras/c10', world: me, wait: '.one' },
  { name: 'closing', path: '/settings/account', world: me, wait: '.btn.edge', act: async p => { await p.click('.btn.edge'); await p.waitForSelector('.ends') } },
  { name: 'account', path: '/settings/account', world: me, wait: '.tb' },
  { name: 'instance', path: '/settings/instance', world: me, wait: '.facts' },
  { name: 'instance-accounts', path: '/settings/instance', world: me, wait: '.facts', act: async p => { await p.click('[role=tab]:nth-child(3)'); await p.waitForSelector('.tb'); await p.click('.tb tr:nth-child(2) .menu-root button') } },
  { name: 'instance-invitations', path: '/settings/instance', world: me, wait: '.facts', act: async p => { await p.click('[role=tab]:nth-child(4)'); await p.waitForSelector('.tb') } },
  { name: 'instance-storage', path: '/settings/instance/storage', world: me, wait: '.st', full: true },
  { name: 'instance-storage-trouble', path: '/settings/instance/storage', world: () => ({ ...me(), trouble: true }), wait: '.st', full: true },
  { name: 'instance-storage-off', path: '/settings/instance/storage', world: () => ({ ...me(), empty: true }), wait: '.st' },
  { name: 'instance-storage-away', path: '/settings/instance/storage', world: () => ({ ...me(), away: true }), wait: '.failed' },
  { name: 'signin', path: '/signin', world: () => ({}), wait: 'form' },
  { name: 'signin-language', path: '/signin', world: () => ({}), wait: 'form', act: p => p.click('.bar .menu-root button') },
  { name: 'signin-wrong', path: '/signin', world: () => ({}), wait: 'form', act: async p => { await p.fill('[name=email]', 'a@b.cd'); await p.fill('[name=password]', 'x'); await p.click('[type=submit]'); await p.waitForSelector('.notice') } },
  { name: 'setup', path: '/setup', world: () => ({ setup: true }), wait: 'form' },
  { name: 'setup-account', path: '/setup', world: () => ({ setup: true }), wait: 'form', act: async p => { await p.fill('[name=code]', 'ABCD'); await p.click('[type=submit]'); await p.waitForSelector('[name=networks]') } },
  { name: 'invite', path: '/invite#tok', world: () => ({}), wait: 'form' },
  { name: 'invite-used', path: '/invite#old', world: () => ({}), wait: '.notice' },
  { name: 'reset', path: '/reset', world: () => ({ mail: true }), wait: 'form' },
  { name: 'reset-new', path: '/reset#tok', world: () => ({}), wait: 'form' },
  { name: 'verify', path: '/verify#tok', world: () => ({}), wait: '.notice' },
  { name: 'guest', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, until: ahead(5000) }) }), wait: '.tile.live' },
  { name: 'guest-slowed', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'throttled', until: ahead(7800) }), states: Object.fromEntries([1, 2, 3, 4, 5, 6].map(i => [`c${i}`, { state: 'throttled', until: ahead(7800) }])) }), wait: '.tile.throttled', settle: 800 },
  { name: 'guest-language', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, until: ahead(5000) }) }), wait: '.tile.live', act: p => p.click('.bar .menu-root button') },
  { name: 'guest-notyet', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'not_yet', until: ahead(8760) }) }), wait: '.gst' },
  { name: 'guest-paused', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'paused', since: ago(1020) }) }), wait: '.gst' },
  { name: 'guest-paused-plan', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'paused', reason: 'link_paused_plan', since: ago(1020) }) }), wait: '.gst' },
  { name: 'guest-stopped', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'ended', reason: 'stopped_by_owner', since: ago(20) }) }), wait: '.gst' },
  { name: 'guest-password', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'password_required', reason: 'password_required', cameras: [] }) }), wait: '.gst' },
  { name: 'guest-password-wrong', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'password_required', cameras: [] }) }), wait: '.gst', act: async p => { await p.fill('[name=password]', 'x'); await p.click('[type=submit]'); await p.waitForSelector('.err') } },
  { name: 'guest-ended', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, state: 'ended', since: ago(9000) }) }), wait: '.gst' },
  { name: 'guest-gone', path: '/s#secret', guest: true, world: () => ({}), wait: '.gst' },
  { name: 'guest-removed', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l }), remove: true }), wait: '.gst' },
]
const variants = [
  { id: 'desk-dark', size: { width: 1440, height: 900 }, theme: 'dark', lang: 'en' },
  { id: 'desk-light', size: { width: 1440, height: 900 }, theme: 'light', lang: 'en' },
  { id: 'phone-dark', size: { width: 390, height: 844 }, theme: 'dark', lang: 'en' },
  { id: 'phone-light', size: { width: 390, height: 844 }, theme: 'light', lang: 'uk' },
  { id: 'desk-ar', size: { width: 1440, height: 900 }, theme: 'dark', lang: 'ar' },
  { id: 'phone-ar', size: { width: 390, height: 844 }, theme: 'dark', lang: 'ar' },
  { id: 'phone-de', size: { width: 390, height: 844 }, theme: 'light', lang: 'de' },
  { id: 'phone-fi', size: { width: 390, height: 844 }, theme: 'dark', lang: 'fi' },
  { id: 'phone-pl', size: { width: 390, height: 844 }, theme: 'light', lang: 'pl' },
  { id: 'low-pl', size: { width: 740, height: 360 }, theme: 'light', lang: 'pl' },
  { id: 'desk-de', size: { width: 1440, height: 900 }, theme: 'dark', lang: 'de' },
]

const web = await serve(process.env.DIST ?? join(here, '../dist'))
const browser = await launch()
let bad = 0
for (const v of variants) {
  const todo = screens.filter(s => `${s.name}.${v.id}`.includes(filter))
  if (todo.length === 0) continue
  const context = await browser.newContext({ viewport: v.size, colorScheme: v.theme, locale: v.lang, hasTouch: v.id.startsWith('phone'), timezoneId: 'Europe/London' })
  await context.addInitScript(fakeRTC)
  for (const s of todo) {
    const world = s.world(v.lang)
    if (world.account) Object.assign(world.account, { theme: v.theme, language: v.lang })
    const page = await context.newPage()
    const errors = []
    page.on('pageerror', e => errors.push(String(e)))
    page.on('console', m => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) errors.push(m.text()) })
    if (s.frozen) await page.addInitScript(list => { setTimeout(() => { window.frozenTracks = new Set(list) }, 700) }, s.frozen)
    await page.route(/\/(api\/v1|g\/exchange|g\/L1\/.+)/, async route => {
      const r = route.request()
      const body = r.postData() ? JSON.parse(r.postData()) : undefined
      const url = new URL(r.url())
      const isImage = /\/(images|gallery|recent|intake)(\/|$)/.test(url.pathname)
      const a = isImage ? answerGallery(r.method(), url.pathname, url.searchParams, body, world) : answer(r.method(), url.pathname, body, world)
      if (!a) return
      if (Buffer.isBuffer(a[1])) return route.fulfill({ status: a[0], contentType: 'image/jpeg', body: a[1] })
      await route.fulfill({ status: a[0], contentType: 'application/json', body: a[1] === undefined ? '' : JSON.stringify(a[1]) })
    })
    await page.routeWebSocket(/\/socket$/, ws => {
      ws.send(JSON.stringify({ type: 'hello', node: 'n', server_time: new Date().toISOString() }))
      ws.onMessage(text => {
        const m = JSON.parse(text)
        if (m.type === 'ping') ws.send(JSON.stringify({ type: 'pong', t: m.t, server_time_ms: Date.now() }))
        if (m.type === 'tiles') ws.send(JSON.stringify({ type: 'tiles', seq: 1, version: m.version, tiles: tiles(m.tiles, world) }))
      })
      if (world.remove) setTimeout(() => ws.send('{"type":"link_removed"}'), 1200)
    })
    const label = `${s.name}.${v.id}`
    try {
      await page.goto(web.url + s.path)
      await page.waitForSelector(s.wait, { timeout: 12000 })
      await s.act?.(page)
      await page.waitForTimeout(s.settle ?? 350)
      await page.screenshot({ path: join(out, `${label}.png`), fullPage: !!s.full })
      const found = await axe(page)
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
      if (wide > 0) errors.push(`scrolls sideways by ${wide}px`)
      for (const text of await page.evaluate(cut)) errors.push(`cut off: ${text}`)
      for (const line of [...errors, ...found]) { bad++; console.log(`${label}: ${line}`) }
    } catch (e) {
      bad++
      await page.screenshot({ path: join(out, `${label}.FAILED.png`) }).catch(() => {})
      console.log(`${label}: ${String(e).split('\n')[0]} ${errors.join(' ')}`)
    }
    await page.close()
  }
  await context.close()
}
await browser.close()
web.close()
console.log(`${bad} complaints, pictures in ${out}`)
process.exitCode = bad ? 1 : 0
