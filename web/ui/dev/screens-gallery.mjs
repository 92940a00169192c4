// The screens of images, for shots.mjs.
import { account, visit } from './fake.mjs'

const me = o => ({ account: account(), ...o })
const pictures = p => p.waitForFunction(() => document.querySelectorAll('.gpic img').length > 3)

export const galleryScreens = [
  { name: 'gallery', path: '/gallery', world: () => me({ gallery: 4000 }), wait: '.gcell', act: pictures },
  { name: 'gallery-empty', path: '/gallery', world: () => me({ gallery: 0 }), wait: '.gempty' },
  { name: 'gallery-one', path: '/gallery', world: () => me({ gallery: 1 }), wait: '.gpic img' },
  { name: 'gallery-far', path: '/gallery', world: () => me({ gallery: 4000 }), wait: '.gcell', act: async p => { await p.evaluate(() => { const s = document.querySelector('.gscroll'); s.scrollTop = s.scrollHeight / 2 }); await p.waitForTimeout(400); await pictures(p) }, settle: 600 },
  { name: 'gallery-filter', path: '/gallery?favourite=true&from=2026-01-01', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await p.click('.gtools .btn'); await p.waitForSelector('.pop.filters') } },
  { name: 'gallery-none', path: '/gallery?tag=Wolf', world: () => me({ gallery: 40 }), wait: '.gempty' },
  { name: 'gallery-select', path: '/gallery', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await pictures(p); await p.focus('.gcell'); await p.keyboard.press('Space'); await p.keyboard.press('Shift+ArrowRight'); await p.keyboard.press('Shift+ArrowRight') } },
  { name: 'gallery-tag', path: '/gallery', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await p.focus('.gcell'); await p.keyboard.press('Space'); await p.click('.acting .btn:nth-of-type(3)'); await p.waitForSelector('dialog') } },
  { name: 'gallery-deleting', path: '/gallery', world: () => me({ gallery: 400, batchHangs: true }), wait: '.gcell', act: async p => { await pictures(p); await p.focus('.gcell'); await p.keyboard.press('Control+a'); await p.waitForSelector('.acting'); await p.keyboard.press('Delete'); await p.waitForSelector('progress') } },
  { name: 'gallery-deleted', path: '/gallery', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await pictures(p); await p.focus('.gcell'); await p.keyboard.press('Control+a'); await p.waitForSelector('.acting'); await p.keyboard.press('Delete'); await p.waitForSelector('.toast') } },
  { name: 'gallery-failed', path: '/gallery', world: () => me({ gallery: 400, galleryFails: true }), wait: '.failed' },
  { name: 'gallery-near', path: '/gallery', world: () => me({ gallery: 400, quota: 0.91 }), wait: '.notice.warn', act: pictures },
  { name: 'gallery-full', path: '/gallery', world: () => me({ gallery: 400, quota: 1, skipped: 3 }), wait: '.notice.bad', act: pictures },
  { name: 'gallery-quota', path: '/gallery', world: () => me({ gallery: 400, quota: 0.91 }), wait: '.qbtn', act: async p => { await p.click('.qbtn'); await p.waitForSelector('dialog') } },
  { name: 'gallery-image', path: '/gallery', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await p.click('[data-image]:nth-child(2)'); await p.waitForSelector('.vpic img:not(.small)'); const i = await p.$('.vside'); if (!i) await p.click('.viewer header .btn:nth-of-type(3)'); await p.waitForSelector('.vside .facts') } },
  { name: 'gallery-zoom', path: '/gallery', world: () => me({ gallery: 400 }), wait: '.gcell', act: async p => { await p.click('[data-image]:nth-child(3)'); await p.waitForSelector('.vpic img:not(.small)'); for (const k of '+++') await p.keyboard.press(k) } },
  { name: 'camera-new-still', path: '/cameras/new', world: () => me(), wait: 'form.camera', act: p => p.click('.seg label:nth-of-type(2)') },
  { name: 'camera-intake', path: '/cameras/c1', world: () => me(), wait: '.copyline', act: p => p.locator('.intake').scrollIntoViewIfNeeded(), full: true },
  { name: 'camera-intake-none', path: '/cameras/c1', world: () => me({ noIntake: true, noMail: true }), wait: '.door-one', full: true },
  { name: 'camera-renew', path: '/cameras/c1', world: () => me(), wait: '.copyline', act: p => p.click('.doors > .acts .btn') },
  { name: 'account-storage', path: '/settings/account', world: () => me({ gallery: 400, quota: 0.5 }), wait: '.quota', full: true },
  { name: 'guest-gallery', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, gallery: true }), gallery: 300 }), wait: '.bar .seg', act: async p => { await p.click('.bar .seg label:nth-of-type(2)'); await pictures(p) } },
  { name: 'guest-gallery-throttled', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, gallery: true }), gallery: 300, galleryThrottled: true }), wait: '.bar .seg', act: async p => { await p.click('.bar .seg label:nth-of-type(2)'); await pictures(p) } },
  { name: 'guest-gallery-empty', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, gallery: true }), gallery: 0 }), wait: '.bar .seg', act: async p => { await p.click('.bar .seg label:nth-of-type(2)'); await p.waitForSelector('.gempty .empty') } },
  { name: 'guest-image', path: '/s#secret', guest: true, world: l => ({ visit: visit({ language: l, gallery: true }), gallery: 300 }), wait: '.bar .seg', act: async p => { await p.click('.bar .seg label:nth-of-type(2)'); await pictures(p); await p.click('[data-image]:nth-child(2)'); await p.waitForSelector('.vpic img:not(.small)') } },
  { name: 'guest-spare', path: '/s#secret', guest: true, world: l => { const v = visit({ language: l, gallery: true }); return { visit: { ...v, cameras: v.cameras.slice(0, 1) }, gallery: 3 } }, wait: '.tile.image .still', settle: 800 },
]
