// Every screen at desk and phone size, dark and light, and right to left: kept
// as pictures, and without a finding of axe-core.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, allLive, browser, context, demo, desk, phone, findings, shot, signIn, sleep } from "./harness.mjs";

const screens = [
  ["wall", "/"], ["cameras", "/cameras"], ["camera-new", "/cameras/new"], ["sharing", "/settings/sharing"],
  ["temporary", "/settings/temporary"], ["people", "/settings/people"], ["groups", "/settings/groups"], ["audit", "/settings/audit"],
  ["notices", "/notices"], ["shared", "/cameras/shared"], ["request", "/request#camera=none"],
  ["account", "/settings/account"], ["instance", "/settings/instance"],
];

/** small lists what can be pressed and is less than 24 px wide or high; a link in a sentence may be. */
const small = (page) => page.evaluate(() => [...document.querySelectorAll("button, a, select, input:not([type=radio]):not([type=checkbox])")]
  .filter((e) => {
    const { width: w, height: h } = e.getBoundingClientRect();
    return w > 1 && h > 1 && (w < 24 || h < 24) && !e.closest("p, dd, .vh") && !e.matches(".vh, .skip");
  })
  .map((e) => e.outerHTML.slice(0, 80)));

describe("every screen", () => {
  let d, b;
  before(async () => {
    d = await demo();
    b = await browser();
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  for (const look of ["dark", "light", "ar"]) {
    it(`in ${look}`, async () => {
      const call = api(d.base_url, d.accounts[0].token);
      await call("PATCH", "/api/v1/me", { theme: look === "light" ? "light" : "dark", language: "en" });
      const ctx = await context(b, desk);
      const page = await ctx.newPage();
      await signIn(page, d.base_url, d.accounts[0]);
      await allLive(page, 6);
      if (look === "ar") await call("PATCH", "/api/v1/me", { language: "ar" });
      const found = [];
      for (const [name, at] of screens) {
        await page.goto(d.base_url + at);
        if (name === "wall") await allLive(page, 6);
        else await page.locator("main h1").first().waitFor();
        await sleep(300); // fonts and the first lists
        for (const [size, v] of [["desk", desk], ["phone", phone]]) {
          await page.setViewportSize(v);
          await sleep(250);
          await shot(page, `${name}-${look}-${size}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
          if (wide > 0) found.push(`${name} ${size}: ${wide} px wider than the screen`);
          if (look === "dark") found.push(...(await small(page)).map((e) => `${name} ${size}: smaller than 24 px: ${e}`));
          if (look === "dark" || size === "desk") found.push(...(await findings(page)).map((f) => `${name} ${size}: ${f}`));
        }
        await page.setViewportSize(desk);
      }
      assert.deepEqual(found, []);
      assert.deepEqual(ctx.trouble.filter((t) => !/axe/.test(t)), []);
      await ctx.close();
    });
  }

  it("before signing in", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    const found = [];
    for (const [name, at] of [["signin", "/signin"], ["reset", "/reset"], ["invite", "/invite#x"], ["verify", "/verify#x"]]) {
      await page.goto(d.base_url + at);
      await page.locator("h1").first().waitFor();
      for (const [size, v] of [["desk", desk], ["phone", phone]]) {
        await page.setViewportSize(v);
        await sleep(200);
        await shot(page, `${name}-${size}`);
        found.push(...(await findings(page)).map((f) => `${name} ${size}: ${f}`));
      }
    }
    assert.deepEqual(found, []);
    await ctx.close();
  });
});
