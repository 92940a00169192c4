// What the tests do with pages, in words.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { axe } from '../dev/axe.mjs'
import { output } from './demo.mjs'

export const desk = { width: 1440, height: 900 }
export const phone = { width: 390, height: 844 }

/** open makes a page in a profile of its own; any error in it fails the test at `check`. */
export async function open(browser, viewport = desk, options = {}) {
  const context = await browser.newContext({ viewport, ...options })
  const page = await context.newPage()
  const errors = []
  page.on('pageerror', e => errors.push(String(e)))
  page.on('console', m => { if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) errors.push(m.text()) })
  page.errors = errors
  return page
}

/** check keeps a picture of the page and holds it to axe, its width and its own errors. */
export async function check(page, name) {
  await page.screenshot({ path: join(output, `${name}.png`) })
  assert.deepEqual(await axe(page), [], `${name}: axe`)
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: scrolls sideways`)
  assert.deepEqual(page.errors, [], `${name}: errors in the page`)
}

export async function signIn(page, demo, account = demo.accounts[0]) {
  await page.goto(`${demo.base_url}/signin`)
  await page.fill('[name=email]', account.email)
  await page.fill('[name=password]', account.password)
  await page.click('[type=submit]')
  await page.waitForSelector('.bar .me')
}

/** live waits until n tiles say live. */
export function live(page, n, timeout = 30000) {
  return page.waitForFunction(n => document.querySelectorAll('.tile.live').length >= n, n, { timeout })
}

/** state waits until the tile of a camera's name is in one of the states. */
export function state(page, name, states, timeout = 40000) {
  return page.waitForFunction(([name, states]) => {
    const tile = [...document.querySelectorAll('.tile')].find(t => t.querySelector('.nm')?.textContent === name)
    return tile && states.includes(tile.dataset.state) ? tile.dataset.state : false
  }, [name, states], { timeout }).then(h => h.jsonValue())
}

/** frames counts the frames shown so far, by slot. */
export function frames(page) {
  return page.$$eval('.tile video', list => Object.fromEntries(list.map(v => [v.closest('.tile').dataset.slot, v.getVideoPlaybackQuality().totalVideoFrames])))
}

/** moving says for each tile whether its pixels change within a second. */
export function moving(page) {
  return page.$$eval('.tile video', async list => {
    const look = v => {
      const c = document.createElement('canvas')
      c.width = 160
      c.height = 90
      const x = c.getContext('2d')
      x.drawImage(v, 0, 0, 160, 90)
      return x.getImageData(0, 0, 160, 90).data
    }
    const first = list.map(look)
    await new Promise(r => setTimeout(r, 1000))
    return list.map((v, i) => look(v).some((p, j) => Math.abs(p - first[i][j]) > 24))
  })
}
