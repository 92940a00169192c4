// The owner's wall: six live tiles, full screen and back, the phone's two, a
// camera that dies and comes back, the wall of somebody a camera was shared with.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, browser, button, context, decoded, demo, desk, field, moving, phone, shot, signIn, tiles, until, word } from "./harness.mjs";

describe("the owner's wall", () => {
  let d, b;
  before(async () => {
    d = await demo();
    b = await browser();
  });
  after(async () => {
    await b?.close();
    assert.equal(await d?.stop(), 0, "the demo ends cleanly");
  });

  it("refuses a wrong password in place, then opens on six live tiles", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, { ...d.accounts[0], password: "wrong-password-1" });
    await page.getByText(word("reason.bad_login")).waitFor();
    await shot(page, "signin-wrong-desk");
    await field(page, "field.password").fill(d.accounts[0].password);
    await button(page, "signin.act").click();
    await allLive(page, 6);
    await moving(page, 6);
    await shot(page, "wall-desk");
    assert.deepEqual(ctx.trouble, []);

    // Full screen takes the main layer; Escape restores the layout.
    const first = page.locator("li.tile").first();
    const narrow = await page.$eval("li.tile video", (v) => v.videoWidth);
    await first.click();
    await page.keyboard.press("f");
    await until("the main layer in full screen", () => page.$eval("li.tile.full video", (v) => v.videoWidth > 640));
    assert.ok(narrow <= 640, `a grid tile takes the sub layer, it is ${narrow} wide`);
    await shot(page, "wall-full-desk");
    await page.keyboard.press("Escape");
    await until("the grid again", async () => (await page.locator("li.tile.full").count()) === 0);
    await allLive(page, 6);
    await ctx.close();
  });

  it("shows two tiles on a phone", async () => {
    const ctx = await context(b, phone, { hasTouch: true, isMobile: true });
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await until("two tiles", async () => (await tiles(page)).length === 2);
    await allLive(page, 2);
    await moving(page, 2);
    await shot(page, "wall-phone");
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });

  it("shows a second person the cameras he was given, and no others", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[1]);
    await until("a live tile", async () => (await tiles(page)).some((t) => t.state === "live"));
    await moving(page, 1);
    const shown = (await tiles(page)).length;
    assert.ok(shown > 0 && shown < 6, `he sees ${shown} of six cameras`);
    await shot(page, "wall-shared-desk");
    await ctx.close();
  });

  it("keeps playing through a lost socket", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    const sockets = [];
    await page.routeWebSocket(/\/socket$/, (ws) => {
      ws.connectToServer();
      sockets.push(ws);
    });
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 6);
    const connection = async () => [...new Set(Object.keys(await decoded(page)).map((k) => k.split(":")[0]))];
    const before = await connection();
    sockets.at(-1).close({ code: 4000 });
    await until("a new socket", () => sockets.length > 1);
    await moving(page, 6);
    assert.deepEqual(await connection(), before, "the peer connection is the same");
    await ctx.close();
  });
});
