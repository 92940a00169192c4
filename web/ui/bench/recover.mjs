// Measures in a real Chromium how long a wall of six needs to be live again after
// what took it away is over. Prints a table as docs/ref/performance.md has them.
//
//   node web/ui/bench/recover.mjs [--runs 10] [--only restart,network,short,hidden]
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { install, network, owner, server, six } from "../e2e/away.mjs";
import { allLive, browser, context, desk, folder, signIn, sleep, tiles, until } from "../e2e/harness.mjs";
import { ms, p } from "./figures.mjs";

const { values: opt } = parseArgs({ options: { runs: { type: "string", default: "10" }, only: { type: "string", default: "restart,network,short,hidden" } } });
const runs = Number(opt.runs);
const b = await browser();
const cams = await six();
const s = await server(folder(), cams.cameras.map((c) => ({ name: c.name, main: c.rtsp_main, sub: c.rtsp_sub })));
await s.live();

/** when resolves with the page's time at which all six say live. */
const when = (page) => page.evaluate(() => new Promise((done) => {
  const look = () => (document.querySelectorAll("li.tile[data-state=live]").length === 6 ? done(Date.now()) : setTimeout(look, 20));
  look();
}));
const away = (page) => until("no tile to be live", async () => (await tiles(page)).every((t) => t.state !== "live"), 60000).catch(async (e) => {
  throw new Error(`${e.message}: ${JSON.stringify(await page.evaluate(() => [window.__states.slice(-12), window.__peers.map((x) => x.connectionState)]))}`);
});

const kinds = {
  /** From the moment all cameras are live at the server that was killed and started. */
  async restart(page) {
    await s.kill();
    await away(page);
    await s.start();
    await s.live();
    return Date.now();
  },
  /** From the moment the network carries again, after 20 s. */
  async network(page, way) {
    way.down();
    await sleep(20000);
    way.up();
    return Date.now();
  },
  /** The same after 6 s. */
  async short(page, way) {
    way.down();
    await sleep(6000);
    way.up();
    return Date.now();
  },
  /** From the moment a page is shown that was hidden for 5 s. */
  async hidden(page) {
    await page.evaluate(() => window.__hide(true));
    await sleep(5000);
    return page.evaluate(() => {
      window.__hide(false);
      return Date.now();
    });
  },
};

console.log(`six tiles, ${runs} runs each; load ${loadavg()[0].toFixed(1)}`);
console.log("| | p50 | p95 | worst | offers a recovery |\n|---|---|---|---|---|");
for (const kind of opt.only.split(",")) {
  const way = await network(s);
  const ctx = await context(b, desk);
  await ctx.addInitScript(install, { path: way.path });
  const page = await ctx.newPage();
  await signIn(page, way.base, owner);
  await allLive(page, 6, 60000);
  const took = [];
  let offers = 0;
  for (let i = 0; i < runs; i++) {
    const before = await page.evaluate(() => window.__offers);
    const from = await kinds[kind](page, way);
    took.push(Math.max(0, (await when(page)) - from));
    offers = Math.max(offers, (await page.evaluate(() => window.__offers)) - before);
    await sleep(1500);
  }
  const lies = await page.evaluate(() => window.__lies.length);
  console.log(`| ${kind} | ${ms(p(took, 0.5))} | ${ms(p(took, 0.95))} | ${ms(Math.max(...took))} | ≤ ${offers} |${lies ? ` ${lies} times live on a picture that stood` : ""}`);
  await ctx.close();
  way.close();
}
await b.close();
await s.stop();
await cams.stop();
process.exit(0);
