// A camera with an ONVIF side and a head that turns: found, added with both of
// its streams, steered, and standing still whenever nobody holds it. Where the
// head is, is asked of the camera itself.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, context, demo, desk, field, findings, phone, program, shot, signIn, sleep, told, until, word } from "./harness.mjs";

const login = { user: "viewer", password: "right <horse>" };
/** A silent connection stops the camera after 0.8 s; this is how soon it must stand whatever the reason, ms. */
const bar = 2400;

/** head asks the camera where it looks and whether it moves, as another ONVIF client would. */
async function head(url) {
  const nonce = randomBytes(16);
  const created = new Date().toISOString();
  const digest = createHash("sha1").update(Buffer.concat([nonce, Buffer.from(created + login.password)])).digest("base64");
  const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
  const res = await fetch(url.replace("device_service", "ptz_service"), {
    method: "POST",
    body: `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><Security xmlns="${wsse}wssecurity-secext-1.0.xsd"><UsernameToken>
      <Username>${login.user}</Username><Password Type="${wsse}username-token-profile-1.0#PasswordDigest">${digest}</Password>
      <Nonce>${nonce.toString("base64")}</Nonce><Created xmlns="${wsse}wssecurity-utility-1.0.xsd">${created}</Created></UsernameToken></Security></s:Header>
      <s:Body><GetStatus xmlns="http://www.onvif.org/ver20/ptz/wsdl"><ProfileToken>main</ProfileToken></GetStatus></s:Body></s:Envelope>`,
  });
  const text = await res.text();
  const at = text.match(/PanTilt x="([-.\d]+)" y="([-.\d]+)".*Zoom x="([-.\d]+)"/);
  assert.ok(at, text);
  return { pan: Number(at[1]), tilt: Number(at[2]), zoom: Number(at[3]), moving: text.includes("MOVING") };
}

describe("steering", () => {
  let d, b, cam, onvif;
  before(async () => {
    cam = program(["demo-cameras", "--only", "Car park", "--user", login.user, "--password", login.password]);
    d = await demo();
    b = await browser();
    const line = await until("the camera to serve", () => cam.output().match(/^\{.*\}$/m)?.[0]);
    onvif = JSON.parse(line).cameras[0].onvif;
  });
  after(async () => {
    await b?.close();
    await cam?.stop();
    await d?.stop();
  });

  const still = (what, limit) => until(what, async () => !(await head(onvif)).moving, limit);
  const moves = (what, how = (h) => h.moving) => until(what, async () => how(await head(onvif)));
  const pad = (page) => page.getByRole("region", { name: word("ptz.name") });

  /** hold presses the pad away from its middle and keeps it pressed. */
  async function hold(page, x, y) {
    const r = await pad(page).getByRole("group", { name: word("ptz.pad") }).boundingBox();
    await page.mouse.move(r.x + r.width / 2, r.y + r.height / 2);
    await page.mouse.down();
    await page.mouse.move(r.x + (r.width / 2) * (1 + x), r.y + (r.height / 2) * (1 + y), { steps: 4 });
  }

  it("finds, adds and steers a camera, which stops whenever nobody holds it", async () => {
    const ctx = await context(b, desk);
    // The tab's socket can be made deaf, as a network does that swallows packets.
    await ctx.addInitScript(() => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (m) {
        if (!window.__mute) send.call(this, m);
      };
    });
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 6);

    // Found by its address: looking for cameras is off until an operator switches it on.
    await page.goto(d.base_url + "/cameras/new");
    await button(page, "find.act").click();
    const box = page.getByRole("dialog");
    await box.getByText(word("reason.discovery_off")).waitFor();
    await shot(page, "ptz-find-off-desk");
    await field(box, "find.address").fill(onvif.replace(/\/onvif.*/, ""));
    await button(box, "find.next").click();
    await box.getByLabel(word("camera.user")).fill(login.user);
    await box.getByLabel(word("field.password")).fill("guess");
    await button(box, "find.ask").click();
    await box.getByText(word("probe.camera_login")).waitFor();
    await shot(page, "ptz-find-wrong-password-desk");
    await box.getByLabel(word("field.password")).fill(login.password);
    await button(box, "find.ask").click();
    await box.getByText(word("find.ptz")).waitFor();
    assert.equal(await box.getByLabel(word("camera.main")).inputValue(), "main");
    assert.equal(await box.getByLabel(word("camera.sub")).inputValue(), "sub");
    assert.deepEqual(await findings(page), []);
    await shot(page, "ptz-find-streams-desk");
    await page.setViewportSize(phone);
    await shot(page, "ptz-find-streams-phone");
    await page.setViewportSize(desk);
    await button(box, "find.use").click();
    await field(page, "camera.name").fill("Square");
    assert.match(await page.getByLabel(word("camera.main"), { exact: true }).inputValue(), /^rtsp:\/\/127\.0\.0\.1:\d+\/main$/);
    await shot(page, "ptz-form-desk");
    await button(page, "cameras.add").click();
    await told(page, word("camera.added", { name: "Square" }));

    const call = api(d.base_url, d.accounts[0].token);
    const square = (await call("GET", "/api/v1/cameras")).cameras.find((c) => c.name === "Square");
    const own = { name: "Square", rows: 1, columns: 1, layout: "grid", cells: [{ camera: square.id }], default_for: ["desktop", "phone"] };
    await call("POST", "/api/v1/views", own);
    await page.goto(d.base_url + "/");
    await allLive(page, 1);
    assert.equal(await pad(page).count(), 0, "a pad outside of full screen");
    await page.keyboard.press("f");
    await pad(page).getByText(word("ptz.hint")).waitFor();
    await shot(page, "ptz-pad-desk");

    // Held, it turns; let go, it stands.
    await hold(page, 0.8, 0);
    await moves("it to turn to the right", (h) => h.moving && h.pan > 0.1 && h.tilt === 0);
    await pad(page).getByText(word("ptz.by_you")).waitFor();
    await shot(page, "ptz-steering-desk");
    await moves("it to go on for longer than a lease", (h) => h.pan > 0.7);
    await page.mouse.up();
    await still("it to stop on release", bar);

    await page.keyboard.down("ArrowLeft");
    await page.keyboard.down("ArrowUp");
    await moves("it to turn by the keys", (h) => h.moving && h.tilt > 0.1);
    await page.keyboard.up("ArrowLeft");
    await page.keyboard.up("ArrowUp");
    await still("it to stop with the keys", bar);

    await button(page, "ptz.in").focus();
    await page.keyboard.down("Enter");
    await moves("it to zoom", (h) => h.zoom > 0.05);
    await page.keyboard.up("Enter");
    await still("the zoom to stop", bar);

    await button(page, "ptz.presets").click();
    await shot(page, "ptz-presets-desk");
    assert.deepEqual(await findings(page), []);
    await page.getByRole("menuitem", { name: "Entrance" }).click();
    await moves("it to be at the preset", (h) => h.pan === -0.5 && h.tilt === 0.25 && h.zoom === 0.5);

    // The window loses the focus; the socket says nothing more; the tab goes.
    await hold(page, 0, -0.8);
    await moves("it to turn up");
    await page.evaluate(() => dispatchEvent(new Event("blur")));
    await still("it to stop when the window is left", bar);
    await page.mouse.up();
    await hold(page, 0, 0.8);
    await moves("it to turn down");
    await page.evaluate(() => (window.__mute = true));
    await still("it to stop when the socket is silent", bar);
    await page.mouse.up();
    await page.reload(); // the full screen is over; the wall is there again
    await allLive(page, 1);
    await page.keyboard.press("f");
    await pad(page).getByText(word("ptz.hint")).waitFor();
    await hold(page, 0.5, 0);
    await moves("it to turn again");
    const closed = page.close();
    await still("it to stop when the tab is closed", bar);
    await closed;

    // Somebody else: not without the right, behind the owner with it, and not a moment longer.
    const other = d.accounts[1];
    const his = api(d.base_url, other.token);
    const grant = async (rights) => {
      const { version, rows } = await call("GET", `/api/v1/cameras/${square.id}/access`);
      const row = rows[0] ? { grant_id: rows[0].grant_id } : { email: other.email };
      await call("PUT", `/api/v1/cameras/${square.id}/access`, { version, rows: [{ ...row, levels: ["online"], rights }] });
    };
    await grant([]);
    const { offers } = await his("GET", "/api/v1/offers");
    await his("POST", `/api/v1/offers/${offers.find((o) => o.camera.id === square.id).grant_id}/accept`, {});
    await his("POST", "/api/v1/views", own);
    const hisCtx = await context(b, desk);
    const guest = await hisCtx.newPage();
    await signIn(guest, d.base_url, other);
    await allLive(guest, 1);
    await guest.keyboard.press("f");
    await guest.locator(".tile.full").waitFor();
    assert.equal(await pad(guest).count(), 0, "a pad without the right");
    await assert.rejects(his("POST", `/api/v1/cameras/${square.id}/ptz`, { move: { pan: 1, tilt: 0, zoom: 0 } }), /403 .*level_missing/);
    await grant(["ptz"]);
    await pad(guest).getByText(word("ptz.hint")).waitFor();
    const by = pad(guest).getByText(word("ptz.by", { name: (await call("GET", "/api/v1/me")).account.name }));
    await until("who steers", async () => { // as long as he does
      await call("POST", `/api/v1/cameras/${square.id}/ptz`, { move: { pan: 0, tilt: 0.2, zoom: 0 } });
      await sleep(200);
      return by.isVisible();
    });
    await shot(guest, "ptz-owner-steers-desk");
    await pad(guest).getByText(word("ptz.hint")).waitFor(); // the owner has been quiet
    await hold(guest, -0.8, 0);
    await moves("it to turn for somebody else");
    await grant([]);
    await still("it to stop when the right is taken away", bar);
    await until("the pad to go", async () => (await pad(guest).count()) === 0);
    await guest.mouse.up();
    await guest.close();
    const { rows } = await call("GET", "/api/v1/audit");
    assert.equal(rows.filter((r) => r.action === "camera.steer").length, 1, "one row in the owner's log");

    // The server is gone from one moment to the next: the camera's own limit stops it.
    const last = await ctx.newPage();
    await last.setViewportSize(phone);
    await last.goto(d.base_url + "/");
    await allLive(last, 1);
    await last.keyboard.press("f");
    await pad(last).getByText(word("ptz.hint")).waitFor();
    await shot(last, "ptz-pad-phone");
    await hold(last, 0, 0.7);
    await moves("it to turn once more");
    process.kill(d.pid, "SIGKILL");
    await still("it to stop by itself", bar);
    await last.mouse.up();
    await pad(last).getByText(word("ptz.lost")).waitFor({ timeout: 1000 }).catch(() => {});
    assert.deepEqual(ctx.trouble.filter((x) => !/WebSocket|ERR_/.test(x)), []);
  });
});
