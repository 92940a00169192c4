import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from '../dev/browser.mjs'
import { startDemo } from './demo.mjs'
import { check, frames, live, moving, open, phone, desk, signIn } from './pages.mjs'

let demo, browser
before(async () => {
  demo = await startDemo(1)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await demo?.stop()
})

test('the owner signs in and watches six live cameras', async t => {
  const page = await open(browser)
  await t.test('a wrong password is refused in place', async () => {
    await page.goto(demo.base_url)
    await page.waitForURL('**/signin')
    await page.fill('[name=email]', demo.accounts[0].email)
    await page.fill('[name=password]', 'not the password')
    await page.click('[type=submit]')
    await page.waitForSelector('.notice.bad')
    await check(page, 'signin-wrong')
  })
  await t.test('six tiles move', async () => {
    await signIn(page, demo)
    await live(page, 6)
    const before = await frames(page)
    assert.deepEqual(await moving(page), Array(6).fill(true))
    const after = await frames(page)
    for (const slot of Object.keys(before)) assert.ok(after[slot] > before[slot], `slot ${slot}`)
    await check(page, 'wall')
  })
  await t.test('TestR92_full screen shows the main layer, and Escape the wall again', async () => {
    await page.keyboard.press('2')
    await page.keyboard.press('f')
    await page.waitForFunction(() => document.querySelector('.tile.full video')?.videoWidth === 1280, null, { timeout: 20000 })
    await check(page, 'wall-full')
    await page.keyboard.press('Escape')
    await live(page, 6)
  })
  await t.test('TestR73_a narrow window shows two, and what stays visible goes on', async () => {
    const before = await frames(page)
    await page.setViewportSize(phone)
    await page.waitForFunction(() => document.querySelectorAll('.tile:not(.blank)').length === 2)
    const after = await frames(page)
    assert.deepEqual(Object.keys(after), ['0', '1'])
    for (const slot of ['0', '1']) assert.ok(after[slot] >= before[slot], 'the same video element')
    await live(page, 2)
    await check(page, 'wall-phone')
    await page.click('.thumb .pager .btn:last-child')
    await page.waitForFunction(() => document.querySelectorAll('.tile.live').length === 2 && document.querySelector('.nm').textContent === 'Yard')
    await page.setViewportSize(desk)
    await live(page, 6)
  })
  await t.test('every other page', async () => {
    for (const [path, wait, name] of [
      ['/cameras', '.tb', 'cameras'], ['/settings/sharing', '.tb', 'links'], ['/settings/account', '.tb', 'account'], ['/settings/instance', '.facts', 'instance'],
    ]) {
      await page.goto(demo.base_url + path)
      await page.waitForSelector(wait)
      await check(page, name)
      await page.setViewportSize(phone)
      await check(page, `${name}-phone`)
      await page.setViewportSize(desk)
    }
  })
})
