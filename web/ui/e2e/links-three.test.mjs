// Owner, person and guest at once: one camera, three screens. What ends for one
// goes on for the others, and each is told why.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, context, decoded, demo, desk, moving, phone, shot, signIn, stopwatch, tiles, until, word } from "./harness.mjs";

describe("three screens on one camera", () => {
  let d, b, oc, nc, gc, owner, neighbour, guest, cam, call;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    const their = api(d.base_url, d.accounts[1].token);
    cam = (await their("GET", "/api/v1/cameras")).cameras[0];
    await their("POST", "/api/v1/views", { name: "Given", rows: 1, columns: 1, cells: [{ camera: cam.id }], default_for: ["desktop"] });
    await call("POST", "/api/v1/views", { name: "One", rows: 1, columns: 1, cells: [{ camera: cam.id }], default_for: ["desktop"] });
    [oc, nc, gc] = [await context(b, desk), await context(b, desk), await context(b, phone, { hasTouch: true, isMobile: true })];
    [owner, neighbour, guest] = [await oc.newPage(), await nc.newPage(), await gc.newPage()];
    await signIn(owner, d.base_url, d.accounts[0]);
    await signIn(neighbour, d.base_url, d.accounts[1]);
    const link = await call("POST", "/api/v1/links", { kind: "temporary", name: "Parcel", cameras: [cam.id], starts: new Date().toISOString(), ends: new Date(Date.now() + 3_600_000).toISOString() });
    await guest.goto(link.url);
    await allLive(owner, 1);
    await allLive(neighbour, 1);
    await allLive(guest, 1);
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const dialog = () => owner.locator("dialog.large");
  const state = async (page) => (await tiles(page)).find((t) => t.camera === cam.id)?.state;
  /** grows waits until more frames were decoded: the picture goes on. */
  async function grows(page) {
    const sum = async () => Object.values(await decoded(page)).reduce((a, n) => a + n, 0);
    const n = await sum();
    await until("more frames", async () => (await sum()) > n + 10);
  }

  it("TestR37_ TestR59_ pausing the link ends the guest's picture only", async () => {
    await Promise.all([moving(owner, 1), moving(neighbour, 1), moving(guest, 1)]);
    await owner.locator(`li.tile[data-camera="${cam.id}"] button.share`).click(); // from the wall itself
    await dialog().getByRole("tab", { name: word("share.links") }).click();
    const line = dialog().locator(".lrows li", { hasText: "Parcel" });
    await line.getByText(word("links.active"), { exact: true }).waitFor();
    const watch = await stopwatch(owner, guest, cam.id);
    await button(line, "links.pause").click();
    const cut = await watch.read();
    console.log(`link paused: guest's tile ended after ${cut} ms`);
    assert.ok(cut <= 2000, `${cut} ms`);
    await guest.getByText(word("guest.paused_text")).waitFor();
    assert.equal(await guest.locator("video").count(), 0);
    await Promise.all([grows(owner), grows(neighbour)]);
    await Promise.all([shot(owner, "three-owner-desk"), shot(neighbour, "three-person-desk"), shot(guest, "three-guest-paused-phone")]);
    await button(line, "links.resume").click();
    await allLive(guest, 1); // by itself, on the same address
  });

  it("TestR23_ taking the person away ends his picture only", async () => {
    await moving(guest, 1);
    await dialog().getByRole("tab", { name: word("share.people") }).click();
    const bin = dialog().getByRole("button", { name: word("people.delete", { name: "Petro" }) });
    await dialog().getByText(word("effect.watching")).waitFor();
    await bin.click();
    const watch = await stopwatch(owner, neighbour, cam.id);
    await button(owner.locator("dialog:not(.large)"), "share.stop").click();
    const cut = await watch.read();
    console.log(`person revoked: tile ended after ${cut} ms`);
    assert.ok(cut <= 2000, `${cut} ms`);
    await neighbour.getByText(word("reason.revoked")).first().waitFor();
    await Promise.all([grows(owner), grows(guest)]);
    assert.equal(await state(owner), "live");
  });

  it("TestR24_ removing the camera ends it everywhere, with its reason", async () => {
    await owner.keyboard.press("Escape");
    await call("DELETE", `/api/v1/cameras/${cam.id}`);
    await until("the guest to lose it", async () => (await guest.locator("li.tile[data-state=live]").count()) === 0);
    await until("the owner to lose it", async () => (await state(owner)) !== "live");
    await Promise.all([shot(owner, "three-camera-gone-desk"), shot(guest, "three-camera-gone-phone")]);
    assert.deepEqual([oc.trouble, nc.trouble, gc.trouble], [[], [], []]);
  });
});
