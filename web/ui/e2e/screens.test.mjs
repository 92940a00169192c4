// Every screen at desk and phone size, dark and light, and right to left: kept
// as pictures, and without a finding of axe-core.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { cut } from "../dev/cut.mjs";
import { api, allLive, browser, context, demo, desk, phone, findings, languages, rawKeys, rest, shot, signIn, word } from "./harness.mjs";

const screens = [
  ["wall", "/"], ["cameras", "/cameras"], ["camera-new", "/cameras/new"], ["sharing", "/settings/sharing"],
  ["temporary", "/settings/temporary"], ["people", "/settings/people"], ["groups", "/settings/groups"], ["audit", "/settings/audit"],
  ["notices", "/notices"], ["shared", "/cameras/shared"], ["request", "/request#camera=none"],
  ["account", "/settings/account"], ["instance", "/settings/instance"], ["storage", "/settings/instance/storage"],
];

/** small lists what can be pressed and is less than 24 px wide or high; a link in a sentence may be. */
const small = (page) => page.evaluate(() => [...document.querySelectorAll("button, a, select, input:not([type=radio]):not([type=checkbox])")]
  .filter((e) => {
    const { width: w, height: h } = e.getBoundingClientRect();
    return w > 1 && h > 1 && (w < 24 || h < 24) && !e.closest("p, dd, .vh") && !e.matches(".vh, .skip");
  })
  .map((e) => e.outerHTML.slice(0, 80)));

/** narrow is the width most small phones have: what fits here fits on all of them. */
const narrow = { width: 360, height: 740 };

/** ill lists what is wrong with a page in a language: its name, a key shown as it is, a screen that scrolls sideways, a control that is cut off. */
async function ill(page, lang) {
  await rest(page);
  const at = `${lang} ${new URL(page.url()).pathname}`;
  const got = await page.evaluate(() => ({ lang: document.documentElement.lang, dir: document.documentElement.dir, wide: document.documentElement.scrollWidth - innerWidth }));
  return [
    ...(got.lang === lang && got.dir === (lang === "ar" ? "rtl" : "ltr") ? [] : [`${at}: is lang=${got.lang} dir=${got.dir}`]),
    ...(got.wide > 0 ? [`${at}: ${got.wide} px wider than the screen`] : []),
    ...(await rawKeys(page)).map((k) => `${at}: shows ${k}`),
    ...(await page.evaluate(cut)).map((c) => `${at}: cut off: ${c}`),
  ];
}

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
        for (const [size, v] of [["desk", desk], ["phone", phone]]) {
          await page.setViewportSize(v);
          await rest(page);
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
        await rest(page);
        await shot(page, `${name}-${size}`);
        found.push(...(await findings(page)).map((f) => `${name} ${size}: ${f}`));
      }
    }
    assert.deepEqual(found, []);
    await ctx.close();
  });

  it("TestR70_speaks eleven languages at the door, chosen by the browser or by hand", async () => {
    const ctx = await context(b, narrow, { locale: "pt-PT" });
    const page = await ctx.newPage();
    await page.goto(d.base_url + "/signin");
    await page.locator("h1").first().waitFor();
    const found = await ill(page, "pt-BR"); // the nearest there is
    let now = "Português (Brasil)", was = "pt-BR";
    for (const [lang, name] of Object.entries(languages)) {
      await page.getByRole("button", { name: word("nav.language", { name: now }, was) }).click();
      await page.getByRole("menuitemradio", { name, exact: true }).click();
      await page.locator(`html[lang="${lang}"]`).waitFor();
      await page.getByRole("heading", { level: 1, name: word("signin.title", {}, lang) }).waitFor();
      found.push(...(await ill(page, lang)));
      [now, was] = [name, lang];
    }
    assert.deepEqual(found, []);
    await ctx.close();
  });

  it("TestR70_speaks eleven languages inside, and the longest words fit a small phone", async () => {
    const call = api(d.base_url, d.accounts[0].token);
    await call("PATCH", "/api/v1/me", { language: "en", theme: "dark" });
    const ctx = await context(b, narrow);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await page.locator("li.tile").first().waitFor(); // signed in: leaving before would undo it
    const found = [];
    for (const lang of Object.keys(languages)) {
      await call("PATCH", "/api/v1/me", { language: lang });
      await page.goto(d.base_url + "/");
      await page.getByRole("heading", { level: 1, name: word("wall.title", {}, lang) }).waitFor({ state: "attached" });
      await page.locator("li.tile").first().waitFor();
      found.push(...(await ill(page, lang)));
      if (!["de", "fi", "pl"].includes(lang)) continue;
      await shot(page, `wall-${lang}-narrow`);
      for (const at of ["/cameras", "/settings/sharing", "/settings/groups", "/settings/account"]) {
        await page.goto(d.base_url + at);
        await page.locator("main h1").first().waitFor();
        found.push(...(await ill(page, lang)));
        await shot(page, `${at.slice(1).replace("/", "-")}-${lang}-narrow`);
      }
    }
    await call("PATCH", "/api/v1/me", { language: "en" });
    assert.deepEqual(found, []);
    await ctx.close();
  });
});
