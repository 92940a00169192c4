import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch } from '../dev/browser.mjs'
import { cameraWithLogin } from './camera-with-login.mjs'
import { startDemo } from './demo.mjs'
import { check, open, signIn, state } from './pages.mjs'

let demo, browser, camera
before(async () => {
  demo = await startDemo(3)
  browser = await launch()
  camera = cameraWithLogin(demo.cameras[0].rtsp_sub, 'viewer', 'the right one')
  await camera.start()
})
after(async () => {
  await browser?.close()
  await camera?.stop().catch(() => {})
  await demo?.stop()
})

test('a camera is added, dies, comes back, is switched off and removed', async t => {
  const page = await open(browser)
  await signIn(page, demo)

  await t.test('a wrong password first, and the test says so', async () => {
    await page.goto(`${demo.base_url}/cameras/new`)
    await page.fill('[name=name]', 'Cellar')
    await page.fill('[name=main]', camera.url('sub'))
    await page.fill('[name=user]', 'viewer')
    await page.fill('[name=password]', 'a wrong one')
    await page.click('text=Test')
    await page.waitForSelector('.layer .bad')
    assert.match(await page.textContent('.layer'), /refused the name or password/)
    await check(page, 'camera-wrong-password')
  })
  await t.test('then the right one', async () => {
    await page.fill('[name=password]', 'the right one')
    await page.click('text=Test')
    await page.waitForSelector('.layer .good')
    assert.match(await page.textContent('.layer'), /H264/)
    await check(page, 'camera-right-password')
    await page.click('form.camera [type=submit]')
    await page.waitForURL('**/cameras')
    assert.ok(!(await page.content()).includes('the right one'), 'the password is in the page')
  })
  await t.test('its tile goes live', async () => {
    await page.click('.bar nav a')
    await page.waitForSelector('.tools .view')
    await page.click('.tools .view')
    await page.click('[role=menuitemradio]:last-child')
    await page.keyboard.press('PageDown')
    assert.equal(await state(page, 'Cellar', ['live']), 'live')
  })
  await t.test('TestR91_killed, it says so; back, it is live by itself', async () => {
    await camera.stop()
    const seen = await state(page, 'Cellar', ['stalled', 'reconnecting', 'offline'])
    t.diagnostic(`first ${seen}`)
    await state(page, 'Cellar', ['reconnecting', 'offline'])
    await check(page, 'wall-camera-gone')
    await camera.start()
    await state(page, 'Cellar', ['live'], 60000)
  })
  await t.test('switched off, the running tile says who did it', async () => {
    const other = await page.context().newPage()
    other.errors = []
    await other.goto(`${demo.base_url}/cameras`)
    await other.click('.tb a.name:has-text("Cellar")')
    await other.click('[name=enabled]')
    await other.click('form.camera [type=submit]')
    await state(page, 'Cellar', ['off'])
    await check(page, 'wall-camera-off')
    await other.waitForURL('**/cameras')
    await other.click('.tb a.name:has-text("Cellar")')
    await other.click('.acts .danger')
    await other.click('dialog .fatal')
    await other.waitForURL('**/cameras')
    await page.waitForFunction(() => ![...document.querySelectorAll('.nm')].some(n => n.textContent === 'Cellar'))
  })
})
