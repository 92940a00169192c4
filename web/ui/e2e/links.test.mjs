// Links through all their states, as the guest and the owner see them at once.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, context, demo, desk, field, findings, moving, phone, shot, signIn, stopwatch, word } from "./harness.mjs";

describe("links", () => {
  let d, b, oc, gc, owner, call, gate, yard;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    [gate, yard] = ["Gate", "Yard"].map((n) => d.cameras.find((c) => c.name === n));
    oc = await context(b, desk);
    gc = await context(b, phone);
    owner = await oc.newPage();
    await signIn(owner, d.base_url, d.accounts[0]);
    await owner.waitForSelector("li.tile");
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });
  const at = (s) => new Date(Date.now() + s * 1000).toISOString();
  const row = (name) => owner.locator(".tb tr", { hasText: name });

  it("TestR36_ TestR37_ TestR39_ a temporary link: before, during, paused, after, removed", async () => {
    const link = await call("POST", "/api/v1/links", { kind: "temporary", name: "Courier", cameras: [gate.id], starts: at(8), ends: at(3600) });
    const guest = await gc.newPage();
    await guest.goto(link.url);
    await guest.getByText(word("guest.starts_text")).waitFor();
    await shot(guest, "temporary-before-phone");
    assert.deepEqual(await findings(guest), []);
    await allLive(guest, 1); // by itself
    await moving(guest, 1);
    await shot(guest, "temporary-during-phone");

    await owner.goto(d.base_url + "/settings/temporary");
    await shot(owner, "temporary-desk");
    assert.deepEqual(await findings(owner), []);
    const pausing = await stopwatch(owner, guest, gate.id);
    await button(row("Courier"), "links.pause").click();
    const paused = await pausing.read();
    assert.ok(paused <= 2000, `the guest is cut within two seconds, not ${paused} ms`);
    await guest.getByText(word("guest.paused_text")).waitFor();
    assert.equal(await guest.locator("video").count(), 0);
    await shot(guest, "temporary-paused-phone");
    await button(row("Courier"), "links.resume").click();
    await allLive(guest, 1);

    await call("PATCH", `/api/v1/links/${link.id}`, { ends: at(3) });
    await guest.getByText(word("guest.ended_text")).waitFor();
    await shot(guest, "temporary-after-phone");
    // A new end from the list of all links: the same address works again.
    await row("Courier").getByText(word("links.ended"), { exact: true }).waitFor();
    await owner.getByRole("button", { name: word("links.dates_name", { name: "Courier" }) }).click();
    const dates = owner.locator("dialog");
    const off = field(dates, "link.off");
    await shot(owner, "temporary-dates-desk");
    assert.deepEqual(await findings(owner), []);
    await off.fill("2020-01-01T10:00");
    await button(dates, "action.save").click();
    await dates.getByText(word("reason.off_before_on")).waitFor();
    await off.fill(new Date(Date.now() + 86_400_000).toISOString().slice(0, 16));
    await button(dates, "action.save").click();
    await allLive(guest, 1);
    assert.match(await owner.getByRole("link", { name: word("links.mail_name", { name: "Courier" }) }).getAttribute("href"), /^mailto:\?subject=Courier&body=/);
    await owner.getByRole("button", { name: word("links.qr_name", { name: "Courier" }) }).click();
    await owner.locator("svg.qr").waitFor();
    await owner.keyboard.press("Escape");

    await owner.getByRole("button", { name: word("links.remove_name", { name: "Courier" }) }).click();
    const removing = await stopwatch(owner, guest, gate.id);
    await button(owner.locator("dialog"), "links.remove").click();
    const removed = await removing.read();
    assert.ok(removed <= 2000, `${removed} ms`);
    await guest.getByText(word("guest.removed_text")).waitFor();
    await owner.getByText(word("temporary.none")).waitFor();
    await guest.goto("about:blank");
    await guest.goto(link.url);
    await guest.getByText(word("guest.gone_text")).waitFor();
    await guest.close();
  });

  it("TestR62_ a share link loses a camera while it is watched", async () => {
    const link = await call("POST", "/api/v1/links", { kind: "share", name: "Two places", cameras: [gate.id, yard.id], acknowledge_risk: true });
    const guest = await gc.newPage();
    await guest.setViewportSize(desk);
    await guest.goto(link.url);
    await allLive(guest, 2);
    await moving(guest, 2);
    await owner.goto(d.base_url + "/settings/sharing");
    await button(row("Two places"), "action.edit").click();
    await owner.locator("dialog").getByRole("checkbox", { name: "Yard" }).uncheck();
    const watch = await stopwatch(owner, guest, yard.id);
    await button(owner.locator("dialog"), "action.save").click();
    const cut = await watch.read();
    console.log(`camera taken out of a link: tile gone after ${cut} ms`);
    assert.ok(cut <= 2000, `${cut} ms`);
    await allLive(guest, 1);
    await moving(guest, 1);
    await shot(guest, "share-one-removed-desk");
    await guest.close();
  });

  it("TestR41_ asks for its password once, and one viewer is stopped", async () => {
    const link = await call("POST", "/api/v1/links", { kind: "temporary", name: "Neighbours", cameras: [gate.id], starts: at(-1), ends: at(3600), password: "open sesame" });
    const guest = await gc.newPage();
    await guest.goto(link.url);
    await field(guest, "field.password").waitFor();
    assert.equal(await guest.locator("video").count(), 0);
    await shot(guest, "link-password-phone");
    assert.deepEqual(await findings(guest), []);
    await field(guest, "field.password").fill("wrong");
    await button(guest, "guest.open").click();
    await guest.getByText(word("reason.password_wrong")).waitFor();
    await field(guest, "field.password").fill("open sesame");
    await button(guest, "guest.open").click();
    await allLive(guest, 1);
    await guest.reload();
    await allLive(guest, 1); // not asked again

    await owner.goto(d.base_url + "/settings/temporary");
    await button(row("Neighbours"), "visits.title").click();
    await owner.locator("dialog .tb").getByText(word("links.watching")).waitFor();
    await shot(owner, "link-visits-desk");
    assert.deepEqual(await findings(owner), []);
    await button(owner.locator("dialog"), "visits.stop").click();
    await guest.getByText(word("guest.stopped")).waitFor();
    assert.equal(await guest.locator("video").count(), 0);
    await shot(guest, "link-stopped-phone");
    assert.deepEqual(oc.trouble, []);
    assert.deepEqual(gc.trouble, []);
    await guest.close();
  });
});
