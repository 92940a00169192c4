// Measures in a real Chromium what a person sees after a click: the first
// picture, when it is the present, how old it stays, and whether it stands still.
// Prints tables as docs/ref/performance.md has them.
//
//   node web/ui/bench/chromium.mjs [--runs 10] [--only one|six|shaped] [--links clean,loss,20,8] [--keys 2,10] [--gaps] [--json FILE]
import { mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { cpus, loadavg } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { api, browser, context, demo, desk, program, signIn, sleep, until } from "../e2e/harness.mjs";
import { figures, ms, p } from "./figures.mjs";
import { tcpLink, udpLink } from "./link.mjs";
import { install } from "./page.mjs";

const { values: opt } = parseArgs({
  options: {
    runs: { type: "string", default: "10" }, only: { type: "string", default: "one,six,shaped" },
    links: { type: "string", default: "clean,loss,20,8" }, keys: { type: "string", default: "2,10" }, json: { type: "string" },
    gaps: { type: "boolean" },
  },
});
const runs = Number(opt.runs);
const links = {
  clean: { name: "clean" },
  loss: { name: "30 ms, 1 % loss", delay: 15, loss: 0.01 },
  20: { name: "20 Mbit/s, 30 ms", delay: 15, bits: 20e6 },
  8: { name: "8 Mbit/s, 30 ms", delay: 15, bits: 8e6 },
};
const watchFor = 6500;

/** cameras with a key frame every 10 s: six players of one clip, each at its own place in it. */
async function slowCameras(d, n) {
  const call = api(d.base_url, d.accounts[0].token);
  const out = [];
  for (let i = 0; i < n; i++) {
    const proc = program(["demo-cameras", "--only", "Aisle 3"]);
    const line = await until("a camera to serve", () => proc.output().match(/^\{.*\}$/m)?.[0], 120000);
    const c = JSON.parse(line).cameras[0];
    const cam = await call("POST", "/api/v1/cameras", { name: `Aisle ${i + 1}`, main: c.rtsp_main, sub: c.rtsp_sub });
    out.push({ ...proc, id: cam.id, from_ms: c.from_ms });
    await sleep(1300); // another place
  }
  await until("the cameras to be live", async () => {
    const { cameras } = await call("GET", "/api/v1/cameras");
    return out.every((o) => cameras.find((c) => c.id === o.id)?.state?.layers?.sub?.status === "live");
  }, 60000);
  await sleep(11000); // rings with a whole group of pictures
  return out;
}

/** freePort is a port nobody has, UDP and TCP. */
async function freePort() {
  const s = net.createServer();
  await new Promise((r) => s.listen(0, r));
  const { port } = s.address();
  await new Promise((r) => s.close(r));
  return port;
}

/** open is a page behind a link, signed in. */
async function open(b, d, link) {
  const media = await udpLink(d.media, link);
  const web = await tcpLink(Number(new URL(d.base_url).port), link);
  const ctx = await context(b, desk);
  await ctx.addInitScript(install, { media: media.port, server: d.media });
  const page = await ctx.newPage();
  const base = `http://127.0.0.1:${web.port}`;
  await signIn(page, base, d.accounts[0]);
  await page.waitForSelector("li.tile[data-slot]");
  return {
    page, media,
    async close() {
      await ctx.close();
      media.close();
      web.close();
    },
  };
}

/** away goes to another screen, which ends the viewing session. */
async function away(page) {
  await page.locator('a[href="/settings/account"], a[href^="/settings"]').first().click();
  await page.waitForFunction(() => !document.querySelector("li.tile"));
}

/** click goes to the wall and watches it. */
async function click(page, each, time) {
  await page.evaluate((n) => window.__watch(n), each);
  await page.locator('header a[href="/"], nav a[href="/"]').first().click();
  await sleep(time);
  return page.evaluate(() => {
    clearInterval(window.__stateTimer);
    return { tiles: window.__tiles, marks: window.__marks, until: performance.now() - window.__marks.click, states: window.__states };
  });
}

async function view(call, cams) {
  const { views } = await call("GET", "/api/v1/views");
  for (const v of views) if (v.version) await call("DELETE", `/api/v1/views/${v.id}`);
  await call("POST", "/api/v1/views", {
    name: "Bench", rows: cams.length > 1 ? 2 : 1, columns: cams.length > 1 ? 3 : 1, cells: cams.map((c) => ({ camera: c.id })), default_for: ["desktop"],
  });
}

/** tell prints where each tile stood still and what it said: --gaps. */
function tell(cams, r, list, link) {
  cams.forEach((c, i) => {
    const { frames = [] } = r.tiles[c.id] ?? {};
    const gaps = frames.slice(1).flatMap((f, k) => (f[0] - frames[k][0] > 250 ? [`${ms(frames[k][0])}+${ms(f[0] - frames[k][0])}`] : []));
    const said = r.states.filter(([, id]) => id === c.id).map(([t, , s]) => `${ms(t)}:${s}`);
    console.log(`#   tile ${i}: first ${ms(list[i].first)}, live ${ms(list[i].live)}, ${frames.length} frames, gaps ${gaps.join(" ") || "none"}; ${said.join(" ")}`);
  });
  console.log(`#   link: ${link.sent} packets, ${link.full} overflowed, ${link.lost} lost`);
}

const rows = [];
async function measure(b, d, call, cams, link, key) {
  await view(call, cams);
  const at = await open(b, d, { ...link });
  const tiles = [], walls = [], steps = [];
  try {
    for (let i = 0; i < runs; i++) {
      await away(at.page);
      await sleep(700 + ((key * 1000) / runs) * 1.37 * (i % 4));
      const r = await click(at.page, cams.length > 1 ? 4 : 1, watchFor);
      const list = cams.map((c) => figures(r.tiles[c.id] ?? { frames: [] }, c.from_ms, r.until));
      tiles.push(...list);
      if (opt.gaps) tell(cams, r, list, at.media.stats);
      walls.push(p(list.map((f) => f.first), 1));
      const m = r.marks;
      steps.push({ offer: m.offer - m.click, answer: m.answer - m.offer, connect: m.connected - m.answer, picture: (list[0].first ?? NaN) - (m.connected - m.click) });
    }
  } finally {
    await at.close();
  }
  const all = (k) => tiles.map((t) => t[k]);
  const step = (k) => ms(p(steps.map((s) => s[k]), 0.5));
  const row = {
    tiles: cams.length, link: link.name, key, n: tiles.length,
    first50: p(all("first"), 0.5), first95: p(all("first"), 0.95), wall50: p(walls, 0.5), wall95: p(walls, 0.95), live50: p(all("live"), 0.5), live95: p(all("live"), 0.95),
    at2: p(all("at2"), 0.5), at5: p(all("at5"), 0.5), at595: p(all("at5"), 0.95),
    freezes: all("freezes").reduce((a, b) => a + b, 0), longest: Math.max(...all("longest")), load: loadavg()[0],
    steps: `${step("offer")} / ${step("answer")} / ${step("connect")} / ${step("picture")}`,
  };
  rows.push(row);
  console.log(`| ${row.tiles} | ${row.link} | ${key} s | ${ms(row.first50)} / ${ms(row.first95)} | ${ms(row.wall50)} / ${ms(row.wall95)} | ${ms(row.live50)} / ${ms(row.live95)} | ${ms(row.at2)} | ${ms(row.at5)} / ${ms(row.at595)} | ${row.freezes}, ${ms(row.longest)} | ${row.steps} | ${row.load.toFixed(1)} |`);
}

/** shaped: six tiles while the link goes 3, 1, 10 Mbit/s; a tile may stand still for 2 s only with its reason. */
async function shaped(b, d, call, cams) {
  await view(call, cams);
  const link = { delay: 15, bits: 3e6 };
  const at = await open(b, d, link);
  try {
    await away(at.page);
    const plan = [[3e6, 20000], [1e6, 20000], [10e6, 25000]];
    const change = (async () => {
      for (const [bits, time] of plan) {
        link.bits = bits;
        await sleep(time);
      }
    })();
    setTimeout(() => at.page.screenshot({ path: path.join(process.env.TEST_OUTPUT ?? "test-output", "shaped-1-mbit.png") }).catch(() => {}), 35000);
    const r = await click(at.page, 4, plan.reduce((a, [, t]) => a + t, 0));
    await change;
    console.log("\n| tile | frames at 3 / 1 / 10 Mbit/s | stood still > 2 s | of it without a reason | last second |\n|---|---|---|---|---|");
    for (const c of cams) {
      const { frames = [] } = r.tiles[c.id] ?? {};
      const part = (a, z) => frames.filter(([t]) => t >= a && t < z).length;
      const times = [0, ...frames.map(([t]) => t), r.until];
      let still = 0, mute = 0;
      for (let i = 1; i < times.length; i++) {
        const [a, z] = [times[i - 1], times[i]];
        if (z - a <= 2000) continue;
        still += z - a;
        // The reason stands on the tile once its state or message says so.
        const told = r.states.find(([t, id, s]) => id === c.id && t >= a - 500 && t <= z && !s.startsWith("live|"));
        mute += told ? Math.max(0, told[0] - a - 2000) : z - a;
      }
      console.log(`| ${c.name ?? c.id.slice(-4)} | ${part(0, 20000)} / ${part(20000, 40000)} / ${part(40000, 65000)} | ${ms(still)} ms | ${ms(mute)} ms | ${part(r.until - 1000, r.until)} |`);
    }
    rows.push({ shaped: r.states });
  } finally {
    await at.close();
  }
}

const want = (name) => opt.only.split(",").includes(name);
const media = await freePort();
const d = await demo(["--media-port", String(media)]);
d.media = media;
let b, slow = [];
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await Promise.allSettled([b?.close(), d.stop(), ...slow.map((c) => c.stop())]);
    process.exit(1);
  });
}
try {
  const call = api(d.base_url, d.accounts[0].token);
  b = await browser();
  console.log(`Chromium ${b.version()}, headless, software decoding, on ${cpus().length} cores (${cpus()[0]?.model ?? "?"}) shared with server, cameras and the relay. Times in ms after the click, p50 / p95.`);
  console.log("\n| tiles | link | key frames | first picture | all pictures | within 200 ms of live | age at 2 s | age at 5 s | gaps > 250 ms, longest | offer / answer / connect / picture | load |");
  console.log("|---|---|---|---|---|---|---|---|---|---|---|");
  for (const key of opt.keys.split(",").map(Number)) {
    let cams = d.cameras.filter((c) => c.key_interval_s === 2);
    if (key === 10) cams = slow = await slowCameras(d, 6);
    else cams = [...cams, ...d.cameras.filter((c) => c.key_interval_s !== 2)].slice(0, 6);
    for (const l of opt.links.split(",")) {
      if (want("one")) await measure(b, d, call, [cams[0]], links[l], key);
      if (want("six")) await measure(b, d, call, cams, links[l], key);
    }
    if (want("shaped") && key === 2) await shaped(b, d, call, cams);
  }
} finally {
  await b?.close();
  for (const c of slow) await c.stop();
  await d.stop();
}
if (opt.json) {
  mkdirSync(path.dirname(opt.json), { recursive: true });
  writeFileSync(opt.json, JSON.stringify(rows, null, 1));
}
