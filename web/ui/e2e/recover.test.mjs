// What goes away and comes back: the server, the network, a camera, the page
// itself, the decoder, a person. And no picture that stands is ever called live.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { install, network, owner, server, six } from "./away.mjs";
import { allLive, browser, button, camera, context, desk, findings, folder, moving, phone, shot, signIn, sleep, tiles, until, word } from "./harness.mjs";

describe("recovery", { concurrency: 2 }, () => {
  let b, cams, gate, list, s;
  before(async () => {
    [b, cams, gate] = await Promise.all([browser(), six(), camera()]);
    list = cams.cameras.map((c) => ({ name: c.name, main: c.rtsp_main, sub: c.rtsp_sub }));
    s = await server(folder(), list);
    await s.live();
  });
  after(async () => {
    await b?.close();
    await s?.stop();
    await Promise.all([cams?.stop(), gate?.stop()]);
  });

  /** open is a wall of six (or of n) in a page that is watched. */
  const open = async (at, { path, spoil, viewport = desk, base = at.base, n = 6 } = {}) => {
    const ctx = await context(b, viewport);
    await ctx.addInitScript(install, { path, spoil });
    const page = await ctx.newPage();
    await signIn(page, base, owner);
    await allLive(page, n, 60000);
    return { ctx, page };
  };
  const honest = async (page) => assert.deepEqual(await page.evaluate(() => window.__lies), [], "live on a picture that stands");
  const offers = (page) => page.evaluate(() => window.__offers);
  /** calm holds the offers since some moment to what is no stampede: few, and one in two seconds while nobody answers. */
  const calm = async (page, before, since) => {
    const [n, s] = [(await offers(page)) - before, (Date.now() - since) / 1000];
    console.log(`${n} offers in ${Math.round(s)} s`);
    assert.ok(n <= 4 + s / 2, `${n} offers in ${s} s`);
  };
  const all = async (page, n, wanted, limit) => {
    let last;
    await until(`${n} tiles that are ${wanted}`, async () => (last = await tiles(page)).filter((t) => wanted.includes(t.state)).length === n, limit)
      .catch((e) => { throw new Error(`${e.message}, they say ${JSON.stringify(last)}`); });
  };
  const viewing = (page) => page.evaluate(() => performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/viewing")).length);

  it("R97: comes back by itself when the server was killed and is started again, without a stampede", async () => {
    const own = await server(folder(), list);
    try {
      await own.live();
      const { ctx, page } = await open(own);
      const [before, since] = [await offers(page), Date.now()];
      await own.kill();
      await all(page, 6, ["stalled", "reconnecting"]);
      await all(page, 6, ["reconnecting"]);
      await page.mouse.move(5, 5);
      await shot(page, "recover-restart-desk");
      assert.ok((await page.$$eval("li.tile .pic", (l) => l.filter((e) => e.closest("li").matches(".pic-dim")).length)) === 6, "the last picture stays, dimmed");
      await own.start();
      await own.live();
      const t0 = Date.now();
      await allLive(page, 6);
      assert.ok(Date.now() - t0 < 9000, `six live ${Date.now() - t0} ms after their cameras`);
      await moving(page, 6);
      await calm(page, before, since);
      await honest(page);
      await ctx.close();
    } finally {
      await own.stop();
    }
  });

  it("R97: comes back when the network does, and lies at no moment of it", async () => {
    const way = await network(s);
    const { ctx, page } = await open(s, { base: way.base, path: way.path });
    const [before, since] = [await offers(page), Date.now()];
    way.down();
    await all(page, 6, ["stalled", "reconnecting"]);
    await shot(page, "recover-network-desk");
    await all(page, 6, ["reconnecting"]);
    way.up();
    const t0 = Date.now();
    await allLive(page, 6);
    assert.ok(Date.now() - t0 < 9000, `six live ${Date.now() - t0} ms after the network`);
    await moving(page, 6);
    await calm(page, before, since);
    await honest(page);
    await ctx.close();
    way.close();
  });

  it("shows what has changed while nobody could tell it", async () => {
    const way = await network(s);
    const ctx = await context(b, desk);
    await ctx.addInitScript(install, {});
    const page = await ctx.newPage();
    await signIn(page, way.base, owner);
    await page.locator("li.tile").first().waitFor();
    await page.goto(way.base + "/cameras");
    const [name, id] = [list.at(-1).name, s.ids.at(-1)];
    await page.getByText(name).first().waitFor();
    await until("its socket is up", () => page.evaluate(() => window.__sockets.at(-1)?.readyState === 1));
    way.down();
    await page.evaluate(() => window.__cut());
    await s.call("PATCH", `/api/v1/cameras/${id}`, { name: "Orchard" });
    way.up();
    await page.getByText("Orchard").first().waitFor();
    await s.call("PATCH", `/api/v1/cameras/${id}`, { name });
    await page.getByText(name).first().waitFor();
    await ctx.close();
    way.close();
  });

  it("R91: a camera that freezes is stalled, reconnecting, offline with its last picture, and back", async () => {
    const one = await server(folder(), [{ name: "Gate", main: gate.main, sub: gate.sub }]);
    try {
      await one.live();
      const { ctx, page } = await open(one, { n: 1 });
      const hand = await open(one, { n: 1, viewport: phone });
      process.kill(gate.pid, "SIGSTOP"); // RTSP stays open, nothing comes
      try {
        await all(page, 1, ["reconnecting"]);
        for (const [name, p] of [["desk", page], ["phone", hand.page]]) await shot(p, "recover-reconnecting-" + name);
        await all(page, 1, ["offline"], 60000);
        await until("the last picture, dark", async () => page.$eval("li.tile", (e) => e.matches(".pic-dark")));
        await until("it is read out", async () => (await page.locator("[role=alert]").allTextContents()).some((x) => x.includes(word("tile.offline"))));
        for (const [name, p] of [["desk", page], ["phone", hand.page]]) await shot(p, "recover-offline-" + name);
        assert.deepEqual(await findings(page), []);
        const said = (await page.evaluate(() => window.__states.map((x) => x[2]))).join();
        // The server leaves a silent camera after 5 s; what is on its way until then may be painted for longer than one of them.
        assert.match(said, /live,(stalled,)?reconnecting,offline$/);
      } finally {
        process.kill(gate.pid, "SIGCONT");
      }
      await button(page, "wall.try_now").click({ timeout: 1000 }).catch(() => {});
      for (const p of [page, hand.page]) {
        await allLive(p, 1, 60000);
        await moving(p, 1);
        await honest(p);
      }
      await hand.ctx.close();
      await ctx.close();
    } finally {
      await one.stop();
    }
  });

  it("R91: a decoder that gets nothing, or nothing it can read, is never live, and comes back", async () => {
    const { ctx, page } = await open(s, { spoil: true, viewport: phone, n: 2 });
    for (const how of ["drop", "break"]) {
      await page.evaluate((h) => { window.__spoil = h; }, how);
      await all(page, 2, ["stalled"]);
      await until("the clock is red", () => page.$eval("li.tile .ck", (e) => getComputedStyle(e).color === getComputedStyle(e.closest("li").querySelector(".st")).color));
      await shot(page, `recover-stalled-${how}-phone`);
      await page.evaluate(() => { window.__spoil = ""; });
      await allLive(page, 2);
      await moving(page, 2);
    }
    await honest(page);
    await ctx.close();
  });

  it("R97: a page that was hidden shows the present again, and nothing of before as live", async () => {
    const { ctx, page } = await open(s);
    for (const ms of [300, 5000]) {
      await page.evaluate(() => window.__hide(true));
      await sleep(ms); // how long it is hidden is what is tried
      const shown = await page.evaluate(() => {
        window.__hide(false);
        return [...document.querySelectorAll("li.tile[data-slot]")].map((e) => e.dataset.state);
      });
      assert.ok(!shown.includes("live") || ms < 1000, `live at once: ${shown}`);
      const t0 = Date.now();
      await allLive(page, 6);
      assert.ok(Date.now() - t0 < 9000, `six live after ${Date.now() - t0} ms`);
    }
    const cdp = await ctx.newCDPSession(page);
    await cdp.send("Page.setWebLifecycleState", { state: "frozen" });
    await sleep(6000); // as long as nothing in the page runs
    await cdp.send("Page.setWebLifecycleState", { state: "active" });
    await allLive(page, 6);
    await moving(page, 6);
    await page.$$eval("li.tile video", (l) => { for (const v of l) v.pause(); });
    await moving(page, 6);
    await page.$$eval("li.tile", (l) => { for (const e of l) e.style.display = "none"; });
    await sleep(4500); // longer than a picture may stand
    await page.$$eval("li.tile", (l) => { for (const e of l) e.style.display = ""; });
    await moving(page, 6);
    await honest(page);
    await ctx.close();
  });

  it("R87: an hour without input freezes all, and Continue brings it back at once", async () => {
    const idle = await server(folder(), list.slice(0, 2), ["--limits-idle", "12s"]);
    try {
      await idle.live();
      const { ctx, page } = await open(idle, { n: 2 });
      await all(page, 2, ["frozen"]);
      await until("nothing is sent any more", async () => {
        const bytes = () => page.evaluate(async () => {
          let n = 0;
          for (const pc of window.__peers) if (pc.connectionState !== "closed") (await pc.getStats()).forEach((x) => { if (x.type === "inbound-rtp") n += x.bytesReceived; });
          return n;
        });
        const before = await bytes();
        await sleep(500);
        return (await bytes()) === before;
      });
      await shot(page, "recover-frozen-desk");
      assert.equal(await page.locator("li.tile.pic-dim").count(), 2, "the last frames stay, dimmed");
      assert.deepEqual(await findings(page), []);
      await idle.kill();
      await idle.start();
      await sleep(2500); // time enough to come back, which it must not
      assert.equal((await tiles(page)).filter((t) => t.state === "frozen").length, 2, "nobody is there: a restart changes nothing");
      const t0 = Date.now();
      await button(page, "wall.continue").first().click();
      await allLive(page, 2);
      assert.ok(Date.now() - t0 < 9000, `live after ${Date.now() - t0} ms`);
      await all(page, 2, ["frozen"]);
      await page.setViewportSize(phone);
      await shot(page, "recover-frozen-phone");
      await page.keyboard.press("x");
      await allLive(page, 2);
      await honest(page);
      await ctx.close();
    } finally {
      await idle.stop();
    }
  });

  it("keeps pictures and viewing session when the socket drops, and one device does not disturb another", async () => {
    const one = await open(s);
    const two = await open(s, { viewport: phone, n: 2 });
    const [first, asked] = [await viewing(one.page), await offers(one.page)];
    const before = await one.page.evaluate(() => window.__states.length); // a second page beside it is not what is tried
    for (let i = 0; i < 3; i++) {
      const n = await one.page.evaluate(() => { window.__cut(); return window.__sockets.length; });
      await until("another socket", () => one.page.evaluate((k) => window.__sockets.length > k && window.__sockets.at(-1).readyState === 1, n));
    }
    await moving(one.page, 6);
    await two.page.evaluate(() => window.__cut());
    await two.ctx.close();
    await moving(one.page, 6);
    assert.deepEqual([await viewing(one.page), await offers(one.page)], [first, asked], "no further session, no further offer");
    await allLive(one.page, 6);
    // A picture that is painted late, or held back where the machine cannot take six, has nothing to do with the socket.
    const beside = ["live", "connecting", "stalled"];
    assert.deepEqual((await one.page.evaluate((n) => window.__states.slice(n), before)).filter((x) => !beside.includes(x[2])), []);
    await honest(one.page);
    await one.ctx.close();
  });
});
