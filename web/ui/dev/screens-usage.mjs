// The screens of use, for shots.mjs.
import { account, ago, ahead, visit } from './fake.mjs'

const me = o => ({ account: account(), ...o })
const page = '/settings/usage/l1'
const slow = (reason, s) => Object.fromEntries([1, 2, 3, 4, 5, 6].map(i => [`c${i}`, { state: 'throttled', reason, until: ahead(s), last_frame_at: ago(7 * i) }]))

export const usageScreens = [
  { name: 'usage', path: page, world: () => me({ use: 'normal' }), wait: '.us-visits .tb', full: true },
  { name: 'usage-near', path: page, world: () => me({ use: 'near' }), wait: '.us-visits .tb', act: async p => { await p.focus('.us-plot'); await p.keyboard.press('ArrowLeft'); await p.keyboard.press('ArrowLeft') }, full: true },
  { name: 'usage-throttled', path: page, world: () => me({ use: 'throttled' }), wait: '.us-visits .tb', full: true },
  { name: 'usage-table', path: page, world: () => me({ use: 'hours' }), wait: '.us-chart', act: p => p.click('.us-chart .btn') },
  { name: 'usage-people', path: page, world: () => me({ use: 'throttled' }), wait: '.us-chart', act: p => p.locator('.us-chart .seg label').first().click() },
  { name: 'usage-gallery', path: page, world: () => me({ use: 'throttled' }), wait: '.us-chart', act: p => p.locator('.us-chart .seg label').nth(1).click() },
  { name: 'usage-hours', path: page, world: () => me({ use: 'hours' }), wait: '.us-chart', act: p => p.locator('.us-chart').scrollIntoViewIfNeeded() },
  { name: 'usage-single', path: page, world: () => me({ use: 'normal', single: true }), wait: '.us-chart', act: p => p.locator('.us-chart .seg label').nth(1).click() },
  { name: 'usage-none', path: page, world: () => me({ use: 'none' }), wait: '.us-visits', full: true },
  { name: 'usage-one', path: page, world: () => me({ use: 'normal', one: true }), wait: '.us-visits .tb', act: async p => { await p.click('.us-address .lnk'); await p.waitForFunction(() => !document.querySelector('.us-address .lnk')) } },
  { name: 'usage-many', path: page, world: () => me({ use: 'normal', many: 1000 }), wait: '.us-visits .tb', act: p => p.locator('.us-visits').scrollIntoViewIfNeeded() },
  { name: 'usage-loading', path: page, world: () => me({ use: 'normal', slow: true }), wait: '.skeleton' },
  { name: 'usage-failed', path: page, world: () => me({ use: 'normal', fails: true }), wait: '.failed' },
  { name: 'usage-gone', path: '/settings/usage/l9', world: () => me({ use: 'normal', gone: true }), wait: '.empty' },
  { name: 'usage-block', path: page, world: () => me({ use: 'normal' }), wait: '.us-visits .tb', act: async p => { await p.click('.us-visits .col-acts .quiet'); await p.waitForSelector('.toast') } },
  { name: 'usage-all', path: '/settings/usage', world: () => me({ use: 'near' }), wait: '.us-totals', full: true },
  { name: 'usage-all-slowed', path: '/settings/usage', world: () => me({ use: 'throttled' }), wait: '.us-totals', full: true },
  { name: 'usage-all-empty', path: '/settings/usage', world: () => me({ empty: true }), wait: '.us-totals' },
  { name: 'usage-links', path: '/settings/sharing', world: () => me({ use: 'near' }), wait: '.us-three' },
  { name: 'limits', path: '/settings/instance', world: () => me(), wait: '.tabs', act: async p => { await p.click('.tabs button:last-child'); await p.waitForSelector('.us-limits') }, full: true },
  { name: 'limits-found', path: '/settings/instance', world: () => me(), wait: '.tabs', act: async p => { await p.click('.tabs button:last-child'); await p.waitForSelector('.us-limits'); await p.fill('.us-search input', 'watch live') } },
  { name: 'guest-slowed-users', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, gallery: true }), gallery: 30, states: slow('throttled_users', 7800) }), wait: '.slow-line', settle: 900 },
  { name: 'guest-slowed-hours', path: '/s#secret', guest: true, world: l => { const v = visit({ language: l, gallery: true }); return { visit: { ...v, cameras: v.cameras.slice(0, 4) }, gallery: 30, states: slow('throttled_hours', 900) } }, wait: '.slow-line', settle: 900 },
]
