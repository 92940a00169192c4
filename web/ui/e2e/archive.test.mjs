// Two cameras are recorded, one of them with a gap. Their owner scrubs, steps
// frame by frame, plays over the gap and looks at both in sync; a neighbour with
// Archive alone sees nothing newer than the guard, and nothing once it is taken
// away.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { first, footage, look, member, opened, records, seconds, serve } from "./fresh.mjs";
import { browser, button, camera, desk, phone, shot, tiles, until, word } from "./harness.mjs";

/** The guard is 60 s (R13; TestR13 of the server holds that): here shorter, so that something older exists within the time of a test. */
const guard = 12;

describe("recordings", () => {
  let p, b, owner, anna, gate, yard, page, his, cams = [];
  const found = [];
  const slow = Number(process.env.E2E_SLOW ?? 1);

  /** seen is what the tiles of the archive say and show. */
  const seen = (pg = page) => pg.$$eval(".ar-tile", (l) => l.map((e) => ({ camera: e.dataset.camera, state: e.dataset.state, at: Number(e.dataset.at), now: Date.now(), word: e.querySelector(".st").textContent, paused: e.querySelector("video").paused })));
  const state = async (want, pg = page) => {
    let last = [];
    await until(want, async () => (last = await seen(pg)).length > 0 && last.every((t) => t.state === want)).catch((e) => assert.fail(`${e.message}, it shows ${JSON.stringify(last)}`));
  };
  const open = (email, path, options) => opened(b, p, email, path, options);
  const see = async (pg, name) => found.push(...(await look(pg, `archive-${name}`)));
  /** around is the footage before and after the gap that this test makes: the longest; a busy machine may leave out something too. */
  const around = (spans) => {
    const all = spans.map((s) => ({ from: Date.parse(s.from), to: Date.parse(s.to) }));
    const gaps = all.slice(1).map((s, i) => [all[i], s]);
    return gaps.sort(([a, b], [c, d]) => d.from - c.to - (b.from - a.to))[0] ?? [];
  };
  const clock = () => page.locator(".ar-clock b").textContent();

  before(async () => {
    [p, b, ...cams] = await Promise.all([
      serve(["--authz-archive-guard", `${guard}s`]),
      browser(), camera(), camera(),
    ]);
    owner = await first(p, { email: "olena@example.org", name: "Olena" });
    await owner("PATCH", "/api/v1/instance", { registration: "invite" });
    anna = await member(p, owner, { email: "anna@example.org", name: "Anna" });
    const add = async (name, c) => {
      const made = await owner("POST", "/api/v1/cameras", { kind: "rtsp", name, main: c.main, sub: c.sub, zone: "Europe/Kyiv" });
      await records(owner, made.id, "sub");
      return made;
    };
    [gate, yard] = [await add("Gate", cams[0]), await add("Yard", cams[1])];
    await owner("POST", "/api/v1/views", { name: "Both", rows: 1, columns: 2, cells: [{ camera: gate.id }, { camera: yard.id }], default_for: ["desktop"] });
    await until("eleven seconds of both", async () => (await Promise.all([gate, yard].map(async (c) => seconds((await footage(owner, c.id, "sub")).slice(-1))))).every((s) => s > 11));
  });
  after(async () => {
    await b?.close();
    await Promise.all(cams.map((c) => c?.stop()));
    await p?.stop();
  });

  it("TestR95_ goes back in a tile of the live wall and to live again", async () => {
    // The gate is away meanwhile: that is its gap.
    const listen = cams[0].listen;
    await cams[0].stop();
    page = await open("olena@example.org", "/");
    await until("the yard to be live", async () => (await tiles(page)).some((t) => t.camera === yard.id && t.state === "live"));
    const back = (async () => { cams[0] = await camera({ listen }); })();
    const place = (await tiles(page)).findIndex((t) => t.camera === yard.id);
    const tile = page.locator(`li.tile[data-camera="${yard.id}"]`);
    await tile.getByRole("button", { name: word("archive.of", { name: "Yard" }), exact: true }).waitFor({ state: "attached" });
    await page.keyboard.press(String(place + 1));
    await until("the yard to be chosen", async () => (await tile.getAttribute("aria-current")) === "true");
    await page.keyboard.press("[");
    await tile.locator(".ar-past.ar-recorded .ar-past-what b").waitFor();
    assert.match(await tile.getAttribute("aria-label"), new RegExp(word("archive.recorded")));
    assert.doesNotMatch(await tile.locator(".rail .st").textContent(), new RegExp(word("tile.live")), "live is never said of a recording");
    await see(page, "in-place-desk");
    await page.keyboard.press("?");
    await page.locator("dialog").getByText(word("keys.back10")).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("l");
    await until("live again at once", async () => (await tiles(page)).find((t) => t.camera === yard.id)?.state === "live");
    await back;
  });

  it("opens a camera's recordings, and goes by keys, frames and the pointer", async () => {
    await tiles(page);
    await page.locator(`li.tile[data-camera="${gate.id}"]`).getByRole("button", { name: word("archive.of", { name: "Gate" }), exact: true }).click({ force: true });
    await page.waitForURL(new RegExp(`/archive/${gate.id}`));
    const [first, second] = await until("the gate to be recorded again", async () => {
      const two = around(await footage(owner, gate.id, "sub"));
      return two[1]?.to - two[1]?.from > 6000 && two;
    });

    // A moment in the address: seven seconds before the gap.
    await page.goto(`${p.base}/archive/${gate.id}?at=${new Date(first.to - 6000).toISOString()}`);
    await state("recorded");
    await page.keyboard.press(" ");
    await until("it to stand still", async () => (await seen())[0].paused);
    const slider = page.getByRole("slider", { name: word("archive.timeline") });
    assert.match(await slider.getAttribute("aria-valuetext"), /\d\d:\d\d:\d\d \(Kyiv\): Recorded/);

    // Frame by frame, there and back: the same frame again.
    const frames = async (key, n) => {
      const out = [];
      for (let i = 0; i < n; i++) {
        const was = (await seen())[0].at;
        await page.keyboard.press(key);
        out.push(await until(`another frame by ${key}`, async () => { const { at } = (await seen())[0]; return at !== was && at; }) - was);
      }
      return out;
    };
    const start = (await seen())[0].at;
    const on = await frames(".", 3), off = await frames(",", 3);
    for (const d of on) assert.ok(d > 15 && d < 130, `a step of ${d} ms`);
    for (const d of off) assert.ok(d < -15 && d > -130, `a step of ${d} ms`);
    const end = (await seen())[0].at;
    assert.ok(Math.abs(end - start) < 2, `three on (${on}) and three back (${off}) is where it began: ${end - start} ms off`);

    // The pointer: zoomed in, so that a second is some pixels.
    for (let i = 0; i < 5; i++) await page.keyboard.press("+");
    const track = await page.locator(".ar-track").boundingBox();
    const at = async (t) => track.x + (await page.evaluate((t) => {
      const s = document.querySelector(".ar-slider");
      const [from, to] = [Number(s.ariaValueMin), Number(s.ariaValueMax)].map((x) => x * 1000);
      return ((t - from) / (to - from)) * s.clientWidth;
    }, t));
    await page.mouse.move(await at(first.to - 5000), track.y + 12);
    await page.locator(".ar-tip img").waitFor(); // the small picture of that moment
    await shot(page, "archive-hover-desk");
    await page.mouse.down();
    for (const s of [5, 4.5, 4, 3.5, 3]) await page.mouse.move(await at(first.to - s * 1000), track.y + 12, { steps: 3 });
    await page.mouse.up();
    await until("the picture of where the pointer let go", async () => Math.abs((await seen())[0].at - (first.to - 3000)) < 700);
    await slider.press("ArrowLeft");
    await until("a little before", async () => (await seen())[0].at < first.to - 3300);

    // In the gap there is nothing, which is said, with the way on.
    await page.mouse.click(await at((first.to + second.from) / 2), track.y + 12);
    await state("gap");
    await button(page, "archive.go_on", { time: new Date(second.from).toLocaleTimeString("en-GB", { timeZone: "Europe/Kyiv" }) }).waitFor();
    await see(page, "gap-desk");

    // Played over: it jumps, and says so.
    await page.mouse.click(await at(first.to - 2500), track.y + 12);
    await state("recorded");
    await page.keyboard.press(" ");
    const said = page.locator(".ar-said");
    await until("the sentence of the jump", async () => (await said.textContent()).startsWith(word("archive.jumped").split("{")[0]));
    await until("footage behind the gap", async () => { const [t] = await seen(); return t?.state === "recorded" && t.at >= second.from - 100; });
    await see(page, "desk");

    await page.keyboard.press("[");
    await page.keyboard.press("L");
    await page.waitForURL(p.base + "/");
  });

  it("has days, marks of events, speeds and a range", async () => {
    const { key } = await owner("POST", `/api/v1/cameras/${gate.id}/hook`, {});
    const report = await fetch(`${p.base}/hooks/${gate.id}`, { method: "POST", headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" }, body: JSON.stringify({ kind: "vehicle", text: "White van" }) });
    assert.equal(report.status, 204);
    await page.goto(`${p.base}/archive/${gate.id}`);
    await state("recorded");
    await page.locator(".ar-event").first().waitFor({ state: "attached" });
    await button(page, "archive.event_back").click();
    await state("recorded");
    await page.getByRole("button", { name: new RegExp("^" + word("archive.speed").split(":")[0]) }).click();
    await page.getByRole("menuitemradio", { name: "½×" }).click();
    await until("half speed", () => page.evaluate(() => document.querySelector(".ar-tile video").playbackRate === 0.5));
    await page.keyboard.press("i");
    await page.locator(".ar-picked").waitFor();
    await page.locator(".ar-days button.quiet").nth(1).click();
    await page.locator(".ar-cal .some.on").waitFor();
    await see(page, "days-desk");
    await page.keyboard.press("Escape");
    await page.setViewportSize(phone);
    await until("the phone's page", () => page.evaluate(() => innerWidth === 390));
    await see(page, "phone");
    await page.setViewportSize(desk);
  });

  it("plays the wall in sync: drift under 200 ms, seeks to the first frame measured", async () => {
    const [before, later] = around(await footage(owner, gate.id, "sub"));
    await page.goto(`${p.base}/archive?cameras=${gate.id},${yard.id}&at=${new Date(later.from + 500).toISOString()}`);
    await state("recorded");
    // The picture on the screen against the common clock: how far the two tiles are from one another, frame by frame.
    const drift = await page.evaluate(async () => {
      const videos = [...document.querySelectorAll(".ar-tile")];
      const last = videos.map(() => undefined);
      const out = [];
      let end = false;
      videos.forEach((li, i) => {
        const v = li.querySelector("video");
        const frame = (_, m) => {
          if (end) return;
          v.requestVideoFrameCallback(frame);
          // data-at is set by the page's own callback of this frame, which was asked for before.
          last[i] = { at: Number(li.dataset.at), seen: m.expectedDisplayTime };
          const [a, b] = last;
          if (a && b && !v.paused) out.push(Math.abs(a.at - a.seen - (b.at - b.seen)));
        };
        v.requestVideoFrameCallback(frame);
      });
      for (let i = 0; i < 200 && out.length < 60; i++) await new Promise((r) => setTimeout(r, 200));
      end = true;
      return out.sort((a, b) => a - b);
    });
    const p95 = drift[Math.floor(drift.length * 0.95)];
    assert.ok(drift.length > 20, `${drift.length} pairs of frames`);
    console.log(`# drift between two tiles: median ${Math.round(drift[drift.length >> 1])} ms, p95 ${Math.round(p95)} ms`);
    assert.ok(p95 < 200 * slow, `drift p95 ${p95} ms`);
    await see(page, "wall-desk");

    // Where one has a gap it says so, while the other goes on.
    await page.goto(`${p.base}/archive?cameras=${gate.id},${yard.id}&at=${new Date(before.to - 1500).toISOString()}`);
    await until("the gap of one beside the picture of the other", async () => { const [g, y] = await seen(); return g?.state === "gap" && y?.state === "recorded"; });
    await shot(page, "archive-wall-gap-desk");

    // Seeks of one camera, all over what there is; printed, and held to the bar where the machine is not slowed.
    await page.goto(`${p.base}/archive/${yard.id}`);
    await state("recorded");
    await page.keyboard.press(" ");
    const [y] = (await footage(owner, yard.id, "sub")).map((s) => [Date.parse(s.from), Date.parse(s.to)]).sort((a, b) => b[1] - b[0] - (a[1] - a[0]));
    const range = [y[0] + 500, y[1] - 2000];
    const times = [];
    for (let i = 0; i < 12; i++) {
      const t = range[0] + ((range[1] - range[0]) * ((i * 7) % 12)) / 12;
      const n = await page.evaluate(() => performance.getEntriesByName("archive seek").length);
      await page.evaluate((at) => {
        history.pushState(null, "", `${location.pathname}?at=${new Date(at).toISOString()}`);
        dispatchEvent(new PopStateEvent("popstate"));
      }, t);
      times.push(await until("the frame of a seek", () => page.evaluate((n) => performance.getEntriesByName("archive seek")[n]?.duration, n)).catch(async (e) => assert.fail(`${e.message} to ${new Date(t).toISOString()}, it shows ${JSON.stringify(await seen())}, ${JSON.stringify(await page.evaluate(() => { const v = document.querySelector(".ar-tile video"); return { at: v.currentTime, seeking: v.seeking, ready: v.readyState, clock: document.querySelector(".ar-clock b").textContent, has: [...Array(v.buffered.length)].map((_, i) => [v.buffered.start(i), v.buffered.end(i)]) }; }))}`)));
    }
    times.sort((a, b) => a - b);
    console.log(`# seek to the first painted frame: median ${Math.round(times[6])} ms, p95 ${Math.round(times[11])} ms`);
  });

  it("shows who has Archive alone nothing newer than the guard, and says it; nothing once it is taken away", async () => {
    const { version } = await owner("GET", `/api/v1/cameras/${yard.id}/access`);
    await owner("PUT", `/api/v1/cameras/${yard.id}/access`, { version, rows: [{ email: "anna@example.org", levels: ["archive"] }] });
    const { offers } = await anna("GET", "/api/v1/offers");
    await anna("POST", `/api/v1/offers/${offers[0].grant_id}/accept`, {});
    his = await open("anna@example.org", `/archive/${yard.id}`, { colorScheme: "light" });
    await state("recorded", his);
    await his.getByText(word("archive.limited", { time: `${guard} s` })).waitFor();
    // Whatever is pressed, no frame is younger.
    for (const act of ["End", "ArrowRight", "PageUp"]) await his.getByRole("slider").press(act);
    await button(his, "archive.newest").click();
    const ages = [];
    await until("thirty looks at a picture", async () => {
      const [t] = await seen(his);
      if (t.state === "recorded") ages.push(t.now - t.at);
      return ages.length === 30;
    });
    assert.ok(Math.min(...ages) > guard * 1000 - 300, `the youngest picture is ${Math.min(...ages)} ms old`);
    await see(his, "limited-desk");
    await anna("PATCH", "/api/v1/me", { language: "ar", theme: "light" });
    await his.reload();
    await state("recorded", his);
    await see(his, "arabic-light-desk");
    await his.setViewportSize(phone);
    await see(his, "arabic-light-phone");

    const table = await owner("GET", `/api/v1/cameras/${yard.id}/access`);
    await owner("PUT", `/api/v1/cameras/${yard.id}/access`, { version: table.version, rows: [] });
    await until("the picture to be taken away", async () => { const l = await seen(his); return l.length === 0 || l.every((t) => t.state === "restricted"); }, 5000 * slow);
  });

  it("has nothing against it", () => {
    assert.deepEqual(found, []);
    // A player that is left before it began lets go of its media: the browser calls that a file it has not found.
    assert.deepEqual(b.contexts().flatMap((c) => c.trouble).filter((t) => !/ERR_FILE_NOT_FOUND/.test(t)), []);
  });
});
