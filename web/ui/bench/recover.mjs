// Measures in a real Chromium how long a wall of six needs to be live again after
// what took it away is over. Prints a table as docs/ref/performance.md has them.
//
//   node web/ui/bench/recover.mjs [--runs 10] [--each] [--only restart,outage,guest,short,hidden]
//
// outage and guest need a kernel that lets everybody have a network of his own
// (unshare, nft): there packets are really dropped, so that TCP waits and comes
// back as it does. The other rows go through a relay.
import { execFileSync, spawnSync } from "node:child_process";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { install, network, owner, server, six } from "../e2e/away.mjs";
import { allLive, browser, context, desk, folder, signIn, sleep, tiles, until } from "../e2e/harness.mjs";
import { ms, p } from "./figures.mjs";

const { values: opt } = parseArgs({ options: { runs: { type: "string", default: "10" }, only: { type: "string", default: "restart,outage,guest,short,hidden" }, each: { type: "boolean" } } });
const runs = Number(opt.runs);
/** Rows whose network loses packets in the kernel, and none of them by a relay. */
const dropped = ["outage", "guest"];
if (opt.only.split(",").some((k) => dropped.includes(k)) && !process.env.BENCH_NETWORK) {
  const inside = spawnSync("unshare", ["-rn", process.execPath, ...process.argv.slice(1)], { stdio: "inherit", env: { ...process.env, BENCH_NETWORK: "own" } });
  if (inside.error) console.error(`unshare: ${inside.error.message}`);
  process.exit(inside.status ?? 1);
}
if (process.env.BENCH_NETWORK) {
  // A browser sends no media without an interface besides loopback.
  for (const line of ["link set lo up", "link add bench0 type veth peer name bench1", "addr add 10.77.0.1/24 dev bench0", "link set bench0 up", "link set bench1 up", "route add default via 10.77.0.2"]) {
    execFileSync("ip", line.split(" "));
  }
}

/** hole drops every packet between the browser and the server while it is down; cameras have other ports. */
function hole(s) {
  const nft = (...a) => execFileSync("nft", a);
  nft("add", "table", "inet", "bench");
  nft("add", "chain", "inet", "bench", "in", "{ type filter hook input priority 0; }");
  return {
    base: s.base,
    down() {
      for (const m of [`tcp dport ${s.web}`, `tcp sport ${s.web}`, `udp dport ${s.media}`, `udp sport ${s.media}`]) nft("add", "rule", "inet", "bench", "in", ...m.split(" "), "drop");
    },
    up: () => nft("flush", "chain", "inet", "bench", "in"),
    close: () => nft("delete", "table", "inet", "bench"),
  };
}
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

/** secret is that of a share link of all six. */
const secret = async () => {
  const { url } = await s.call("POST", "/api/v1/links", { kind: "share", name: "All", cameras: s.ids, acknowledge_risk: true });
  return new URL(url).hash.slice(1);
};

const kinds = {
  /** From the moment all cameras are live at the server that was killed and started. */
  async restart(page) {
    await s.kill();
    await away(page);
    await s.start();
    await s.live();
    return Date.now();
  },
  /** From the moment the network carries again, after 20 to 22 s in which every packet was lost. */
  async outage(page, way) {
    const end = Date.now() + 20000 + Math.random() * 2000; // at any moment of the retries
    way.down();
    await away(page);
    await sleep(end - Date.now());
    const back = Date.now();
    way.up();
    return back;
  },
  /** The same for a guest of a share link. */
  async guest(page, way) {
    return kinds.outage(page, way);
  },
  /** From the moment the relay carries again, after 6 s. */
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

console.log(`six tiles, ${runs} runs each`);
console.log("| | p50 | p95 | worst | offers a recovery | load |\n|---|---|---|---|---|---|");
for (const kind of opt.only.split(",")) {
  const way = dropped.includes(kind) ? hole(s) : await network(s);
  const ctx = await context(b, desk);
  await ctx.addInitScript(install, { path: way.path });
  const page = await ctx.newPage();
  if (kind === "guest") await page.goto(`${way.base}/s#${await secret()}`);
  else await signIn(page, way.base, owner);
  await allLive(page, 6, 60000);
  const took = [];
  let offers = 0;
  for (let i = 0; i < runs; i++) {
    const before = await page.evaluate(() => window.__offers);
    const from = await kinds[kind](page, way);
    took.push(Math.max(0, (await when(page)) - from));
    if (opt.each) console.log(`# ${kind} ${i + 1}: ${took.at(-1)} ms`);
    offers = Math.max(offers, (await page.evaluate(() => window.__offers)) - before);
    await sleep(1500);
  }
  const lies = await page.evaluate(() => window.__lies.length);
  console.log(`| ${kind} | ${ms(p(took, 0.5))} | ${ms(p(took, 0.95))} | ${ms(Math.max(...took))} | ≤ ${offers} | ${loadavg()[0].toFixed(1)} |${lies ? ` ${lies} times live on a picture that stood` : ""}`);
  await ctx.close();
  way.close();
}
await b.close();
await s.stop();
await cams.stop();
process.exit(0);
