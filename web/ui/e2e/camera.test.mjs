// One's own camera: added with a wrong password first, live, killed, back by
// itself, renamed and removed while its tile runs.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, camera, context, demo, desk, field, moving, phone, shot, signIn, tiles, told, until, word } from "./harness.mjs";

describe("a camera of one's own", () => {
  let d, b, cam;
  before(async () => {
    d = await demo();
    b = await browser();
    cam = await camera({ user: "viewer", password: "right horse" });
  });
  after(async () => {
    await b?.close();
    await cam?.stop();
    await d?.stop();
  });

  it("is added with a wrong password first, lives, dies, comes back and is removed", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 6);
    await page.goto(d.base_url + "/cameras/new");
    await field(page, "camera.name").fill("Back door");
    await page.getByLabel(word("camera.main"), { exact: true }).fill(cam.main);
    await page.getByLabel(word("camera.sub")).first().fill(cam.sub);
    await page.getByLabel(word("camera.user")).first().fill("viewer");
    await page.getByLabel(word("field.password")).first().fill("wrong");
    await button(page, "camera.test").click();
    await page.getByText(word("probe.camera_login")).first().waitFor();
    await shot(page, "camera-wrong-password-desk");
    await page.getByLabel(word("field.password")).first().fill("right horse");
    await button(page, "camera.test").click();
    await page.locator(".probe").getByText(/1280.*720/).first().waitFor();
    await shot(page, "camera-tested-desk");
    await page.setViewportSize(phone);
    await shot(page, "camera-tested-phone");
    await page.setViewportSize(desk);
    await button(page, "cameras.add").click();
    await told(page, word("camera.added", { name: "Back door" }));
    await shot(page, "cameras-desk");

    const call = api(d.base_url, d.accounts[0].token);
    const { cameras } = await call("GET", "/api/v1/cameras");
    const mine = cameras.find((c) => c.name === "Back door");
    const text = JSON.stringify(cameras);
    assert.ok(!text.includes("right horse"), "no answer shows the password");
    // A view with just this camera, so that its tile is on the screen.
    const view = await call("POST", "/api/v1/views", { name: "Door", rows: 1, columns: 1, cells: [{ camera: mine.id }], default_for: ["desktop"] });
    assert.ok(view.id);
    await page.goto(d.base_url + "/");
    await allLive(page, 1);
    await moving(page, 1);

    await cam.stop();
    await until("the tile to say that the camera is gone", async () => ["reconnecting", "offline", "stalled"].includes((await tiles(page))[0]?.state));
    await until("reconnecting", async () => (await tiles(page))[0]?.state === "reconnecting");
    await shot(page, "tile-reconnecting-desk");
    cam = await camera({ user: "viewer", password: "right horse", listen: cam.listen });
    await allLive(page, 1);
    await moving(page, 1);

    await page.goto(d.base_url + "/cameras/" + mine.id);
    await field(page, "camera.name").fill("Side door");
    await button(page, "action.save").click();
    await told(page, word("camera.saved", { name: "Side door" }));
    await page.goto(d.base_url + "/");
    await allLive(page, 1);
    await page.getByText("Side door").first().waitFor();

    const other = await ctx.newPage();
    await other.goto(d.base_url + "/cameras/" + mine.id);
    await button(other, "camera.remove").click();
    await shot(other, "camera-remove-desk");
    await other.locator("dialog").getByRole("button", { name: word("camera.remove"), exact: true }).click();
    await page.bringToFront();
    await until("the tile to end", async () => {
      const t = (await tiles(page))[0];
      return t === undefined || ["ended", "restricted"].includes(t.state);
    });
    await shot(page, "tile-ended-desk");
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });
});
