// The first start: a code from the terminal, the first account, an empty wall.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve } from "./fresh.mjs";
import { browser, button, context, desk, field, phone, shot, until, word } from "./harness.mjs";

describe("the first start", () => {
  let p, b;
  before(async () => {
    p = await serve();
    b = await browser();
  });
  after(async () => {
    await b?.close();
    await p?.stop();
  });

  it("takes the code, makes the account and shows where to begin", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await page.goto(p.base + "/");
    await shotBoth(page, "setup-code");
    await field(page, "setup.code").fill("AAAAA-BBBBB");
    await button(page, "setup.next").click();
    await page.getByText(word("reason.wrong_code")).waitFor();
    await field(page, "setup.code").fill(p.code);
    await button(page, "setup.next").click();
    await field(page, "field.email").fill("owner@example.org");
    await page.getByLabel(word("field.name")).first().fill("Olha");
    await page.getByLabel(word("field.password")).first().fill("correct horse battery");
    await shotBoth(page, "setup-account");
    await button(page, "setup.act").click();
    await until("the wall", async () => new URL(page.url()).pathname === "/");
    await page.locator("main").waitFor();
    await shotBoth(page, "wall-empty");
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });
});

async function shotBoth(page, name) {
  await page.setViewportSize(phone);
  await shot(page, name + "-phone");
  await page.setViewportSize(desk);
  await shot(page, name + "-desk");
}
