// What stands on a tile beside the picture: the layer and why, the delay, and
// the last still of a camera that is away.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, camera, context, demo, desk, findings, moving, phone, shot, signIn, tiles, until, word } from "./harness.mjs";

const chips = (page) => page.$$eval("li.tile .ly", (l) => l.map((e) => ({ text: e.textContent, why: e.title })));
const posters = (page) => page.$$eval("li.tile img.poster", (l) => l.filter((e) => e.naturalWidth > 0).length);

describe("the picture's surroundings", () => {
  let d, b;
  before(async () => {
    d = await demo();
    b = await browser();
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  it("R92: says which layer a tile has and why, and how late it is when asked", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 6);
    const sd = word("layer.why", { layer: word("layer.sd"), why: word("layer.size") });
    await until("six small layers by size", async () => (await chips(page)).filter((c) => c.text === word("layer.sd") && c.why === sd).length === 6);
    assert.equal(await posters(page), 0, "no still under a live tile");

    await page.locator("li.tile").first().focus();
    await page.keyboard.press("f");
    const hd = word("layer.why", { layer: word("layer.hd"), why: word("layer.focus") });
    await until("the large layer in full screen", async () => (await page.locator("li.tile.full .ly").getAttribute("title")) === hd);
    await until("its size", async () => page.$eval("li.tile.full video", (v) => v.videoWidth === 1280));
    await shot(page, "layer-full-desk");
    await page.keyboard.press("Escape");
    await until("the small one again", async () => (await chips(page)).every((c) => c.text === word("layer.sd")));

    await page.keyboard.press("i");
    await until("six delays under a second", async () => {
      const rows = await page.$$eval("li.tile .stats > div:last-child dd", (l) => l.map((e) => e.textContent));
      return rows.length === 6 && rows.every((r) => /^\d+ ms/.test(r));
    });
    await shot(page, "stats-desk");
    assert.deepEqual(await findings(page), []);
    await page.keyboard.press("i");
    assert.equal(await page.locator(".stats").count(), 0);
    await page.setViewportSize(phone);
    await allLive(page, 2);
    await shot(page, "layer-phone");
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });

  it("shows in the list what each camera sees", async () => {
    const call = api(d.base_url, d.accounts[0].token);
    for (const [name, size, theme] of [["desk-dark", desk, "dark"], ["desk-light", desk, "light"], ["phone-dark", phone, "dark"]]) {
      await call("PATCH", "/api/v1/me", { theme });
      const ctx = await context(b, size);
      const page = await ctx.newPage();
      await signIn(page, d.base_url, d.accounts[0]);
      await page.waitForSelector("li.tile");
      await page.goto(d.base_url + "/cameras");
      await until("six thumbnails", async () => (await page.$$eval(".cam-thumb img", (l) => l.filter((e) => e.naturalWidth > 0).length)) === 6);
      await shot(page, "thumbs-" + name);
      assert.deepEqual(ctx.trouble, []);
      await ctx.close();
    }
  });

  it("keeps the last still of a camera that is away, dimmed, and gives it up for the first new frame", async () => {
    let cam = await camera();
    const call = api(d.base_url, d.accounts[0].token);
    const mine = await call("POST", "/api/v1/cameras", { name: "Side gate", main: cam.main, sub: cam.sub });
    await until("the camera to be live", async () => (await call("GET", "/api/v1/cameras/" + mine.id)).state?.layers?.sub?.status === "live");
    await until("a picture to cut", async () => (await fetch(`${d.base_url}/api/v1/cameras/${mine.id}/poster`, { headers: { Authorization: "Bearer " + d.accounts[0].token } })).ok);
    await call("POST", "/api/v1/views", { name: "Side", rows: 1, columns: 1, cells: [{ camera: mine.id }], default_for: ["desktop", "phone"] });
    await cam.stop();
    await until("the camera to be missed", async () => ["reconnecting", "offline"].includes((await call("GET", "/api/v1/cameras/" + mine.id)).state?.layers?.sub?.status));

    await new Promise((r) => setTimeout(r, 13000)); // media.ring_age is 12 s: until then the last moving pictures are played, dimmed, and no still is needed
    const open = [];
    for (const [name, size, theme] of [["desk-dark", desk, "dark"], ["phone-light", phone, "light"]]) {
      await call("PATCH", "/api/v1/me", { theme });
      const ctx = await context(b, size);
      const page = await ctx.newPage();
      await signIn(page, d.base_url, d.accounts[0]);
      await until("the last still", async () => (await posters(page)) === 1 && ["reconnecting", "offline"].includes((await tiles(page))[0].state));
      assert.equal(await page.locator("li.tile.posted.pic-full").count(), 0, "a still is never shown as the present");
      await shot(page, "poster-" + name);
      open.push([ctx, page]);
    }

    cam = await camera({ listen: cam.listen });
    try {
      for (const [ctx, page] of open) {
        await allLive(page, 1, 60000);
        await moving(page, 1);
        assert.equal(await posters(page), 0);
        assert.deepEqual(ctx.trouble, []);
        await ctx.close();
      }
    } finally {
      await cam.stop();
    }
  });

  it("tells which way the pictures take", async () => {
    for (const [name, size, theme] of [["desk-dark", desk, "dark"], ["phone-light", phone, "light"]]) {
      await api(d.base_url, d.accounts[0].token)("PATCH", "/api/v1/me", { theme });
      const ctx = await context(b, size);
      const page = await ctx.newPage();
      await signIn(page, d.base_url, d.accounts[0]);
      await page.waitForSelector("li.tile");
      await page.goto(d.base_url + "/settings/account");
      await button(page, "conn.run").click();
      await page.getByText(word("conn.in_use_text")).waitFor();
      await button(page, "conn.again").scrollIntoViewIfNeeded();
      await shot(page, "connection-" + name);
      assert.deepEqual(ctx.trouble, []);
      await ctx.close();
    }
  });

  it("gives guests a poster of what is behind their link, and of nothing else", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await page.goto(d.guest_link);
    await allLive(page, 6);
    const [first] = await tiles(page);
    const got = (id) => until("an answer that is not to come back", () => page.evaluate(async (camera) => {
      const r = await fetch(`${location.pathname.replace(/\/$/, "")}/cameras/${camera}/poster`);
      return r.status !== 503 && [r.status, r.headers.get("content-type"), r.headers.get("cache-control")];
    }, id));
    assert.deepEqual(await got(first.camera), [200, "image/jpeg", "private, no-store"]);
    assert.equal((await got(first.camera.replace(/./g, "a")))[0], 404);
    await ctx.close();
  });
});
