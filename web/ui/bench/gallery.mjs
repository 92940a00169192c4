// Measures in a real Chromium how a gallery of 100,000 images scrolls: time of
// each drawn frame while the wheel turns and while the bar is dragged, how soon
// what stands there has its words and pictures, and what the page holds. The
// page and its server are real; the list comes from the bench (`make
// bench-images` measures the server's), each answer 20 ms late.
//
//   node web/ui/bench/gallery.mjs [--images 100000]
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { browser, context, demo, desk, phone, signIn, sleep } from "../e2e/harness.mjs";
import { ms, p } from "./figures.mjs";

const { values: opt } = parseArgs({ options: { images: { type: "string", default: "100000" } } });
const total = Number(opt.images);
const perDay = 250;
const begin = Date.parse("2026-11-20T12:00:00Z");

/** image is number n from the newest. */
function image(n) {
  const at = new Date(time(n)).toISOString();
  return {
    id: `i${String(1e9 - n)}`, camera: "c1", camera_name: "Front door", sender: null, taken_at: at, received_at: at,
    width: 1280, height: 720, bytes: 200_000, favourite: n % 17 === 0, tags: [],
  };
}
const number = (id) => 1e9 - Number(id.slice(1));
const dayOf = (n) => image(n).taken_at.slice(0, 10);

const time = (n) => begin - Math.floor(n / perDay) * 86_400_000 - (n % perDay) * 60_000;

/** page is the server's answer to a page of the list: older than `after`, from `from` up to `to`. */
function page(url) {
  const q = url.searchParams;
  const limit = Number(q.get("limit") ?? 100);
  const from = Date.parse(q.get("from") ?? "2000-01-01T00:00:00Z");
  const to = Date.parse(q.get("to") ?? "2100-01-01T00:00:00Z");
  let n = q.has("after") ? number(q.get("after")) + 1 : 0;
  while (n < total && time(n) >= to) n += perDay; // a day's images are all in one or none of them
  const images = [];
  while (n < total && images.length < limit && time(n) >= from) images.push(image(n++));
  return { images, ...(n < total && time(n) >= from && { next: images.at(-1)?.id }) };
}

const answer = async (route, body, type = "application/json") => {
  await sleep(20);
  await route.fulfill({ contentType: type, body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body) }).catch(() => {});
};

const d = await demo();
const b = await browser();
const rows = [];
let still;
for (const [name, size] of [["desktop", desk], ["phone", phone]]) {
  const ctx = await context(b, size);
  await ctx.route(/\/api\/v1\/images(\/|\?|$)/, (route) => {
    const url = new URL(route.request().url());
    const rest = url.pathname.slice("/api/v1/images".length);
    if (rest === "") return answer(route, page(url));
    if (rest === "/days") return answer(route, { days: Array.from({ length: Math.ceil(total / perDay) }, (_, i) => ({ day: dayOf(i * perDay), count: Math.min(perDay, total - i * perDay) })) });
    if (rest === "/tags") return answer(route, { tags: [] });
    if (rest === "/quota") return answer(route, { limit: 1e11, used: 2e10, count: total, cameras: [], senders: [], skipped: 0 });
    if (rest.endsWith("/thumbnail")) return answer(route, still, "image/jpeg");
    return route.continue();
  });
  const tab = await ctx.newPage();
  await signIn(tab, d.base_url, d.accounts[0]);
  still = await tab.screenshot({ type: "jpeg", quality: 70, clip: { x: 0, y: 0, width: 320, height: 180 } }); // some picture
  const t0 = Date.now();
  await tab.goto(`${d.base_url}/gallery`);
  await tab.locator(".gcell img").first().waitFor();
  rows.push(await measure(name, tab, Date.now() - t0));
  await ctx.close();
}
await b.close();
await d.stop();
console.log(`\n${total.toLocaleString("en")} images, load ${loadavg()[0].toFixed(1)}\n`);
console.log("| screen | first pictures | frame by wheel, p50 / p95 / longest | frame by dragging, p95 / longest | words there after a jump, p95 | cells drawn, most | page's memory |");
console.log("|---|---|---|---|---|---|---|");
for (const r of rows) {
  console.log(`| ${r.name} | ${ms(r.first)} ms | ${ms(p(r.wheel, 0.5))} / ${ms(p(r.wheel, 0.95))} / ${ms(Math.max(...r.wheel))} ms | ${ms(p(r.drag, 0.95))} / ${ms(Math.max(...r.drag))} ms | ${ms(p(r.jumps, 0.95))} ms | ${r.cells} | ${Math.round(r.heap / 1e6)} MB |`);
}

/** measure scrolls a loaded gallery: 5 s by the wheel, 5 s along the bar, 25 jumps. */
async function measure(name, tab, first) {
  await tab.evaluate(() => {
    window.__frames = [];
    window.__cells = 0;
    let last = performance.now();
    const beat = (now) => {
      window.__frames.push(now - last);
      last = now;
      window.__cells = Math.max(window.__cells, document.querySelectorAll(".gcell").length);
      requestAnimationFrame(beat);
    };
    requestAnimationFrame(beat);
  });
  const frames = () => tab.evaluate(() => window.__frames.splice(0));
  const box = await tab.locator(".gscroll").boundingBox();
  await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await frames();
  for (let i = 0; i < 100; i++) {
    await tab.mouse.wheel(0, 300);
    await sleep(50);
  }
  const wheel = await frames();
  await tab.evaluate(() => new Promise((done) => {
    const el = document.querySelector(".gscroll");
    let n = 0;
    const step = () => {
      el.scrollTop = (el.scrollHeight - el.clientHeight) * (n / 300);
      if (n++ < 300) requestAnimationFrame(step);
      else done();
    };
    step();
  }));
  const drag = await frames();
  const jumps = [];
  for (let i = 0; i < 25; i++) {
    jumps.push(await tab.evaluate((where) => new Promise((done) => {
      const el = document.querySelector(".gscroll");
      const from = performance.now();
      el.scrollTop = (el.scrollHeight - el.clientHeight) * where;
      const look = () => {
        const box = el.getBoundingClientRect();
        const seen = [...el.querySelectorAll(".gcell")].filter((c) => {
          const r = c.getBoundingClientRect();
          return r.bottom > box.top && r.top < box.bottom;
        });
        if (performance.now() - from > 50 && seen.length > 0 && seen.every((c) => c.dataset.image)) done(performance.now() - from);
        else setTimeout(look, 10);
      };
      setTimeout(look, 10);
    }), ((i * 37) % 100) / 100));
  }
  return { name, first, wheel, drag, jumps, cells: await tab.evaluate(() => window.__cells), heap: await tab.evaluate(() => performance.memory.usedJSHeapSize) };
}
