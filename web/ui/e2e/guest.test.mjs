// A guest with a link and no account: six tiles on a desk, two on a phone, and
// an end within a second of the owner removing the link, with the reason.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, browser, button, context, demo, desk, field, moving, phone, shot, signIn, sleep, stopwatch, tiles, until, word } from "./harness.mjs";

describe("the guest's wall", () => {
  let d, b;
  before(async () => {
    d = await demo();
    b = await browser();
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  it("is two rows of three on a desk and two tiles on a phone, switching live", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await page.goto(d.guest_link);
    await allLive(page, 6);
    assert.equal(await page.getAttribute("html", "data-theme"), "dark", "also where the browser asks for light");
    await moving(page, 6);
    assert.match(page.url(), /\/g\/[0-9a-z]+\/$/, "the secret is gone from the address");
    await shot(page, "guest-desk");
    await page.setViewportSize(phone);
    await until("two tiles", async () => (await tiles(page)).length === 2);
    await moving(page, 2);
    await shot(page, "guest-phone");
    await page.setViewportSize(desk);
    await allLive(page, 6);
    const kept = await page.evaluate(() => ({ local: localStorage.length, session: sessionStorage.length, visible: document.cookie }));
    assert.deepEqual(kept, { local: 0, session: 0, visible: "" }, "nothing but the HttpOnly cookie is kept on the guest's side");
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });

  it("ends within a second when the owner removes the link, and says why", async () => {
    const owner = await context(b, desk);
    const op = await owner.newPage();
    await signIn(op, d.base_url, d.accounts[0]);
    await allLive(op, 6);
    await op.goto(d.base_url + "/settings/sharing");
    await field(op, "links.name").fill("Delivery");
    for (const c of d.cameras.slice(0, 2)) await op.getByRole("checkbox", { name: c.name }).check();
    await button(op, "links.create").click();
    await op.getByText(word("reason.risk_not_acknowledged")).waitFor();
    await shot(op, "links-risk-desk");
    await op.getByLabel(word("links.accept")).check();
    await button(op, "links.create").click();
    const url = await op.locator("dialog input").inputValue();
    assert.match(url, /\/s#.{43,}/);
    await shot(op, "links-created-desk");
    await op.keyboard.press("Escape");
    await shot(op, "links-desk");

    const guest = await context(b, desk);
    const gp = await guest.newPage();
    await gp.goto(url);
    await allLive(gp, 2);
    await moving(gp, 2);
    await gp.evaluate(() => {
      // Every painted frame is noted, so that the last one has an exact time.
      window.__last = 0;
      for (const v of document.querySelectorAll("video")) {
        const seen = () => {
          window.__last = Date.now();
          v.requestVideoFrameCallback(seen);
        };
        v.requestVideoFrameCallback(seen);
      }
    });
    await op.getByRole("button", { name: word("links.remove_name", { name: "Delivery" }) }).click();
    await shot(op, "links-remove-desk");
    const watch = await stopwatch(op, gp, d.cameras[0].id);
    await op.locator("dialog").getByRole("button", { name: word("links.remove"), exact: true }).click();
    const told = await watch.read();
    await gp.getByText(word("guest.removed_text")).waitFor();
    await shot(gp, "guest-removed-desk");
    await sleep(1500);
    const last = (await gp.evaluate(() => window.__last)) - (await op.evaluate(() => window.__asked));
    console.log(`link removed: last painted frame after ${last} ms, told after ${told} ms`);
    assert.ok(last <= 2000, `a frame was painted ${last} ms after the removal`);
    assert.equal(await gp.locator("video").count(), 0);

    // The same address afterwards, and one that never existed: one page.
    await gp.reload();
    await gp.locator("h1").waitFor();
    await gp.goto("about:blank");
    await gp.goto(url);
    await gp.getByText(word("guest.gone_text")).waitFor();
    const removed = await gp.locator("main").innerText();
    await gp.goto("about:blank");
    await gp.goto(d.base_url + "/s#" + "A".repeat(43));
    await gp.getByText(word("guest.gone_text")).waitFor();
    assert.equal(await gp.locator("main").innerText(), removed);
    await gp.setViewportSize(phone);
    await shot(gp, "guest-gone-phone");
    assert.deepEqual(guest.trouble, []);
    assert.deepEqual(owner.trouble, []);
    await guest.close();
    await owner.close();
  });

  it("sees the link's other states: paused, and live again on the same address", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await page.goto(d.guest_link);
    await allLive(page, 6);
    const id = page.url().match(/\/g\/([0-9a-z]+)\//)[1];
    const call = async (m, u) => {
      const r = await fetch(d.base_url + u, { method: m, headers: { Authorization: "Bearer " + d.accounts[0].token, "X-Sightline": "1" } });
      assert.ok(r.ok, `${m} ${u}: ${r.status}`);
    };
    await call("POST", `/api/v1/links/${id}/pause`);
    await page.getByText(word("guest.paused_text")).waitFor();
    await shot(page, "guest-paused-desk");
    await call("POST", `/api/v1/links/${id}/resume`);
    await allLive(page, 6);
    await moving(page, 6);
    await ctx.close();
  });
});
