import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launch } from '../dev/browser.mjs'
import { bin, storeArgs } from './demo.mjs'
import { check, open, phone } from './pages.mjs'

const data = mkdtempSync(join(tmpdir(), 'sightline-e2e-'))
let server, ended, base, code, browser

before(async () => {
  server = spawn(bin, ['serve', '--data', data, '--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--media-port', '0', ...storeArgs(4)], { stdio: ['ignore', 'pipe', 'pipe'] })
  ended = new Promise(resolve => server.once('exit', resolve))
  let said = ''
  await new Promise((resolve, reject) => {
    const hear = b => {
      said += b
      base = /open\s+(http:\S+)/.exec(said)?.[1]
      code = /\b[0-9A-Z]{5}-[0-9A-Z]{5}\b/.exec(said)?.[0]
      if (base && code) resolve()
    }
    server.stdout.on('data', hear)
    server.stderr.on('data', hear)
    server.once('exit', () => reject(new Error(said)))
  })
  browser = await launch()
})
after(async () => {
  await browser?.close()
  server?.kill('SIGTERM')
  await ended
  rmSync(data, { recursive: true, force: true })
})

test('a server is set up, and people come and go', async t => {
  const owner = await open(browser)
  const friend = await open(browser, phone, { locale: 'uk-UA' })
  let reset

  await t.test('every page leads to the set-up, which wants the code', async () => {
    await owner.goto(base)
    await owner.waitForURL('**/setup')
    await owner.fill('[name=code]', 'WRONG-CODE1')
    await owner.click('[type=submit]')
    await owner.waitForSelector('.err')
    assert.match(await owner.textContent('.err'), /not the code/)
    await check(owner, 'setup-wrong-code')
    await owner.fill('[name=code]', code)
    await owner.click('[type=submit]')
    await owner.waitForSelector('[name=networks]')
    await check(owner, 'setup-account')
  })
  await t.test('a weak password is refused at its field, then the account is there', async () => {
    await owner.fill('[name=email]', 'owner@home.example')
    await owner.fill('[name=name]', 'Owner')
    await owner.fill('[name=password]', 'password12')
    await owner.click('[type=submit]')
    await owner.waitForSelector('[name=password][aria-invalid=true]')
    await owner.fill('[name=password]', 'correct horse battery')
    await owner.click('[type=submit]')
    await owner.waitForSelector('.empty')
    await check(owner, 'wall-empty')
  })
  await t.test('an invitation is handed over and redeemed', async () => {
    await owner.goto(`${base}/settings/instance`)
    await owner.selectOption('[name=registration]', 'invite')
    await owner.click('form [type=submit]')
    await owner.waitForSelector('.toast')
    await owner.click('[role=tab]:nth-child(3)')
    await owner.fill('[name=email]', 'friend@home.example')
    await owner.click('form.inline [type=submit]')
    const link = await owner.inputValue('dialog .secret input')
    await check(owner, 'instance-invited')
    await owner.keyboard.press('Escape')
    await friend.goto(link)
    await friend.waitForSelector('[name=name]')
    assert.equal(new URL(friend.url()).hash, '', 'the secret left the address')
    await check(friend, 'invite-phone')
    await friend.fill('[name=name]', 'Друг')
    await friend.fill('[name=password]', 'дуже довгий пароль')
    await friend.click('[type=submit]')
    await friend.waitForSelector('.empty')
    assert.equal(await friend.getAttribute('html', 'lang'), 'uk')
    await check(friend, 'wall-empty-phone')
  })
  await t.test('a suspended account is signed out where it is', async () => {
    await owner.click('[role=tab]:nth-child(2)')
    const row = owner.locator('.tb tbody tr', { hasText: 'friend@' })
    await row.locator('.menu-root > button').click()
    await owner.click('[role=menu] .d')
    await owner.click('dialog .fatal')
    await friend.waitForURL('**/signin**')
    await row.locator('.chip.bad').waitFor()
    await check(owner, 'instance-accounts')
    await row.locator('.menu-root > button').click()
    await owner.locator('[role=menuitem]').nth(1).click()
    await row.locator('.chip.live').waitFor()
    await row.locator('.menu-root > button').click()
    await owner.locator('[role=menuitem]').nth(0).click()
    reset = await owner.inputValue('dialog .secret input')
    await owner.keyboard.press('Escape')
  })
  await t.test('a link for a new password works once', async () => {
    for (const outcome of ['good', 'bad']) {
      await friend.goto('about:blank') // else only the part behind # would change
      await friend.goto(reset)
      await friend.waitForSelector('[name=password]')
      await friend.fill('[name=password]', 'ще довший новий пароль')
      await friend.click('[type=submit]')
      await friend.waitForSelector(`.notice.${outcome}`)
      await check(friend, `reset-${outcome}-phone`)
    }
  })
  await t.test('TestR70_theme and language take effect at once and stay', async () => {
    await owner.goto(`${base}/settings/account`)
    await owner.click('.seg label:last-child')
    await owner.waitForFunction(() => document.documentElement.dataset.theme === 'light')
    await owner.selectOption('[name=language]', 'ar')
    await owner.locator('form.card [type=submit]').first().click()
    await owner.waitForFunction(() => document.documentElement.dir === 'rtl')
    await owner.reload()
    await owner.waitForSelector('.tb')
    assert.deepEqual(await owner.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ['ar', 'light'])
    await check(owner, 'account-ar')
  })
  await t.test('a token is shown once', async () => {
    await owner.locator('.head .btn').click()
    await owner.fill('dialog [name=name]', 'TV')
    await owner.click('dialog [type=submit]')
    const token = await owner.inputValue('.secret input')
    const r = await fetch(`${base}/api/v1/me`, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal((await r.json()).account.email, 'owner@home.example')
    await owner.keyboard.press('Escape')
    await owner.reload()
    await owner.waitForSelector('.tb')
    assert.ok(!(await owner.content()).includes(token))
  })
})
