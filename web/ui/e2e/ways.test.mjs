// The ways notices leave by besides mail: this device, where the service worker
// shows what a real push service was sent, and webhooks, whose receiver checks
// signatures with the very lines the documentation shows.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { first, password, serve } from "./fresh.mjs";
import { browser, button, context, desk, field, findings, folder, patient, phone, rawKeys, shot, signIn, told, until, word } from "./harness.mjs";
import { pushSink } from "./sinks.mjs";

const account = { email: "owner@example.org", password };

describe("ways notices leave by", () => {
  let p, b, base, push, hook, verify, camera, call;

  before(async () => {
    const data = folder();
    push = await pushSink(path.join(data, "push.pem"));
    hook = await receiver();
    const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
    const sample = readFileSync(path.join(root, "docs/ref/webhooks.md"), "utf8").match(/```js\n([\s\S]*?)```/)[1];
    writeFileSync(path.join(data, "verify.mjs"), sample);
    ({ verify } = await import(pathToFileURL(path.join(data, "verify.mjs"))));
    p = await serve(["--outbound-networks", "127.0.0.0/8"], { env: { SSL_CERT_FILE: path.join(data, "push.pem") } });
    base = p.base;
    b = await browser();
    call = await first(p, { email: account.email, name: "Olena", networks: ["127.0.0.0/8"] });
    camera = await call("POST", "/api/v1/cameras", { name: "Front door", main: "rtsp://127.0.0.1:1/none", zone: "Europe/Kyiv" });
  });
  after(async () => {
    await b?.close();
    await p?.stop();
    push?.close();
    hook?.close();
    assert.ok(!/whsec_|canary/.test(p?.output() ?? ""), "the log has a secret");
  });

  /** report says over the camera's own hook that something happened. */
  async function report(kind, text) {
    const h = await call("POST", `/api/v1/cameras/${camera.id}/hook`);
    const res = await patient(h.url, { method: "POST", headers: { Authorization: "Bearer " + h.key, "Content-Type": "application/json" }, body: JSON.stringify({ kind, text }) });
    assert.equal(res.status, 204);
  }

  it("a webhook is made, tried, told why it fails, given a new secret and removed", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, base, account);
    await until("the wall", () => new URL(page.url()).pathname === "/");
    await page.goto(base + "/settings/notices");
    await page.getByText(word("webhooks.none")).waitFor();
    await button(page, "webhooks.add").click();
    const dialog = page.getByRole("dialog");
    await field(dialog, "tokens.name").fill("House");
    await field(dialog, "webhooks.url").fill("https://10.0.0.1/in");
    await button(dialog, "webhooks.add").click();
    await dialog.getByText(word("reason.address_denied")).waitFor();
    await field(dialog, "webhooks.url").fill(hook.url + "/in?key=canary");
    await button(dialog, "webhooks.add").click();
    const secret = await field(dialog, "webhooks.secret").inputValue();
    assert.match(secret, /^whsec_/);
    await shot(page, "webhook-secret-desk");
    assert.deepEqual(await findings(page), []);
    await page.keyboard.press("Escape");

    await button(page, "webhooks.test").click();
    await page.getByText(/^House took the test: 204, \d+ ms\.$/).waitFor();
    const [t] = hook.got;
    assert.ok(verify(secret, t.headers["sightline-signature"], t.body), "the documented check takes a delivery");
    assert.ok(!verify("whsec_other", t.headers["sightline-signature"], t.body), "and refuses another secret");
    assert.ok(!verify(secret, t.headers["sightline-signature"], Buffer.concat([t.body, Buffer.from(" ")])), "and another body");
    assert.ok(!verify(secret, t.headers["sightline-signature"], t.body, Date.now() + 600_000), "and an old one");

    // A real notice.
    await report("motion", "at the gate");
    const m = await until("the notice at the receiver", () => hook.got.find((g) => g.json.kind === "motion"));
    assert.ok(verify(secret, m.headers["sightline-signature"], m.body));
    assert.equal(m.json.camera.name, "Front door");
    assert.equal(m.json.text, "at the gate");
    assert.equal(m.headers["sightline-id"], m.json.id);

    hook.status = 500;
    await button(page, "webhooks.test").click();
    await page.getByText(word("webhooks.outcome.status", { status: 500 })).waitFor();
    hook.status = 204;
    await shot(page, "webhooks-desk");
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(await rawKeys(page), []);
    await page.getByRole("button", { name: `${word("nav.more")}: House` }).click();
    await page.getByRole("menuitem", { name: word("webhooks.log") }).click();
    await until("three tries", async () => (await dialog.locator("tbody tr").count()) >= 3); // one that is late is made again
    await shot(page, "webhook-log-desk");
    assert.deepEqual(await findings(page), []);
    await page.setViewportSize(phone);
    await shot(page, "webhook-log-phone");
    await page.keyboard.press("Escape");
    await button(page, "webhooks.test").scrollIntoViewIfNeeded();
    await shot(page, "webhooks-phone");
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing runs out at the side");
    await page.setViewportSize(desk);

    await page.getByRole("button", { name: `${word("nav.more")}: House` }).click();
    await page.getByRole("menuitem", { name: word("webhooks.new_secret") }).click();
    await button(dialog, "webhooks.new_secret").click();
    const next = await until("the new secret", async () => {
      const v = await field(dialog, "webhooks.secret").inputValue().catch(() => "");
      return v && v !== secret && v;
    });
    await page.keyboard.press("Escape");
    const before = hook.got.length;
    await button(page, "webhooks.test").click();
    const both = await until("the test", () => hook.got[before]);
    for (const s of [secret, next]) assert.ok(verify(s, both.headers["sightline-signature"], both.body));
    await page.getByRole("button", { name: `${word("nav.more")}: House` }).click();
    await page.getByRole("menuitem", { name: word("action.remove"), exact: true }).click();
    await button(dialog, "action.remove").click();
    await page.getByText(word("webhooks.none")).waitFor();
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });

  it("a device is switched on; what is pushed is shown and opens its page", async () => {
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    const cdp = await ctx.newCDPSession(page);
    const { targetInfo } = await cdp.send("Target.getTargetInfo");
    const allow = (setting) => cdp.send("Browser.setPermission", { permission: { name: "notifications" }, setting, origin: base, browserContextId: targetInfo.browserContextId });
    await allow("denied");
    await signIn(page, base, account);
    await until("the wall", () => new URL(page.url()).pathname === "/");
    await page.goto(base + "/settings/notices");
    await page.getByText(word("push.denied")).waitFor();
    await shot(page, "push-denied-desk");
    await allow("granted");
    await page.reload();
    // This browser reaches no push service: that is said.
    const here = page.getByRole("switch", { name: word("push.here") });
    await here.click();
    await page.getByText(word("push.failed")).waitFor();
    assert.equal(await here.getAttribute("aria-checked"), "false");

    // With one: the test's.
    const mine = push.subscribe();
    await ctx.addInitScript(fakePushService, mine.json);
    await page.reload();
    await here.click();
    await told(page, word("push.is_on"));
    await until("the switch to be on", async () => (await here.getAttribute("aria-checked")) === "true");
    await shot(page, "push-on-desk");
    assert.deepEqual(await findings(page), []);
    const worker = await until("the service worker", () => ctx.serviceWorkers()[0]);
    assert.equal(new URL(worker.url()).pathname, "/push-worker.js");

    await call("PATCH", `/api/v1/cameras/${camera.id}`, { name: "Back door" }); // a camera makes one notice of a kind in five minutes
    await report("person", "Post");
    const got = await until("the message at the push service", () => mine.got.find((m) => m.kind === "person"));
    assert.equal(got.title, "Back door");
    assert.match(got.page, /^\//);

    // What the service got is what the worker gets.
    let registration;
    cdp.on("ServiceWorker.workerRegistrationUpdated", (e) => { registration = e.registrations.find((r) => r.scopeURL === base + "/")?.registrationId ?? registration; });
    await cdp.send("ServiceWorker.enable");
    await until("the registration", () => registration);
    const shown = () => page.evaluate(async () => (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => ({ title: n.title, body: n.body, lang: n.lang, dir: n.dir, tag: n.tag, data: n.data })));
    // Chromium drops what is handed to a worker that just starts, or just stops: it is handed over again, as a push service would.
    const delivered = (what, data, ok) => {
      let at = 0;
      return until(what, async () => {
        if (Date.now() - at > 2000) {
          at = Date.now();
          await cdp.send("ServiceWorker.deliverPushMessage", { origin: base, registrationId: registration, data });
        }
        const l = await shown();
        return ok(l) && l;
      });
    };
    const [n] = await delivered("the notification", JSON.stringify(got), (l) => l.length === 1);
    assert.deepEqual(n, { title: "Back door", body: got.body, lang: "en", dir: "ltr", tag: got.tag, data: { id: got.id, page: got.page } });
    // A newer one of the same kind and camera takes its place; what is no message of ours still shows something and leads nowhere else.
    await delivered("the newer one", JSON.stringify({ ...got, body: "later", page: "https://evil.example/x" }), (l) => l.length === 1 && l[0].body === "later" && l[0].data.page === "/notices");
    await delivered("something", "not JSON", (l) => l.some((x) => x.title === "Sightline" && x.data.page === "/notices"));
    assert.equal(await worker.evaluate(async () => (await caches.keys()).length), 0);

    // A click opens the page, in the window that shows it if there is one.
    const opened = await worker.evaluate(async (page) => {
      const all = [];
      for (const to of [page, "/notices?x=1", "//evil.example", "javascript:alert(1)"]) {
        await self.registration.showNotification("t", { tag: "click", data: { page: to } });
        const [notification] = await self.registration.getNotifications({ tag: "click" });
        all.push(await new Promise((done) => {
          self.clients.openWindow = async (u) => done(u);
          self.dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }));
      }
      return all;
    }, got.page);
    assert.deepEqual(opened, [got.page, "/notices?x=1", "/notices", "/notices"].map((x) => base + x));

    // Off: the server forgets it and nothing more is sent.
    await here.click();
    await told(page, word("push.is_off"));
    await until("the switch to be off", async () => (await here.getAttribute("aria-checked")) === "false");
    assert.deepEqual((await call("GET", "/api/v1/me/push")).subscriptions, []);

    // On again; the end of this sign-in, on another device, ends it.
    await here.click();
    await until("the device", async () => (await call("GET", "/api/v1/me/push")).subscriptions.length === 1);
    const { logins } = await call("GET", "/api/v1/me/logins");
    await call("DELETE", `/api/v1/me/logins/${logins.find((l) => !l.current).id}`);
    assert.deepEqual((await call("GET", "/api/v1/me/push")).subscriptions, []);
    assert.deepEqual(ctx.trouble.filter((m) => !m.includes("Push API in incognito")), []); // said of the try without a push service
    await ctx.close();
  });
});

/** fakePushService stands for the push service that a browser without a network cannot reach; all else of the page is as it is. */
function fakePushService(json) {
  const kept = "test.subscription";
  const make = (key) => ({
    endpoint: json.endpoint,
    options: { userVisibleOnly: true, applicationServerKey: Uint8Array.from(key).buffer },
    toJSON: () => ({ ...json, expirationTime: null }),
    unsubscribe: async () => (localStorage.removeItem(kept), true),
  });
  PushManager.prototype.subscribe = async (o) => {
    const key = [...new Uint8Array(o.applicationServerKey)];
    localStorage.setItem(kept, JSON.stringify(key));
    return make(key);
  };
  PushManager.prototype.getSubscription = async () => {
    const key = localStorage.getItem(kept);
    return key ? make(JSON.parse(key)) : null;
  };
}

/** receiver takes webhooks; .got has {headers, body, json}. */
async function receiver() {
  const self = { got: [], status: 204 };
  const server = createServer((req, res) => {
    const parts = [];
    req.on("data", (d) => parts.push(d));
    req.on("end", () => {
      const body = Buffer.concat(parts);
      self.got.push({ headers: req.headers, body, json: JSON.parse(body) });
      res.writeHead(self.status).end();
    });
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  self.url = `http://127.0.0.1:${server.address().port}`;
  self.close = () => (server.closeAllConnections(), server.close());
  return self;
}
