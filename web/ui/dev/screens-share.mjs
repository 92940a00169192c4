// The share dialog and the schedule editor, for shots.mjs. Development only.
import { account } from './fake.mjs'

const me = (o = {}) => () => ({ account: account(), share: true, ...o })
const open = async p => {
  await p.click('.tb tbody tr:first-child .col-acts .btn')
  await p.waitForSelector('dialog.large .ppl, dialog.large .none')
}
const tab = async (p, n) => {
  await open(p)
  await p.click(`dialog [role=tab]:nth-child(${n})`)
}
const draft = async p => {
  await open(p)
  await p.fill('[role=combobox]', 'neig')
  await p.waitForSelector('[role=option]')
  await p.keyboard.press('ArrowDown')
  await p.keyboard.press('Enter')
  await p.keyboard.press('Enter')
}
const sched = async p => {
  await open(p)
  await p.click('.pr:first-child > .pick:nth-of-type(2)')
  await p.waitForSelector('dialog.huge')
}
const at = { path: '/cameras', wait: '.tb' }
export const shareScreens = [
  { name: 'share-people', ...at, world: me(), act: open },
  { name: 'share-list', ...at, world: me(), act: async p => { await open(p); await p.fill('[role=combobox]', 'neig'); await p.waitForSelector('[role=option]'); await p.keyboard.press('ArrowDown') } },
  { name: 'share-draft', ...at, world: me(), act: draft },
  { name: 'share-levels', ...at, world: me(), act: async p => { await draft(p); await p.click('.pr:nth-child(2) > .pick:first-of-type'); await p.click('.pop:popover-open .o:nth-of-type(4)') } },
  { name: 'share-until', ...at, world: me(), act: async p => { await open(p); await p.click('.pr:nth-child(2) > .pick:nth-of-type(3)') } },
  { name: 'share-unknown', ...at, world: me(), act: async p => { await open(p); await p.fill('[role=combobox]', 'who@example.org'); await p.keyboard.press('Enter'); await p.click('dialog footer .primary'); await p.waitForSelector('.pr .err') } },
  { name: 'share-stale', ...at, world: me({ stale: true }), act: async p => { await open(p); await p.click('.pr:nth-child(2) > .pick:first-of-type'); await p.click('.pop:popover-open .row .btn:nth-child(3)'); await p.keyboard.press('Escape'); await p.click('dialog footer .primary'); await p.waitForSelector('.theirs') } },
  { name: 'share-leave', ...at, world: me(), act: async p => { await draft(p); await p.keyboard.press('Escape'); await p.waitForSelector('dialog .fatal') } },
  { name: 'share-stop', ...at, world: me(), act: async p => { await open(p); await p.click('.pr:first-child .end .btn'); await p.waitForSelector('dialog .fatal') } },
  { name: 'share-empty', ...at, world: me({ nobody: true }), act: open },
  { name: 'share-see', ...at, world: me(), act: async p => { await open(p); await p.click('dialog.large > header .btn.s'); await p.waitForSelector('.seen') } },
  { name: 'share-links', ...at, world: me(), act: p => tab(p, 2) },
  { name: 'share-link-made', ...at, world: me(), act: async p => { await tab(p, 2); await p.click('.newlink .primary'); await p.waitForSelector('.fresh') } },
  { name: 'share-link-dates', ...at, world: me(), act: async p => { await tab(p, 2); await p.click('.lrows li:nth-child(2) .lacts .btn:nth-last-child(2)'); await p.click('dialog:not(.large) summary') } },
  { name: 'share-link-qr', ...at, world: me(), act: async p => { await tab(p, 2); await p.click('.lrows li:first-child .lacts .btn:nth-child(4)'); await p.waitForSelector('.qr') } },
  { name: 'share-groups', ...at, world: me(), act: p => tab(p, 3) },
  { name: 'schedule', ...at, world: me(), act: sched },
  { name: 'schedule-edit', ...at, world: me(), act: async p => { await sched(p); await p.click('.lines li:first-child .btn') } },
  { name: 'schedule-never', ...at, world: me(), act: async p => { await sched(p); for (let n = await p.locator('.lines li').count(); n > 0; n--) await p.click('.lines li:first-child .btn.ic') } },
  { name: 'link-options', path: '/settings/sharing', wait: '.new-link', world: me({ share: false }), act: p => p.click('.new-link summary') },
]
