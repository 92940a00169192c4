// Saved views: arranged by mouse, by menu and by keyboard, opened by kind of
// device and by device, with a cell that may not be seen; full screen and back,
// and a phone that is turned, without a stream that starts anew.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { allLive, api, browser, button, context, demo, desk, field, findings, moving, phone, shot, signIn, tiles, until, word } from "./harness.mjs";

describe("saved views", () => {
  let d, b, call, his, ctx, page;
  const id = (name) => d.cameras.find((c) => c.name === name).id;
  const name = (camera) => d.cameras.find((c) => c.id === camera)?.name ?? camera;
  const found = [];

  before(async () => {
    d = await demo();
    b = await browser();
    [call, his] = d.accounts.map((a) => api(d.base_url, a.token));
    ctx = await context(b, desk);
    page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 6);
  });
  // What one test leaves open is not the next one's.
  beforeEach(async () => {
    if (await page.locator("dialog").count()) await page.reload();
  });
  after(async () => {
    await b?.close();
    assert.equal(await d?.stop(), 0, "the demo ends cleanly");
  });

  /** look keeps a picture of the page as it is, at desk and at phone size, and what axe has against it. */
  async function look(p, what, { sizes = [["desk", desk], ["phone", phone]], axe = sizes.length } = {}) {
    for (const [i, [size, v]] of sizes.entries()) {
      await p.setViewportSize(v);
      await until(`${what} at ${size}`, () => p.evaluate((w) => innerWidth === w, v.width));
      if (i < axe) found.push(...(await findings(p)).map((f) => `${what} ${size}: ${f}`));
      const wide = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) found.push(`${what} ${size}: ${wide} px wider than the screen`);
      await shot(p, `views-${what}-${size}`);
    }
    await p.setViewportSize(desk);
  }
  const dialog = () => page.locator("dialog.huge");
  const held = () => page.$$eval("[data-cell]", (l) => l.map((e) => e.querySelector(".vw-name:not(.vw-add) bdi")?.textContent ?? ""));
  const said = async (text) => {
    let last;
    await until(`"${text}" is said`, async () => (last = await dialog().locator("p[role=status]").textContent()) === text).catch((e) => assert.fail(`${e.message}, it says "${last}"`));
  };
  const shown = async (p = page) => (await tiles(p)).map((t) => name(t.camera));
  const menu = async (key, p = page) => {
    await p.locator("button.view").click();
    await p.getByRole("menuitem", { name: word(key), exact: true }).click();
  };
  const opens = async (view, p = page) => {
    await p.locator("button.view").click();
    await p.getByRole("menuitemradio", { name: new RegExp(`^${view}`) }).first().click();
  };
  const cells = (names) => names.map((n) => (n === "" ? {} : typeof n === "number" ? { any: n } : { camera: id(n) ?? n }));
  const size = async (rows, columns) => {
    await dialog().getByRole("group", { name: word("views.rows") }).getByText(String(rows), { exact: true }).click();
    await dialog().getByRole("group", { name: word("views.columns") }).getByText(String(columns), { exact: true }).click();
  };
  /** drag goes from the middle of one thing to a point of another, by the mouse. */
  const drag = async (from, to) => {
    const a = await from.boundingBox(), z = await to.boundingBox();
    await page.mouse.move(a.x + a.width / 2, a.y + a.height / 2);
    await page.mouse.down();
    await page.mouse.move(a.x + a.width / 2 + 9, a.y + a.height / 2 + 9);
    await page.mouse.move(z.x + z.width / 3, z.y + z.height / 3, { steps: 4 });
  };
  /** mark notes every tile's element and stream, and from now on every state of it that is not live; a stream that a busy machine paints late is the same one, though. */
  const mark = (p) => p.evaluate(() => {
    window.__broken = [];
    for (const li of document.querySelectorAll("li.tile[data-slot]")) {
      const v = li.querySelector("video");
      v.__was = { camera: li.dataset.camera, stream: v.srcObject, frames: v.getVideoPlaybackQuality().totalVideoFrames };
    }
    window.__watch?.disconnect();
    window.__watch = new MutationObserver((l) => l.forEach(({ target: t }) => {
      if (!["live", "stalled"].includes(t.dataset.state) && t.querySelector("video").__was) window.__broken.push(`${t.dataset.camera} ${t.dataset.state}`);
    }));
    window.__watch.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["data-state"] });
  });
  /** kept names the cameras whose element and stream are the same as when they were marked, and went on. */
  const kept = (p) => p.evaluate(() => [...document.querySelectorAll("li.tile[data-slot]")].filter((li) => {
    const v = li.querySelector("video"), was = v.__was;
    return was && was.camera === li.dataset.camera && was.stream === v.srcObject && !v.paused && v.getVideoPlaybackQuality().totalVideoFrames >= was.frames;
  }).map((li) => li.dataset.camera));
  const broken = (p) => p.evaluate(() => window.__broken);

  it("R89: arranges by dragging: a free cell, a swap, a replacement, and undo", async () => {
    await menu("views.arrange");
    await dialog().locator(".vw-cell img").nth(5).waitFor();
    await look(page, "editor");
    await dialog().getByRole("group", { name: word("views.layout"), exact: true }).waitFor();
    await size(2, 4);
    assert.deepEqual(await held(), ["Gate", "Loading dock", "Yard", "", "Street", "Aisle 3", "Car park", ""], "rows and columns stay");
    // From one cell to another: they change places, and the cell says so before.
    await drag(page.locator('[data-cell="0"] .vw-grip'), page.locator('[data-cell="5"]'));
    await page.locator('[data-cell="5"].vw-swap').waitFor();
    assert.equal(await page.locator(".vw-ghost small").textContent(), word("views.drop_swap", { name: "Aisle 3" }));
    await shot(page, "views-drag-swap-desk");
    await page.mouse.up();
    await said(word("views.say_swapped", { a: "Gate", b: "Aisle 3" }));
    // From the list onto a free cell: green; onto another: red, in words too.
    const any = page.locator('[data-row="any"] .vw-grip');
    await drag(any, page.locator('[data-cell="3"]'));
    await page.locator('[data-cell="3"].vw-free').waitFor();
    await page.mouse.up();
    await drag(any, page.locator('[data-cell="6"]'));
    await page.locator('[data-cell="6"].vw-replace').waitFor();
    await shot(page, "views-drag-replace-desk");
    await page.mouse.up();
    assert.deepEqual(await held(), ["Aisle 3", "Loading dock", "Yard", "Any camera, #1", "Street", "Gate", "Any camera, #2", ""]);
    await button(dialog(), "action.undo").click();
    assert.equal((await held())[6], "Car park");
    // Escape lets go, and the dialog stays.
    await drag(page.locator('[data-cell="0"] .vw-grip'), page.locator('[data-cell="7"]'));
    await page.locator(".vw-ghost").waitFor();
    await page.keyboard.press("Escape");
    await page.mouse.up();
    await said(word("views.say_left", { name: "Aisle 3" }));
    await button(dialog(), "action.save").click();
    await dialog().waitFor({ state: "detached" });
    await until("the wall as it was arranged", async () => (await shown()).join() === "Aisle 3,Loading dock,Yard,Gate,Street,Gate,Car park");
    const [stored] = (await call("GET", "/api/v1/views")).views;
    assert.deepEqual([stored.rows, stored.columns, stored.cells], [2, 4, cells(["Aisle 3", "Loading dock", "Yard", 1, "Street", "Gate", "Car park", ""])]);
    await allLive(page, 7); // Gate twice: by name, and as the first in order
    await look(page, "wall-2x4", { axe: 1 });
  });

  it("arranges by a cell's menu, and never loses a camera without saying so", async () => {
    await menu("views.new");
    await field(dialog(), "views.name").fill("Night");
    await page.locator('[data-cell="1"] .vw-name').click();
    const pop = page.locator(".pop:popover-open");
    await until("the menu stands by its cell", async () => (await pop.boundingBox())?.x > 50);
    await look(page, "chooser", { sizes: [["desk", desk]] });
    await pop.getByRole("button", { name: word("views.move_to_cell", { n: 6, effect: word("views.drop_swap", { name: "Car park" }) }) }).click();
    await page.locator('[data-cell="0"] .vw-name').click();
    await field(pop, "views.any_label").fill("3");
    await button(pop, "views.any_put").click();
    await page.locator('[data-cell="2"] .vw-name').click();
    await button(pop, "views.clear").click();
    await page.locator('[data-cell="2"] .vw-add').click();
    await pop.getByRole("button", { name: "Gate" }).click();
    assert.deepEqual(await held(), ["Any camera, #3", "Car park", "Gate", "Street", "Aisle 3", "Loading dock"]);
    await size(1, 2);
    assert.deepEqual(await held(), ["Any camera, #3", "Car park"]);
    await dialog().getByText("Gate, Street, Aisle 3, Loading dock").first().waitFor();
    await look(page, "aside", { axe: 1 });
    await dialog().getByRole("button", { name: word("action.save").slice(0, 4) + " without 4" }).waitFor();
    await size(2, 3);
    assert.deepEqual(await held(), ["Any camera, #3", "Car park", "Gate", "Street", "Aisle 3", "Loading dock"], "a larger one takes them back");
    // Leaving asks first, by the browser's back button too.
    await page.evaluate(() => history.back());
    const ask = page.getByRole("dialog", { name: word("views.unsaved") });
    await ask.waitFor();
    await look(page, "unsaved", { sizes: [["desk", desk]] });
    await button(ask, "views.go_on").click();
    await page.keyboard.press("Escape");
    await button(ask, "views.go_on").click();
    await dialog().getByText(word("views.one_five"), { exact: true }).click();
    assert.equal((await held()).length, 6);
    await button(dialog(), "action.save").click();
    await dialog().waitFor({ state: "detached" });
    await allLive(page, 6);
    const box = async (i) => page.locator("li.tile").nth(i).boundingBox();
    const [large, small, last] = [await box(0), await box(1), await box(5)];
    assert.ok(Math.abs(large.width - 2 * small.width - 8) < 2 && large.x < small.x && last.y > large.y + small.height, "one large, five small");
    await look(page, "wall-1-5", { axe: 0 });
  });

  it("arranges by keyboard, and says each step", async () => {
    await page.locator("button.view").press("Enter");
    await page.getByRole("menuitem", { name: word("views.arrange"), exact: true }).press("Enter");
    const grip = page.locator('[data-cell="1"] .vw-grip');
    await grip.focus();
    const [first, second] = await held();
    await page.keyboard.press("Enter");
    await said(word("views.say_picked", { name: second }));
    await page.keyboard.press("ArrowLeft");
    await said(word("views.say_over", { n: 1, effect: word("views.drop_swap", { name: first }) }));
    await shot(page, "views-carry-desk");
    found.push(...(await findings(page)).map((f) => `carry: ${f}`));
    await page.keyboard.press("Enter");
    await said(word("views.say_swapped", { a: second, b: first }));
    assert.deepEqual((await held()).slice(0, 2), [second, first]);
    await until("the focus went along", () => page.evaluate(() => document.activeElement.closest("[data-cell]")?.dataset.cell === "0"));
    await page.keyboard.press(" ");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Escape");
    await said(word("views.say_left", { name: second }));
    assert.deepEqual((await held()).slice(0, 2), [second, first], "Escape leaves everything as it was");
    await field(dialog(), "views.name").press("Enter"); // a field is no form: nothing is sent
    await button(dialog(), "action.save").press("Enter");
    await dialog().waitFor({ state: "detached" });
    await until("the wall follows", async () => (await shown())[0] === second);
  });

  it("409: shows what was saved meanwhile beside one's own, and lets one choose", async () => {
    const night = async () => (await call("GET", "/api/v1/views")).views.find((v) => v.name.startsWith("Night"));
    await menu("views.arrange");
    await page.locator('[data-cell="5"] .vw-grip').waitFor();
    // Another page moves the defaults only: that is no question.
    const { id: view, ...old } = await night();
    await call("PUT", `/api/v1/views/${view}`, { ...old, default_for: ["phone"] });
    await field(dialog(), "views.name").fill("Night watch");
    await button(dialog(), "action.save").click();
    await dialog().waitFor({ state: "detached" });
    assert.deepEqual([(await night()).name, (await night()).default_for], ["Night watch", ["phone"]]);
    // Another page renames it: both are shown.
    await menu("views.arrange");
    await page.locator('[data-cell="5"] .vw-grip').waitFor();
    const { id: _, ...now } = await night();
    await call("PUT", `/api/v1/views/${view}`, { ...now, name: "Nights" });
    await field(dialog(), "views.name").fill("Night shift");
    await button(dialog(), "action.save").click();
    await page.getByText(word("views.stale")).waitFor();
    await look(page, "stale");
    await button(dialog(), "views.keep_mine").click();
    await dialog().waitFor({ state: "detached" });
    assert.equal((await night()).name, "Night shift");
  });

  it("R98: opens each kind of device on its default, and one device on its own choice", async () => {
    await menu("views.manage_more");
    const box = page.getByRole("dialog", { name: word("views.manage"), exact: true });
    const saved = (view) => box.locator(".vw-view-name").getByText(view, { exact: true });
    await box.waitFor();
    await box.getByRole("button", { name: word("views.acts", { name: "Night shift" }) }).click();
    await page.getByRole("menuitem", { name: word("views.duplicate") }).click();
    await saved("Night shift 2").waitFor();
    await look(page, "manage");
    await box.getByRole("button", { name: word("views.acts", { name: "Night shift 2" }) }).click();
    await page.getByRole("menuitem", { name: word("views.rename") }).click();
    const rename = page.getByRole("dialog", { name: word("views.rename_name", { name: "Night shift 2" }) });
    await field(rename, "views.name").fill("live CAMERAS");
    await button(rename, "views.rename").click();
    await rename.getByText(word("reason.name_taken")).waitFor();
    await field(rename, "views.name").fill("Hand");
    await button(rename, "views.rename").click();
    await saved("Hand").waitFor();
    await box.getByRole("button", { name: word("views.acts", { name: "Hand" }) }).click();
    await page.getByRole("menuitem", { name: word("views.default_phone") }).click();
    await until("the phones moved over", async () => (await call("GET", "/api/v1/views")).views.find((v) => v.name === "Hand").default_for.join() === "phone");

    const other = await context(b, phone, { hasTouch: true, isMobile: true });
    const p = await other.newPage();
    await signIn(p, d.base_url, d.accounts[0]);
    const opened = (view) => until(`it opens on ${view}`, async () => (await p.locator("button.view bdi").textContent()) === view);
    await opened("Hand");
    // This phone alone opens on another.
    await menu("views.manage_more", p);
    await p.getByLabel(word("views.here")).selectOption({ label: word("wall.all_cameras") });
    await button(p.getByRole("dialog", { name: word("views.manage"), exact: true }), "views.done").click();
    await p.reload();
    await opened(word("wall.all_cameras"));
    await look(p, "phone-all", { sizes: [["phone", phone]] });
    await other.close();

    await box.getByRole("button", { name: word("views.acts", { name: "Hand" }) }).click();
    await page.getByRole("menuitem", { name: word("views.delete") }).click();
    await button(page.getByRole("dialog", { name: word("views.delete_name", { name: "Hand" }) }), "views.delete").click();
    await saved("Hand").waitFor({ state: "detached" });
    await button(box, "views.done").click();
    assert.ok(!(await call("GET", "/api/v1/views")).views.some((v) => v.name === "Hand"));
  });

  it("R90, R99: a new account opens on one cell; a camera it may not see is restricted, the others stream", async () => {
    const other = await context(b, desk);
    const p = await other.newPage();
    await signIn(p, d.base_url, d.accounts[1]);
    await allLive(p, 1);
    assert.equal((await tiles(p)).length, 1, "one cell");
    await p.getByRole("button", { name: /camera is not in this view/ }).click(); // what the view leaves out is one press away
    await allLive(p, 2);
    await his("POST", "/api/v1/views", { name: "Both and one", rows: 2, columns: 2, cells: cells(["Gate", "Yard", "Loading dock", ""]) });
    await until("the new view in the menu", async () => (await his("GET", "/api/v1/views")).views.length === 1);
    await p.reload();
    await allLive(p, 2);
    const gone = await until("the other to be restricted", async () => { const [, t] = await tiles(p); return t?.state === "restricted" && t; });
    assert.equal(gone.label, word("tile.label", { name: word("msg.restricted"), state: word("tile.restricted") }), "no name of it, ever");
    assert.ok(!(await p.content()).includes("Yard"));
    await moving(p, 2);
    await look(p, "restricted", { axe: 1 });
    await menu("views.arrange", p);
    await p.locator(".vw-lock").waitFor();
    assert.ok(!(await p.content()).includes("Yard"));
    await look(p, "restricted-editor", { sizes: [["desk", desk]] });
    assert.deepEqual(other.trouble, []);
    await other.close();
  });

  it("full screen and back: the same page, focus, elements and streams", async () => {
    await opens(word("wall.all_cameras"));
    await page.getByRole("group", { name: word("views.layout") }).getByText("2 × 2", { exact: true }).click();
    await until("pages", async () => (await page.locator(".tools .pager").count()) === 1);
    await page.locator(".tools").getByRole("button", { name: word("wall.page_next") }).click();
    await until("the second page", async () => (await shown()).join() === "Aisle 3,Car park");
    await allLive(page, 2);
    await moving(page, 2);
    const tile = page.locator("li.tile").nth(1);
    await tile.focus();
    await mark(page);
    await page.keyboard.press("f");
    await until("full screen", () => page.evaluate(() => document.querySelector("li.tile.full")?.getBoundingClientRect().width === innerWidth));
    await until("the main layer", () => page.$eval("li.tile.full video", (v) => v.videoWidth > 640));
    assert.ok(await page.evaluate(() => document.querySelector(".tools").inert && document.querySelectorAll("li.tile:not(.full)[inert]").length > 0), "nothing underneath is reached by Tab");
    await shot(page, "views-full-desk");
    await page.keyboard.press("Escape");
    await until("the grid", async () => (await page.locator("li.tile.full").count()) === 0);
    assert.equal((await kept(page)).length, 2, "the same elements and streams");
    assert.deepEqual(await shown(), ["Aisle 3", "Car park"], "the same page");
    assert.equal(await page.evaluate(() => document.activeElement.dataset.camera), id("Car park"), "the same focus");
    // By the button: the focus is on the button again.
    await tile.hover();
    const act = tile.getByRole("button", { name: word("wall.full"), exact: true });
    await act.click();
    await tile.getByRole("button", { name: word("wall.back"), exact: true }).click();
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), word("wall.full"));
    assert.ok(!(await page.evaluate(() => document.querySelector(".tools").inert)));
    assert.deepEqual(await broken(page), [], "no tile began anew");
    assert.equal((await kept(page)).length, 2);
    await look(page, "all-2x2", { sizes: [["desk", desk]] });
  });

  it("R73: a change of grid, of view, and a turned phone drop no stream that stays visible", async () => {
    const grid = page.getByRole("group", { name: word("views.layout") });
    await grid.getByText("4 × 4", { exact: true }).click();
    await allLive(page, 6);
    await look(page, "all-4x4", { sizes: [["desk", desk]] });
    await mark(page);
    await grid.getByText("2 × 3", { exact: true }).click();
    await grid.getByText("1 + 5", { exact: true }).click();
    await until("all are still there", async () => (await kept(page)).length === 6);
    await opens("Night shift");
    await until("another view", async () => (await page.locator(".grid.vw-big").count()) === 1 && (await shown()).length === 6);
    assert.equal(new Set(await kept(page)).size, 6, "a change of view too");
    await grid.waitFor({ state: "detached" });
    await page.keyboard.press("Alt+1");
    await until("Alt+1", async () => (await page.locator("button.view bdi").textContent()) === "Live cameras");
    await moving(page, 6);
    assert.deepEqual(await broken(page), []);

    const turned = { width: phone.height, height: phone.width };
    const other = await context(b, phone, { hasTouch: true, isMobile: true });
    const p = await other.newPage();
    await signIn(p, d.base_url, d.accounts[0]);
    await opens(word("wall.all_cameras"), p);
    await allLive(p, 2);
    await p.locator(".thumb").getByRole("button", { name: word("wall.page_next") }).click();
    await until("the second pair", async () => (await shown(p)).join() === "Yard,Street");
    await allLive(p, 2);
    await mark(p);
    const stays = [id("Yard"), id("Street")];
    await p.setViewportSize(turned);
    await until("six across", async () => (await tiles(p)).length === 6);
    assert.deepEqual((await kept(p)).filter((c) => stays.includes(c)), stays, "turned: both went on");
    await look(p, "phone-turned", { sizes: [["wide", turned]] });
    await allLive(p, 6);
    await p.setViewportSize(phone);
    await until("two again", async () => (await tiles(p)).length === 2);
    assert.ok((await kept(p)).length >= (await shown(p)).filter((n) => ["Yard", "Street"].includes(n)).length);
    assert.deepEqual((await broken(p)).filter((s) => stays.some((c) => s.startsWith(c))), []);
    assert.deepEqual(other.trouble, []);
    await other.close();
  });

  for (const look_ of ["light", "ar"]) {
    it(`in ${look_}`, async () => {
      await call("PATCH", "/api/v1/me", look_ === "light" ? { theme: "light" } : { theme: "dark", language: "ar" });
      await page.goto(d.base_url + "/");
      await page.locator("h1").waitFor({ state: "attached" });
      const w = (key, v) => word(key, v, look_ === "ar" ? "ar" : "en");
      await until("the wall", async () => (await tiles(page)).length > 0);
      await page.locator("button.view").click();
      await look(page, `menu-${look_}`, { axe: 0 });
      await page.getByRole("menuitem", { name: w("views.arrange"), exact: true }).click();
      await page.locator(".vw-cell img").nth(2).waitFor();
      await look(page, `editor-${look_}`, { axe: 1 });
      if (look_ === "ar") {
        // Right and left are mirrored with the page.
        await page.locator('[data-cell="0"] .vw-grip').press("Enter");
        await page.keyboard.press("ArrowLeft");
        await page.locator('[data-cell="1"].vw-over').waitFor();
        await page.keyboard.press("Escape");
      }
      await page.keyboard.press("Escape");
      await dialog().waitFor({ state: "detached" });
      await page.locator("button.view").click();
      await page.getByRole("menuitem", { name: w("views.manage_more"), exact: true }).click();
      await page.getByRole("dialog", { name: w("views.manage"), exact: true }).waitFor();
      await look(page, `manage-${look_}`, { axe: 1 });
    });
  }

  it("has no menu of views before it knows them: nothing moves under the pointer", async () => {
    let go;
    const held = new Promise((r) => { go = r; });
    await page.route("**/api/v1/views", async (r) => { await held; await r.continue(); });
    await page.goto(d.base_url + "/");
    await page.locator("main.wall .tools").waitFor();
    assert.equal(await page.locator("button.view").count(), 0);
    go();
    await page.locator("button.view").waitFor();
    await page.unroute("**/api/v1/views");
  });

  it("leaves axe nothing to say, and the console quiet", () => {
    assert.deepEqual(found, []);
    assert.deepEqual(ctx.trouble, []);
  });
});
