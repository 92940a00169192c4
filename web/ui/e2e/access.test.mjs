// A camera given to a person, as both see it at once: offered, accepted, live,
// changed, ended while it is watched; offered again, rejected, accepted after all.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, browser, button, context, demo, desk, findings, moving, patience, phone, shot, signIn, tiles, until, word } from "./harness.mjs";

describe("access", () => {
  let d, b, oc, fc, owner, friend, cam, call;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    // A camera that the second person has not got yet.
    for (const c of d.cameras) {
      const { rows } = await call("GET", `/api/v1/cameras/${c.id}/access`);
      if (rows.length === 0) cam = c;
    }
    oc = await context(b, desk);
    fc = await context(b, desk);
    owner = await oc.newPage();
    friend = await fc.newPage();
    await signIn(owner, d.base_url, d.accounts[0]);
    await owner.waitForSelector("li.tile");
    await signIn(friend, d.base_url, d.accounts[1]);
    await friend.waitForSelector("li.tile");
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const dialog = () => owner.locator("dialog.large");
  const row = () => dialog().locator(".pr").first();
  const open = async () => {
    await owner.goto(d.base_url + "/cameras");
    await owner.getByRole("button", { name: word("share.open", { name: cam.name }), exact: true }).click();
    await dialog().getByRole("combobox").waitFor();
  };
  const save = () => button(dialog(), "action.save").click();
  const add = async () => {
    await dialog().getByRole("combobox").fill("neig");
    await owner.getByRole("option").first().waitFor();
    await owner.keyboard.press("ArrowDown");
    await owner.keyboard.press("Enter");
    await button(dialog(), "people.add").click();
    await row().getByText(word("grant.draft")).waitFor();
  };
  const tile = async () => (await tiles(friend)).find((t) => t.camera === cam.id);
  /** watch shows the friend's wall until this camera's picture moves. */
  const watch = async () => {
    await friend.goto(d.base_url + "/");
    await until("the tile to be live", async () => (await tile())?.state === "live").catch(async (e) => { throw new Error(e.message + JSON.stringify(await tiles(friend))); });
    await moving(friend, 1);
  };
  /** cut runs an act and gives the time from its request to the tile's end, in ms, and the reason shown. */
  const cut = async (url, act, state) => {
    await friend.evaluate(([id, want]) => {
      window.__ended = new Promise((done) => {
        const check = () => {
          const el = document.querySelector(`li.tile[data-camera="${id}"]`);
          if (el && want.includes(el.dataset.state)) done(Date.now());
        };
        new MutationObserver(check).observe(document.body, { subtree: true, attributes: true, childList: true, attributeFilter: ["data-state"] });
        check();
      });
    }, [cam.id, state]);
    await owner.evaluate((part) => {
      const real = window.__fetch ?? (window.__fetch = window.fetch);
      window.__asked = 0;
      window.fetch = (u, o) => {
        if (o?.method === "PUT" && String(u).includes(part)) window.__asked ||= Date.now();
        return real(u, o);
      };
    }, url);
    await act();
    const late = new Promise((_, no) => setTimeout(() => no(new Error("the tile did not end")), patience).unref());
    const t1 = await Promise.race([friend.evaluate(() => window.__ended), late]);
    const t0 = await owner.evaluate(() => window.__asked);
    assert.ok(t0 > 0, "the owner's page asked for it");
    return t1 - t0;
  };

  it("TestR8_ TestR25_ offers on Save, is accepted in an open page, and is live", async () => {
    await friend.goto(d.base_url + "/cameras/shared");
    await friend.waitForSelector("main h1");
    await open();
    assert.deepEqual(await findings(owner), []);
    await add();
    await shot(owner, "access-draft-desk");
    assert.deepEqual(await findings(owner), []);
    const { rows } = await call("GET", `/api/v1/cameras/${cam.id}/access`);
    assert.equal(rows.length, 0, "a draft reaches nobody");
    await save();
    await row().getByText(word("grant.offered"), { exact: true }).waitFor();
    await friend.getByRole("button", { name: word("offers.accept_name", { name: cam.name }) }).click(); // came by itself
    await row().getByText(word("grant.accepted"), { exact: true }).waitFor(); // and so did the answer
    await shot(owner, "access-accepted-desk");
    await api(d.base_url, d.accounts[1].token)("POST", "/api/v1/views", { name: "Given", rows: 1, columns: 1, cells: [{ camera: cam.id }], default_for: ["desktop"] });
    await watch();
    await shot(friend, "access-live-desk");
  });

  it("TestR17_ a level taken away ends the tile and says so, given back it returns", async () => {
    await row().getByRole("button", { name: new RegExp("^" + word("levels.of", { name: "", levels: "" }).trim().split(" ")[0]) }).click();
    const pop = owner.locator(".pop:popover-open");
    await pop.getByRole("checkbox", { name: word("level.archive"), exact: true }).click();
    await pop.getByRole("checkbox", { name: word("level.online"), exact: true }).click();
    await owner.keyboard.press("Escape");
    await shot(owner, "access-changed-desk");
    const ms = await cut("/access", save, ["ended", "restricted"]);
    console.log(`level_missing on the tile after ${ms} ms`);
    assert.ok(ms <= 2000, `${ms} ms`);
    await friend.getByText(word("reason.level_missing")).waitFor();
    await shot(friend, "access-level-desk");
    await row().locator(".pick").first().click();
    await pop.getByRole("checkbox", { name: word("level.online"), exact: true }).click();
    await owner.keyboard.press("Escape");
    await save();
    await until("the tile to be live again", async () => (await tile())?.state === "live");
  });

  it("TestR23_ Delete asks who is watching, and the picture ends within a second with its reason", async () => {
    await until("the owner to see who watches", async () => {
      await open();
      return row().getByText(word("effect.watching")).isVisible();
    });
    await owner.getByRole("button", { name: new RegExp(word("people.delete", { name: "" })) }).first().click();
    await shot(owner, "access-stop-desk");
    const ms = await cut("/access", () => button(owner.locator("dialog:not(.large)"), "share.stop").click(), ["ended", "restricted"]);
    console.log(`revoked on the tile after ${ms} ms`);
    assert.ok(ms <= 2000, `${ms} ms`);
    await friend.getByText(word("reason.revoked")).first().waitFor();
    await shot(friend, "access-revoked-desk");
    await dialog().getByText(word("people.empty")).waitFor();
  });

  it("TestR28_ is offered anew, rejected, and accepted after all", async () => {
    await friend.setViewportSize(phone);
    await friend.goto(d.base_url + "/cameras/shared");
    await owner.setViewportSize(phone);
    await open();
    await add();
    await shot(owner, "access-draft-phone");
    assert.deepEqual(await findings(owner), []);
    await save();
    const offer = friend.getByRole("button", { name: word("offers.reject_name", { name: cam.name }) });
    await offer.waitFor();
    await shot(friend, "access-offer-phone");
    await offer.click();
    await friend.goto(d.base_url + "/cameras/shared"); // leaving does not wait for the Undo
    await row().getByText(word("grant.declined"), { exact: true }).waitFor();
    await shot(owner, "access-declined-phone");
    await friend.locator("#rejected").click();
    await friend.getByRole("button", { name: word("offers.accept_name", { name: cam.name }) }).click();
    await row().getByText(word("grant.accepted"), { exact: true }).waitFor();
    await friend.setViewportSize(desk);
    await owner.setViewportSize(desk);
    await watch();
  });

  it("TestR18_ a week painted without hours closes the tile, and Save warns", async () => {
    await open();
    await row().locator(".pick").nth(1).click();
    const editor = owner.locator("dialog.huge");
    await shot(owner, "schedule-desk");
    assert.deepEqual(await findings(owner), []);
    await editor.getByRole("button", { name: new RegExp("^" + word("sched.remove_entry", { entry: "" }).trim()) }).first().click();
    await editor.getByText(word("effect.never")).waitFor();
    await button(editor, "sched.done").click();
    await button(dialog(), "action.save").click();
    await owner.getByText(word("share.never_text")).waitFor();
    const ms = await cut("/access", () => button(owner.locator("dialog:not(.large)"), "action.save").click(), ["closed"]);
    console.log(`outside_schedule on the tile after ${ms} ms`);
    assert.ok(ms <= 2000, `${ms} ms`);
    await shot(friend, "access-closed-desk");
    await row().locator(".pick").nth(1).click();
    await button(editor, "sched.always").click();
    await button(editor, "sched.done").click();
    await save();
    await until("the tile to return by itself", async () => (await tile())?.state === "live");
  });

  it("TestR35_ a temporary link is made, copied, paused and resumed in the dialog", async () => {
    await dialog().getByRole("tab", { name: word("share.links") }).click();
    await button(dialog(), "link.generate").click();
    const url = await dialog().locator(".fresh .secret input").inputValue();
    assert.match(url, /\/s#[\w-]{43}$/);
    await dialog().locator(".fresh").getByRole("button", { name: word("link.qr") }).click();
    await owner.locator("svg.qr").waitFor();
    await shot(owner, "access-qr-desk");
    await button(owner.locator("dialog:not(.large) footer"), "action.close").click();
    assert.match(await dialog().locator(".fresh a[href^='mailto:']").getAttribute("href"), /s%23/);
    await shot(owner, "access-link-desk");
    assert.deepEqual(await findings(owner), []);
    const line = dialog().locator(".lrows li").first();
    await button(line, "links.pause").click();
    await line.getByText(word("links.paused"), { exact: true }).waitFor();
    await button(line, "links.resume").click();
    await line.getByText(word("links.active"), { exact: true }).waitFor();
    await owner.keyboard.press("Escape");
    assert.deepEqual([oc.trouble, fc.trouble], [[], []]);
  });
});
