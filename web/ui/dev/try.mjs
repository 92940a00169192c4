// Drives the pages of a running demo: signs in, watches, shares, deletes.
// Usage: node dev/try.mjs <demo.json> [folder for pictures]. Development only.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { axe } from './axe.mjs'
import { launch } from './browser.mjs'

const demo = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const out = process.argv[3] ?? '/tmp'
const browser = await launch()
const log = (...a) => console.log(...a)
const watch = (page, who) => {
  page.on('pageerror', e => log(who, 'PAGE ERROR', String(e)))
  page.on('console', m => { if (m.type() === 'error') log(who, 'console', m.text()) })
  page.on('response', r => { if (r.status() >= 400) log(who, r.status(), r.request().method(), new URL(r.url()).pathname) })
}
const states = page => page.$$eval('.tile:not(.blank)', l => l.map(e => `${e.dataset.state}:${e.querySelector('.nm').textContent}:${e.querySelector('.ck')?.textContent ?? ''}`))
const allLive = (page, n) => page.waitForFunction(n => document.querySelectorAll('.tile.live').length >= n, n, { timeout: 20000 })

const context = await browser.newContext({ viewport: { width: 1440, height: 900 } })
const page = await context.newPage()
watch(page, 'owner')
await page.goto(demo.base_url)
await page.waitForSelector('form')
log('at', page.url())
await page.fill('[name=email]', demo.accounts[0].email)
await page.fill('[name=password]', 'wrong password')
await page.click('[type=submit]')
await page.waitForSelector('.notice.bad')
log('wrong password:', await page.textContent('.notice.bad'))
await page.fill('[name=password]', demo.accounts[0].password)
const t0 = Date.now()
await page.click('[type=submit]')
await page.waitForSelector('.grid .tile')
try {
  await allLive(page, 6)
  log('six live after', Date.now() - t0, 'ms')
} catch { log('NOT ALL LIVE') }
log(await states(page))
await page.screenshot({ path: join(out, 'wall.png') })
log('axe', await axe(page))
await page.keyboard.press('2')
await page.keyboard.press('f')
await page.waitForTimeout(2500)
log('full', await page.evaluate(() => { const v = document.querySelector('.tile.full video'); return [v.videoWidth, v.videoHeight] }))
await page.screenshot({ path: join(out, 'full.png') })
await page.keyboard.press('Escape')
await page.keyboard.press('1')
await page.keyboard.press('m')
await page.waitForTimeout(1500)
log('sound', await page.evaluate(() => [...document.querySelectorAll('.rail .i')].length), await page.textContent('.tools'))

// A page of two and back: streams that stay visible go on.
const before = await page.$$eval('.tile video', l => l.map(v => v.getVideoPlaybackQuality().totalVideoFrames))
await page.setViewportSize({ width: 390, height: 844 })
await page.waitForTimeout(2500)
log('phone', await states(page), 'frames before', before, 'after', await page.$$eval('.tile video', l => l.map(v => v.getVideoPlaybackQuality().totalVideoFrames)))
await page.screenshot({ path: join(out, 'wall-phone.png') })
await page.click('.thumb .pager .btn:last-child')
await page.waitForTimeout(2500)
log('page 2', await states(page))
await page.setViewportSize({ width: 1440, height: 900 })
await allLive(page, 6).catch(() => log('NOT ALL LIVE AFTER RESIZE'))
log('desk', await states(page))

const guestContext = await browser.newContext({ viewport: { width: 1440, height: 900 } })
const guest = await guestContext.newPage()
watch(guest, 'guest')
const t1 = Date.now()
await guest.goto(demo.guest_link)
await guest.waitForSelector('.tile.live', { timeout: 20000 }).catch(() => log('GUEST NOT LIVE'))
log('guest first live after', Date.now() - t1, guest.url())
await allLive(guest, 6).catch(async () => log('guest not six', await guest.$$eval('.tile', l => l.length)))
log(await states(guest))
await guest.screenshot({ path: join(out, 'guest.png') })
log('axe', await axe(guest))
log('stored on the guest side', await guest.evaluate(() => [localStorage.length, sessionStorage.length]))

for (const [path, wait] of [['/cameras', '.tb'], ['/settings/sharing', '.tb'], ['/settings/account', '.tb'], ['/settings/instance', '.facts']]) {
  await page.goto(demo.base_url + path)
  await page.waitForSelector(wait, { timeout: 8000 }).catch(() => log('MISSING', path, wait))
  await page.waitForTimeout(400)
  await page.screenshot({ path: join(out, `${path.replaceAll('/', '_')}.png`) })
  log(path, 'axe', await axe(page))
}

// Add a camera with a wrong address first.
await page.goto(`${demo.base_url}/cameras/new`)
await page.waitForSelector('form.camera')
await page.fill('[name=name]', 'Second gate')
await page.fill('[name=main]', 'rtsp://127.0.0.1:9/none')
await page.click('.acts .btn:nth-child(2)')
await page.waitForSelector('.layer, .probe .notice', { timeout: 15000 })
log('test 1:', await page.textContent('.probe'))
await page.fill('[name=main]', demo.cameras[0].rtsp_main)
await page.fill('[name=sub]', demo.cameras[0].rtsp_sub)
await page.click('.acts .btn:nth-child(2)')
await page.waitForSelector('.layer .good', { timeout: 15000 }).catch(() => {})
log('test 2:', await page.textContent('.probe'))
await page.screenshot({ path: join(out, 'test.png') })
await page.click('form.camera [type=submit]')
await page.waitForURL('**/cameras')
await page.waitForTimeout(2500)
log('cameras:', await page.textContent('.tb tbody'))

// Remove the guest's link.
await page.goto(`${demo.base_url}/settings/sharing`)
await page.waitForSelector('.tb .danger')
await page.click('.tb .danger')
const t2 = Date.now()
await page.click('dialog .fatal')
await guest.waitForSelector('.gst', { timeout: 8000 }).then(() => log('guest told after', Date.now() - t2), () => log('GUEST NOT TOLD'))
log('guest page:', await guest.textContent('main'), 'videos', await guest.$$eval('video', l => l.length))
await guest.screenshot({ path: join(out, 'guest-removed.png') })
await browser.close()
