import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from '../dev/browser.mjs'
import { startDemo } from './demo.mjs'
import { check, live, moving, open, phone, signIn } from './pages.mjs'

let demo, browser
before(async () => {
  demo = await startDemo(2)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

test('a guest watches by link alone, and loses it when the owner removes it', async t => {
  const guest = await open(browser)
  const small = await open(browser, phone)
  await t.test('TestR71_six on a desk, two on a phone, and nothing kept', async () => {
    await guest.goto(demo.guest_link)
    await live(guest, 6)
    assert.deepEqual(await moving(guest), Array(6).fill(true))
    assert.match(guest.url(), /\/g\/[^/]+\/$/)
    assert.match(await guest.title(), /, shared by /)
    assert.deepEqual(await guest.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]), [0, 0, ''])
    await check(guest, 'guest')
    await small.goto(demo.guest_link)
    await live(small, 2)
    assert.equal(await small.$$eval('.tile:not(.blank)', l => l.length), 2)
    await check(small, 'guest-phone')
  })
  await t.test('TestR63_removing the link stops the pictures and says why', async () => {
    const owner = await open(browser)
    await signIn(owner, demo)
    await owner.goto(`${demo.base_url}/settings/sharing`)
    await owner.click('.tb .danger')
    // The last picture is noted in the guest's page, by its own clock on this machine.
    await guest.evaluate(() => {
      for (const v of document.querySelectorAll('.tile video')) {
        const next = () => { window.lastPicture = Date.now(); v.requestVideoFrameCallback(next) }
        v.requestVideoFrameCallback(next)
      }
    })
    await guest.waitForFunction(() => window.lastPicture)
    const removed = Date.now()
    await owner.click('dialog .fatal')
    await guest.waitForSelector('.gst', { timeout: 10000 })
    const last = await guest.evaluate(() => window.lastPicture)
    t.diagnostic(`last picture ${last - removed} ms after the click`)
    assert.ok(last - removed <= 2000, `last picture ${last - removed} ms after the click`)
    assert.equal(await guest.$$eval('video', l => l.length), 0)
    assert.match(await guest.textContent('main'), /removed/)
    await check(guest, 'guest-removed')
    await small.waitForSelector('.gst')
    await owner.waitForSelector('.toast')
    await check(owner, 'links-removed')
  })
  await t.test('TestR75_unknown and removed links read the same', async () => {
    const again = await open(browser)
    await again.goto(demo.guest_link)
    await again.waitForSelector('.gst')
    const removed = await again.textContent('main')
    const unknown = await open(browser)
    await unknown.goto(`${demo.base_url}/s#${'A'.repeat(43)}`)
    await unknown.waitForSelector('.gst')
    assert.equal(await unknown.textContent('main'), removed)
    await check(unknown, 'guest-unknown')
  })
})
