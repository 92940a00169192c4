// The share dialog where it is more than one owner and one person: two sessions
// of the owner, somebody without an account, groups, and the view of the other side.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, browser, button, context, demo, desk, everyCamera, findings, phone, shot, signIn, stopwatch, tiles, until, word } from "./harness.mjs";

describe("the share dialog", () => {
  let d, b, oc, sc, nc, owner, second, neighbour, cam, call, their;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    their = api(d.base_url, d.accounts[1].token);
    cam = (await their("GET", "/api/v1/cameras")).cameras[0];
    [oc, sc, nc] = [await context(b, desk), await context(b, desk), await context(b, desk)];
    [owner, second, neighbour] = [await oc.newPage(), await sc.newPage(), await nc.newPage()];
    for (const [page, account] of [[owner, 0], [second, 0], [neighbour, 1]]) {
      await signIn(page, d.base_url, d.accounts[account]);
      await page.waitForSelector("li.tile");
    }
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const dialog = (page = owner) => page.locator("dialog.large").first();
  const row = (page = owner, nth = 0) => dialog(page).locator(".pr").nth(nth);
  const access = () => call("GET", `/api/v1/cameras/${cam.id}/access`);
  async function open(page = owner, camera = cam) {
    await page.goto(d.base_url + "/cameras");
    await page.getByRole("button", { name: word("share.open", { name: camera.name }), exact: true }).click();
    await dialog(page).getByRole("combobox").waitFor();
  }
  /** tick changes one level of a person, and leaves it unsaved. */
  async function tick(page, level, nth = 0) {
    await row(page, nth).locator(".pick").first().click();
    await page.locator(".pop:popover-open").getByRole("checkbox", { name: word("level." + level), exact: true }).click();
    await page.keyboard.press("Escape");
  }
  const save = (page = owner) => button(dialog(page), "action.save").click();
  const saved = (page = owner) => dialog(page).getByText(word("share.saved"), { exact: true }).waitFor();

  it("TestR9_ an edit meets another session's save in the open page", async () => {
    await open(owner);
    await open(second);
    await tick(owner, "notices");
    await tick(second, "archive");
    await save(second);
    await saved(second);
    await row().getByText(word("people.take_theirs")).waitFor(); // by itself
    await shot(owner, "access-theirs-desk");
    assert.deepEqual(await findings(owner), []);
    await button(row(), "people.keep_mine").click();
    await save();
    await saved();
    assert.deepEqual((await access()).rows[0].levels.toSorted(), ["notices", "online"]);
  });

  it("TestR9_ Save on an old table is refused, and shows what the other session saved", async () => {
    await tick(owner, "archive");
    // This page hears nothing of the other session until it has saved, however often it asks.
    let sent = false;
    await owner.route(/\/access$/, (r) => {
      sent ||= r.request().method() === "PUT";
      return sent ? r.fallback() : r.abort();
    });
    await tick(second, "download");
    await save(second);
    await saved(second);
    await until("the page to have missed it", async () => (await dialog().locator(".failed").count()) > 0);
    const [refused] = await Promise.all([owner.waitForResponse((r) => r.request().method() === "PUT"), save()]);
    assert.equal(refused.status(), 409);
    assert.equal((await refused.json()).code, "stale");
    await dialog().getByText(word("share.stale")).waitFor();
    await owner.unroute(/\/access$/);
    await shot(owner, "access-stale-desk");
    await owner.setViewportSize(phone);
    await shot(owner, "access-stale-phone");
    assert.deepEqual(await findings(owner), []);
    await owner.setViewportSize(desk);
    await button(row(), "people.take_theirs").click();
    await button(dialog(), "action.save").click();
    assert.ok((await access()).rows[0].levels.includes("download"), "theirs stands");
  });

  it("TestR6_ somebody without an account is invited, and nothing pretends to be sent", async () => {
    await open(owner);
    await dialog().getByRole("combobox").fill("courier@somewhere.example");
    await owner.keyboard.press("Enter");
    await save();
    const last = row(owner, 1);
    await last.getByText(word("people.no_invite")).waitFor(); // no button that would be refused
    assert.equal(await button(last, "people.invite").count(), 0);
    assert.equal((await access()).rows.length, 1, "nothing was made");
    await shot(owner, "access-not-registered-closed-desk");
    await call("PATCH", "/api/v1/instance", { registration: "invite" });
    await open(owner);
    await dialog().getByRole("combobox").fill("courier@somewhere.example");
    await owner.keyboard.press("Enter");
    await save();
    await last.getByText(word("reason.not_registered")).waitFor();
    await shot(owner, "access-not-registered-desk");
    assert.deepEqual(await findings(owner), []);
    await button(last, "people.invite").click();
    await save();
    await last.getByText(word("grant.waiting")).waitFor();
    const url = await dialog().locator(".fresh .secret input").inputValue();
    assert.match(url, /\/invite#/);
    const letter = await dialog().locator(".fresh a[href^='mailto:']").getAttribute("href");
    assert.match(letter, /^mailto:courier@somewhere\.example\?/);
    assert.ok(letter.includes(encodeURIComponent(url)));
    await shot(owner, "access-invited-desk");
    assert.deepEqual(await findings(owner), []);
    // The person comes, and the offer is there.
    const pc = await context(b, phone);
    const courier = await pc.newPage();
    await courier.goto(url);
    await courier.fill("[name=name]", "Courier");
    await courier.fill("[name=password]", "carries things about");
    await courier.click("[type=submit]");
    await courier.locator(".offers.has").waitFor();
    await courier.locator(".offers").click();
    await courier.getByRole("button", { name: word("offers.accept_name", { name: cam.name }) }).waitFor();
    await shot(courier, "offers-panel-phone");
    assert.deepEqual(await findings(courier), []);
    await last.getByText(word("grant.offered"), { exact: true }).waitFor(); // in the owner's open page
    assert.deepEqual(pc.trouble, []);
    await pc.close();
  });

  it("shows what the person sees, as the server decides it for him", async () => {
    await button(dialog(), "share.see_as").click();
    const box = owner.locator("dialog:not(.large)");
    const who = box.getByRole("combobox");
    await box.getByText(word("see.live")).waitFor();
    await shot(owner, "see-as-desk");
    assert.deepEqual(await findings(owner), []);
    await who.selectOption({ label: "Courier" });
    await box.getByText(word("reason.offer_pending")).waitFor();
    await shot(owner, "see-as-pending-desk");
    await owner.setViewportSize(phone);
    await shot(owner, "see-as-phone");
    await owner.setViewportSize(desk);
    await owner.keyboard.press("Escape");
  });

  it("TestR50_ TestR59_ gives a camera to groups with switches, after what cannot be recalled was said", async () => {
    const has = (await their("GET", "/api/v1/cameras")).cameras.map((c) => c.id);
    const other = d.cameras.find((c) => !has.includes(c.id));
    await open(owner, other);
    await dialog().getByRole("tab", { name: word("share.groups") }).click();
    await dialog().getByText(word("share.no_groups")).waitFor();
    await shot(owner, "access-groups-empty-desk");
    const group = await call("POST", "/api/v1/groups", { name: "Our street" });
    const { code } = await call("POST", `/api/v1/groups/${group.id}/codes`, { role: "viewer" });
    await their("POST", "/api/v1/groups/join", { code });
    const on = dialog().getByRole("switch", { name: "Our street" });
    await on.click(); // the group came into the open page
    await owner.getByText(word("share.first_text")).waitFor();
    await shot(owner, "access-groups-first-desk");
    assert.deepEqual(await findings(owner), []);
    await owner.locator("dialog:not(.large)").getByRole("button", { name: word("share.first_act"), exact: true }).click();
    await until("the switch to be on", async () => (await on.getAttribute("aria-checked")) === "true");
    await shot(owner, "access-groups-desk");
    await neighbour.goto(d.base_url + "/cameras/" + other.id);
    await neighbour.getByText(word("given.group_text")).waitFor();
    assert.equal(await neighbour.locator("form").count(), 0);
    await shot(neighbour, "given-group-desk");
    assert.deepEqual(await findings(neighbour), []);
    await neighbour.goto(d.base_url + "/");
    await everyCamera(neighbour);
    const tile = async () => (await tiles(neighbour)).find((t) => t.camera === other.id)?.state;
    await until("the group's camera live", async () => (await tile()) === "live");
    await dialog().getByText(word("share.images_only"), { exact: true }).click();
    await until("live to end with images only", async () => (await tile()) !== "live");
    await dialog().getByText(word("share.live_images"), { exact: true }).click();
    await until("live again", async () => (await tile()) === "live");
    const watch = await stopwatch(owner, neighbour, other.id);
    await on.click();
    const cut = await watch.read();
    console.log(`group switch off: tile ended after ${cut} ms`);
    assert.ok(cut <= 2000, `${cut} ms`);
    assert.deepEqual([oc.trouble.filter((x) => !/ERR_FAILED/.test(x)), sc.trouble, nc.trouble], [[], [], []]);
  });
});
