// What reaches a person: offers in the circle, notices, a countdown before an
// access closes, a camera asked for, and the end of everything at once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, browser, button, context, demo, desk, everyCamera, field, findings, moving, phone, shot, signIn, stopwatch, tiles, told, until, word } from "./harness.mjs";

describe("what a person is told", () => {
  let d, b, oc, nc, gc, owner, neighbour, call, their, given, others;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    their = api(d.base_url, d.accounts[1].token);
    const has = (await their("GET", "/api/v1/cameras")).cameras;
    given = has[0];
    others = d.cameras.filter((c) => !has.some((h) => h.id === c.id));
    [oc, nc, gc] = [await context(b, desk), await context(b, desk), await context(b, phone)];
    [owner, neighbour] = [await oc.newPage(), await nc.newPage()];
    for (const [page, account] of [[owner, 0], [neighbour, 1]]) {
      await signIn(page, d.base_url, d.accounts[account]);
      await page.waitForSelector("li.tile");
    }
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const account = async () => (await their("GET", "/api/v1/me")).account.id;
  /** table saves what the neighbour has of a camera; undefined takes it away. */
  async function table(camera, terms) {
    const { version, rows } = await call("GET", `/api/v1/cameras/${camera.id}/access`);
    const who = rows[0] ? { grant_id: rows[0].grant_id } : { account: await account() };
    const row = { ...who, levels: ["online"], rights: [], schedule: null, only_hours: false, only_from: false, ...terms };
    await call("PUT", `/api/v1/cameras/${camera.id}/access`, { version, rows: terms ? [row] : [] });
  }
  const circle = (page, n) => page.getByRole("button", { name: word("offers.circle", { n }), exact: true });
  const state = (page, camera) => tiles(page).then((l) => l.find((t) => t.camera === camera.id)?.state);
  const in_ = (s) => new Date(Date.now() + s * 1000).toISOString();
  async function all(page) {
    await page.goto(d.base_url + "/");
    await everyCamera(page);
  }

  it("TestR26_ TestR27_ the circle counts by itself; Accept all can be undone", async () => {
    await neighbour.goto(d.base_url + "/notices");
    await circle(neighbour, 0).waitFor();
    await table(others[0], {});
    await circle(neighbour, 1).waitFor(); // row R26
    await table(others[1], { message: "For the nights" });
    await circle(neighbour, 2).waitFor();
    await neighbour.getByText(word("notice.offer_received", { person: "Olena", camera: others[1].name })).waitFor();
    await circle(neighbour, 2).click();
    await neighbour.getByText("For the nights").waitFor();
    await shot(neighbour, "offers-panel-desk");
    assert.deepEqual(await findings(neighbour), []);
    await button(neighbour.locator("dialog"), "offers.accept_all").click();
    await neighbour.keyboard.press("Escape");
    await neighbour.locator(".toast").hover(); // it waits for who points at it
    await circle(neighbour, 0).waitFor();
    await neighbour.getByRole("button", { name: word("action.undo") }).click();
    await until("both to be declined again", async () => (await their("GET", "/api/v1/offers")).offers.filter((o) => o.state === "declined").length === 2);
    await neighbour.goto(d.base_url + "/cameras/shared");
    await neighbour.locator("#rejected").click();
    await shot(neighbour, "offers-rejected-desk");
    await table(others[1]);
    await neighbour.getByRole("button", { name: word("offers.accept_name", { name: others[1].name }) }).waitFor({ state: "detached" }); // its list, which has no bar
  });

  it("TestR14_ TestR31_ TestR32_ notices are counted, read, and muted by camera", async () => {
    await neighbour.goto(d.base_url + "/notices");
    const badge = neighbour.locator("header .count");
    await table(given, { levels: ["online", "notices"] });
    await badge.waitFor(); // by itself
    const n = Number(await badge.innerText());
    await shot(neighbour, "notices-desk");
    assert.deepEqual(await findings(neighbour), []);
    await button(neighbour, "notices.read").first().click();
    await until("one unread less", async () => (n === 1 ? (await badge.count()) === 0 : Number(await badge.innerText()) === n - 1));
    if (n > 1) await button(neighbour, "notices.read_all").click();
    await until("no badge", async () => (await badge.count()) === 0);
    // The declined offer is still there to be accepted: reading answers nothing.
    assert.equal((await their("GET", "/api/v1/offers")).offers.some((o) => o.camera.id === others[0].id && o.state === "declined"), true);
    await owner.goto(d.base_url + "/notices");
    // One notice of an offer, however often it was answered: what was accepted and undone reads as left, or as declined.
    const answer = (a) => owner.getByText(word("notice.offer_answered_" + a, { person: "Petro", camera: others[0].name }));
    await answer("left").or(answer("declined")).first().waitFor();
    await shot(owner, "notices-answers-desk");
    await neighbour.goto(d.base_url + "/cameras/shared");
    await button(neighbour, "notices.mute").click();
    await button(neighbour, "notices.unmute").waitFor();
    assert.deepEqual((await their("GET", "/api/v1/notices")).muted, [given.id]);
    await neighbour.setViewportSize(phone);
    await neighbour.goto(d.base_url + "/notices");
    await neighbour.locator(".notices li").first().waitFor();
    await shot(neighbour, "notices-phone");
    assert.deepEqual(await findings(neighbour), []);
    await neighbour.setViewportSize(desk);
  });

  it("TestR19_ TestR22_ counts down before the end, closes with its reason, and returns by itself when extended", async () => {
    await all(neighbour);
    await until("the tile live", async () => (await state(neighbour, given)) === "live");
    const end = Date.now() + 15000;
    const watch = await stopwatch(neighbour, neighbour, given.id);
    await table(given, { until: new Date(end).toISOString() });
    const tile = neighbour.locator(`li.tile[data-camera="${given.id}"]`);
    const closing = await until("the countdown", () => tile.evaluate((e) => /^Closes in 0:(0[1-9]|1[0-5])$/.test(e.querySelector(".st")?.textContent) && e.dataset.state));
    assert.equal(closing, "live");
    await shot(neighbour, "tile-closes-desk");
    const late = (await watch.ended()) - end;
    console.log(`active until: tile ended ${late} ms after it`);
    assert.ok(late <= 2000, `${late} ms`);
    await tile.getByText(word("reason.expired")).waitFor();
    await shot(neighbour, "tile-expired-desk");
    await neighbour.goto(d.base_url + "/cameras/" + given.id);
    await neighbour.getByText(word("grant.expired"), { exact: true }).waitFor();
    await shot(neighbour, "given-expired-desk");
    await all(neighbour);
    await table(given, {});
    await until("the tile back by itself", async () => (await state(neighbour, given)) === "live");
  });

  it("TestR1_ TestR30_ who was given a camera sees what he has of it, and may leave", async () => {
    await table(given, { levels: ["online", "archive"], until: in_(86400) });
    await neighbour.goto(d.base_url + "/cameras/" + given.id);
    await button(neighbour, "offers.leave").waitFor();
    assert.equal(await neighbour.locator("form").count(), 0, "the owner's form");
    assert.ok(!(await neighbour.content()).includes("rtsp:"));
    await shot(neighbour, "given-desk");
    assert.deepEqual(await findings(neighbour), []);
    await neighbour.setViewportSize(phone);
    await shot(neighbour, "given-phone");
    await neighbour.setViewportSize(desk);
    await button(neighbour, "offers.leave").click();
    await neighbour.getByText(word("given.rejected"), { exact: true }).waitFor();
    await button(neighbour, "offers.accept").click();
    await button(neighbour, "offers.leave").waitFor();
    await table(given);
    await neighbour.getByText(word("given.none")).waitFor(); // in the open page
    await shot(neighbour, "given-none-desk");
  });

  it("asks for access where there is none, and the owner gives it from the notice", async () => {
    assert.deepEqual(await findings(neighbour), []);
    await button(neighbour, "request.act").click();
    await neighbour.getByText(word("request.asked")).waitFor();
    await owner.goto(d.base_url + "/notices");
    const line = owner.locator(".notices li", { hasText: word("notice.access_requested", { person: "Petro", camera: given.name }) });
    await shot(owner, "notices-request-desk");
    await button(line, "share.act").click();
    const box = owner.locator("dialog.large");
    await box.getByText(word("grant.draft")).waitFor();
    await shot(owner, "access-request-draft-desk");
    await button(box, "action.save").click();
    await box.getByText(word("grant.offered"), { exact: true }).waitFor();
    await neighbour.getByRole("button", { name: word("offers.accept_name", { name: given.name }) }).click(); // the page became an offer
    await button(neighbour, "offers.leave").waitFor();
  });

  it("asks through a link that is paused: signed in, not as a guest", async () => {
    const link = await call("POST", "/api/v1/links", { kind: "share", name: "Both sides", cameras: [others[0].id, others[1].id], acknowledge_risk: true });
    await call("POST", `/api/v1/links/${link.id}/pause`);
    const guest = await gc.newPage();
    await guest.goto(link.url);
    await guest.getByText(word("guest.paused_text")).waitFor();
    await shot(guest, "guest-paused-request-phone");
    assert.deepEqual(await findings(guest), []);
    await guest.getByRole("link", { name: word("guest.request") }).click();
    await field(guest, "field.email").fill(d.accounts[1].email);
    await field(guest, "field.password").fill(d.accounts[1].password);
    await button(guest, "signin.act").click();
    await guest.getByText(word("request.text")).waitFor();
    await shot(guest, "request-phone");
    assert.deepEqual(await findings(guest), []);
    await button(guest, "request.act").click();
    await guest.getByText(word("request.asked")).waitFor();
    await shot(guest, "request-asked-phone");
    await owner.goto(d.base_url + "/notices");
    const line = owner.locator(".notices li", { hasText: word("notice.access_requested_link", { person: "Petro", link: "Both sides" }) });
    await button(line, "share.act").click();
    await owner.locator("dialog .choose").waitFor();
    await shot(owner, "request-which-desk");
    await owner.getByRole("button", { name: others[1].name }).click();
    await owner.locator("dialog.large").getByText(word("grant.draft")).waitFor();
    await button(owner.locator("dialog.large"), "action.cancel").click();
    await owner.getByText(word("share.leave_title")).waitFor();
    await button(owner.locator("dialog:not(.large)"), "share.leave").click();
    await guest.close();
  });

  it("Revoke all ends everything of a person, also what is watched", async () => {
    await all(neighbour);
    await until("the tile live", async () => (await state(neighbour, given)) === "live");
    await moving(neighbour, 1);
    await owner.goto(d.base_url + "/settings/people");
    await owner.getByRole("button", { name: word("people.revoke_name", { name: "Petro" }) }).waitFor();
    await shot(owner, "sharing-people-desk");
    assert.deepEqual(await findings(owner), []);
    await owner.getByRole("button", { name: word("people.revoke_name", { name: "Petro" }) }).click();
    await shot(owner, "sharing-revoke-desk");
    const watch = await stopwatch(owner, neighbour, given.id);
    await button(owner.locator("dialog"), "people.revoke").click();
    const cut = await watch.read();
    console.log(`revoke all: tiles ended after ${cut} ms`);
    assert.ok(cut <= 2000, `${cut} ms`);
    await until("no live tile", async () => !(await tiles(neighbour)).some((t) => t.state === "live"));
    await owner.getByText(word("people.none")).waitFor();
  });

  it("TestR104_ the log says who did what, and has nothing to change it with", async () => {
    await owner.goto(d.base_url + "/settings/audit");
    await owner.locator(".tb tbody tr").first().waitFor();
    const said = await owner.locator(".tb").innerText();
    assert.ok(!/grant\.|link\.|group\./.test(said), "no action without a sentence:\n" + said);
    assert.equal(await owner.locator(".tb button").count(), 0);
    await shot(owner, "audit-desk");
    assert.deepEqual(await findings(owner), []);
    await owner.setViewportSize(phone);
    await shot(owner, "audit-phone");
    await owner.setViewportSize(desk);
    const more = button(owner, "audit.more");
    const n = await owner.locator(".tb tbody tr").count();
    if (await more.count()) {
      await more.click();
      await until("earlier rows", async () => (await owner.locator(".tb tbody tr").count()) > n);
    }
  });

  it("TestR24_ TestR48_ closing the account first names what ends with it", async () => {
    await call("POST", "/api/v1/groups", { name: "Stairs" });
    await owner.goto(d.base_url + "/settings/account");
    await button(owner, "closing.open").click();
    const box = owner.locator("dialog");
    await box.getByText("Stairs").waitFor();
    const said = await box.innerText();
    assert.match(said, /6 cameras/);
    assert.match(said, /2 links/);
    await shot(owner, "closing-desk");
    assert.deepEqual(await findings(owner), []);
    await owner.setViewportSize(phone);
    await shot(owner, "closing-phone");
    await owner.setViewportSize(desk);
    await box.locator("[type=password]").fill("not the password");
    await button(box, "closing.act").click();
    await box.locator(".err, .notice.bad").first().waitFor();
    await box.locator("[type=password]").fill(d.accounts[0].password);
    await button(box, "closing.act").click();
    await box.getByText(word("closing.only_admin")).waitFor(); // somebody must run the server
    await owner.keyboard.press("Escape");

    const mine = await their("POST", "/api/v1/groups", { name: "Courtyard" });
    const { code } = await their("POST", `/api/v1/groups/${mine.id}/codes`, { role: "viewer" });
    await call("POST", "/api/v1/groups/join", { code });
    await owner.goto(d.base_url + "/settings/groups");
    await owner.getByText("Courtyard").waitFor();
    await neighbour.goto(d.base_url + "/settings/account");
    await button(neighbour, "closing.open").click();
    const his = neighbour.locator("dialog");
    await his.getByText(word("closing.group", { name: "Courtyard", people: "2 people" })).waitFor();
    await shot(neighbour, "closing-group-desk");
    await his.locator("[type=password]").fill(d.accounts[1].password);
    await button(his, "closing.act").click();
    await neighbour.waitForURL("**/signin");
    await told(neighbour, word("closing.done"));
    await owner.getByText("Courtyard").waitFor({ state: "detached" });
    assert.deepEqual([oc.trouble, nc.trouble, gc.trouble], [[], [], []]);
  });
});
