// People come and go: an invitation, a suspension, a new password, a language,
// a theme and a token, each where a person would meet it.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { serve } from "./fresh.mjs";
import { browser, button, context, desk, field, findings, phone, shot, told, word } from "./harness.mjs";

describe("people", () => {
  let p, b, owner, friend, reset;
  before(async () => {
    p = await serve();
    b = await browser();
    owner = await (await context(b, desk)).newPage();
    friend = await (await context(b, phone, { locale: "uk-UA" })).newPage();
    await owner.goto(p.base); // the browser asks for light; the room is dark until somebody chooses
    assert.equal(await owner.getAttribute("html", "data-theme"), "dark");
    await field(owner, "setup.code").fill(p.code);
    await button(owner, "setup.next").click();
    await field(owner, "field.email").fill("owner@home.example");
    await owner.fill("[name=name]", "Owner");
    await owner.fill("[name=password]", "password12");
    await button(owner, "setup.act").click();
    await owner.waitForSelector("[name=password][aria-invalid=true]"); // one of the best-known passwords
    await owner.fill("[name=password]", "correct horse battery");
    await button(owner, "setup.act").click();
    await owner.waitForSelector(".empty");
  });
  after(async () => {
    await b?.close();
    await p?.stop();
  });

  it("hands an invitation over, and it is redeemed in the friend's language", async () => {
    await owner.goto(p.base + "/settings/instance");
    await owner.selectOption("[name=registration]", "invite");
    await button(owner, "action.save").click();
    await told(owner, word("instance.saved"));
    await owner.getByRole("tab", { name: word("instance.invitations") }).click();
    await owner.fill("[name=email]", "friend@home.example");
    await button(owner, "invitations.act").click();
    const link = await owner.inputValue("dialog .secret input");
    await shot(owner, "instance-invited-desk");
    assert.deepEqual(await findings(owner), []);
    await owner.keyboard.press("Escape");
    await friend.goto(link);
    await friend.waitForSelector("[name=name]");
    assert.equal(new URL(friend.url()).hash, "", "the secret left the address");
    await shot(friend, "invite-phone");
    assert.deepEqual(await findings(friend), []);
    await friend.fill("[name=name]", "Друг");
    await friend.fill("[name=password]", "дуже довгий пароль");
    await friend.click("[type=submit]");
    await friend.waitForSelector(".empty");
    assert.equal(await friend.getAttribute("html", "lang"), "uk");
  });

  it("signs a suspended account out where it is", async () => {
    await owner.getByRole("tab", { name: word("instance.accounts") }).click();
    const row = owner.locator(".tb tbody tr", { hasText: "friend@" });
    const act = async (key) => {
      await row.locator(".menu-root > button").click();
      await owner.getByRole("menuitem", { name: word(key) }).click();
    };
    await act("accounts.suspend");
    await owner.locator("dialog").getByRole("button", { name: word("accounts.suspend"), exact: true }).click();
    await friend.waitForURL("**/signin**");
    await friend.getByText(word("reason.account_suspended", {}, "uk")).waitFor();
    await row.locator(".chip.bad").waitFor();
    await shot(owner, "instance-accounts-desk");
    assert.deepEqual(await findings(owner), []);
    await act("accounts.activate");
    await row.locator(".chip.live").waitFor();
    await act("accounts.reset");
    reset = await owner.inputValue("dialog .secret input");
    await owner.keyboard.press("Escape");
  });

  it("takes a link for a new password once", async () => {
    for (const outcome of ["good", "bad"]) {
      await friend.goto("about:blank"); // else only the part behind # would change
      await friend.goto(reset);
      await friend.waitForSelector("[name=password]");
      await friend.fill("[name=password]", "ще довший новий пароль");
      await friend.click("[type=submit]");
      await friend.waitForSelector(`.notice.${outcome}`);
      await shot(friend, `reset-${outcome}-phone`);
      assert.deepEqual(await findings(friend), []);
    }
  });

  it("shows a token once", async () => {
    await owner.goto(p.base + "/settings/account");
    await button(owner, "tokens.add").click();
    await owner.fill("dialog [name=name]", "TV");
    await owner.locator("dialog [type=submit]").click();
    const token = await owner.inputValue(".secret input");
    const r = await fetch(p.base + "/api/v1/me", { headers: { Authorization: "Bearer " + token } });
    assert.equal((await r.json()).account.email, "owner@home.example");
    await owner.keyboard.press("Escape");
    await owner.reload();
    await owner.waitForSelector(".tb");
    assert.ok(!(await owner.content()).includes(token));
  });

  it("TestR70_changes theme and language at once and keeps them", async () => {
    await owner.locator(".seg label").last().click();
    await owner.waitForFunction(() => document.documentElement.dataset.theme === "light");
    await owner.selectOption("[name=language]", "ar");
    await button(owner, "action.save").first().click();
    await owner.waitForFunction(() => document.documentElement.dir === "rtl");
    await owner.reload();
    await owner.waitForSelector(".tb");
    assert.deepEqual(await owner.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme]), ["ar", "light"]);
    await shot(owner, "account-ar-desk");
    assert.deepEqual(await findings(owner), []);
    assert.deepEqual(owner.context().trouble, []);
  });
});
