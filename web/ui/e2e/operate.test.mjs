// What an operator has on a wall: pages that turn by themselves, marks of what
// happens, keys, pictures to keep, figures; and kiosks, which need nobody.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { allLive, api, browser, button, context, decoded, demo, desk, findings, freePort, moving, phone, program, shot, signIn, stopwatch, storeArgs, tiles, until, word } from "./harness.mjs";

describe("an operator's wall", () => {
  let d, b, call, his, ctx, page, again;
  const found = [];

  before(async () => {
    d = await demo(["--listen", `127.0.0.1:${await freePort()}`]); // it comes back there
    b = await browser();
    [call, his] = d.accounts.map((a) => api(d.base_url, a.token));
    const me = (await call("GET", "/api/v1/me")).account.id;
    ctx = await context(b, desk, { acceptDownloads: true });
    await ctx.addInitScript((id) => {
      // Three pages of two: what this device is set to.
      if (location.protocol.startsWith("http")) localStorage.setItem(`sightline.wall.${id}.desktop`, JSON.stringify({ view: "all", grid: { rows: 1, columns: 2 } }));
      window.__asked = 0;
      const real = RTCRtpReceiver.prototype.getStats;
      RTCRtpReceiver.prototype.getStats = function () {
        window.__asked++;
        return real.call(this);
      };
    }, me);
    page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await allLive(page, 2);
  });
  after(async () => {
    await b?.close();
    assert.equal(await (again ?? d)?.stop(), 0, "the demo ends cleanly");
  });

  /** look keeps a picture of the page as it is, and what axe has against it; that takes seconds where pictures move. */
  async function look(p, what, axe = true) {
    await until(`${what} at its size`, () => p.evaluate((w) => innerWidth === w, p.viewportSize().width));
    await shot(p, `operate-${what}`);
    if (axe) found.push(...(await findings(p)).map((f) => `${what}: ${f}`));
    const wide = await p.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wide > 0) found.push(`${what}: ${wide} px wider than the screen`);
  }
  const shown = async (p = page) => (await tiles(p)).map((t) => t.camera).join();
  const count = (p = page) => p.locator(".ops-count:visible").first().innerText();
  /** flowing is how many pictures decode new frames. */
  const flowing = async (p = page) => {
    const a = await decoded(p);
    await p.waitForTimeout(700);
    const z = await decoded(p);
    return Object.keys(z).filter((k) => z[k] > (a[k] ?? 0)).length;
  };
  const rest = () => page.mouse.move(5, 5);
  /** patrol turns it on or off by its key; a button that has the focus would be pressed by it. */
  const patrol = async () => {
    await page.evaluate(() => document.activeElement?.blur());
    await page.keyboard.press("Space");
  };

  it("turns its pages by itself, begins the next one early, and streams only the one that is shown (R94)", async () => {
    await rest();
    await page.locator(".pager .menu-root button").first().click();
    await page.locator("[role=menuitemradio]", { hasText: "5 s" }).first().click();
    await patrol();
    await until("a countdown", async () => /\d/.test(await count()));
    await look(page, "patrol-desk-dark");
    // Where the page turned while it was counted, the next one does the same.
    await until("four pictures flow before the page turns", async () => {
      const at = await shown();
      return (await flowing()) >= 4 && (await shown()) === at;
    });
    const before = await shown();
    await until("the page turns", async () => (await shown()) !== before);
    await allLive(page, 2, 9000); // warm: at once
    await page.mouse.move(400, 400);
    await until("it says why it stays", async () => (await count()).startsWith(word("patrol.held_hover")));
    await until("only what is shown flows", async () => (await flowing()) === 2);
    const held = await shown();
    await page.waitForTimeout(5500);
    assert.equal(await shown(), held, "the page stays while the pointer is on it");
    await rest();
    await until("it goes on", async () => (await shown()) !== held);
    // The keyboard holds it too.
    await page.keyboard.press("ArrowRight");
    await until("the keyboard holds it", async () => (await count()) .startsWith(word("patrol.held_focus")));
    await patrol();
    await until("no countdown", async () => (await page.locator(".ops-count").count()) === 0);
    assert.equal(await page.evaluate(() => Object.entries(localStorage).find(([k]) => k.startsWith("sightline.patrol."))?.[1]), "5");
  });

  it("marks what happens at a camera, and holds its page until somebody answers", async () => {
    await page.goto(d.base_url + "/");
    await allLive(page, 2);
    await rest();
    // Who has a camera already asks for nothing.
    const has = (await his("GET", "/api/v1/cameras")).cameras.map((c) => c.id);
    const wanted = async () => (await tiles(page)).find((t) => !has.includes(t.camera))?.camera;
    for (let i = 0; i < 3 && !(await wanted()); i++) {
      await page.keyboard.press("PageDown");
      await allLive(page, 2);
    }
    const at = await wanted();
    await patrol();
    await until("a countdown", async () => /\d/.test(await count()));
    await his("POST", "/api/v1/access_requests", { camera: at });
    const mark = page.locator(`li.tile[data-camera="${at}"] .ops-mark button`);
    await until("a mark on the tile", async () => (await mark.count()) === 1);
    await until("the page stays", async () => (await count()).startsWith(word("patrol.held_event")));
    await look(page, "event-desk-dark");
    await mark.click();
    await until("the mark is answered", async () => (await page.locator(".ops-mark").count()) === 0);
    await rest();
    await until("the patrol goes on", async () => !(await count()).startsWith(word("patrol.held_event")));
    await until("the server knows", async () => (await call("GET", "/api/v1/notices")).notices.find((n) => n.kind === "access_requested")?.read === true);
    await patrol();
  });

  it("keeps a picture named by camera and time, and asks for figures only while they are seen", async () => {
    await allLive(page, 2); // there is a picture to keep
    await page.keyboard.press("1");
    const [file] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("s")]);
    assert.match(file.suggestedFilename(), /^.+ \d{4}-\d\d-\d\d \d\d-\d\d-\d\d\.jpg$/);
    const bytes = readFileSync(await file.path());
    assert.equal(bytes.readUInt16BE(0), 0xffd8);
    assert.ok(bytes.length > 3000, `${bytes.length} bytes`);
    const [png] = await Promise.all([page.waitForEvent("download"), page.keyboard.press("Shift+S")]);
    assert.match(png.suggestedFilename(), /\.png$/);
    assert.equal(readFileSync(await png.path()).readUInt32BE(0), 0x89504e47);

    const asked = await page.evaluate(() => window.__asked);
    await page.waitForTimeout(1500);
    assert.equal(await page.evaluate(() => window.__asked), asked, "figures cost nothing while they are off");
    await page.keyboard.press("i");
    await until("figures", async () => /H264.*\d+×\d+, \d+ fps.*Mbit\/s/s.test(await page.locator("dl.stats").first().innerText()));
    await look(page, "figures-desk-dark");
    await page.keyboard.press("i");
    // One question may be on its way; then there are none.
    await until("no more figures asked for", async () => {
      const still = await page.evaluate(() => window.__asked);
      await page.waitForTimeout(1500);
      return (await page.evaluate(() => window.__asked)) === still;
    });
  });

  it("lists its keys, and turns the single ones off for the account (SC 2.1.4)", async () => {
    await page.keyboard.press("?");
    await page.getByRole("heading", { name: word("keys.title") }).waitFor();
    await look(page, "keys-desk-dark");
    await page.getByRole("switch", { name: word("account.shortcuts") }).click();
    await until("the server keeps it", async () => (await call("GET", "/api/v1/me")).account.shortcuts === false);
    await page.keyboard.press("Escape");
    await until("it is closed", async () => (await page.locator("dialog[open]").count()) === 0);
    await page.evaluate(() => document.activeElement?.blur());
    for (const key of ["i", "k", "?", "Space"]) await page.keyboard.press(key);
    await page.waitForTimeout(300);
    assert.equal(await page.locator("dl.stats, dialog[open], .ops-count").count(), 0, "no single key does anything");
    await call("PATCH", "/api/v1/me", { shortcuts: true });
    await until("they are on again", async () => {
      await page.keyboard.press("?");
      return (await page.locator("dialog[open]").count()) > 0;
    });
    await page.keyboard.press("Escape");
  });

  let address, screen, kctx;
  it("makes a kiosk whose address works once (R96)", async () => {
    await page.keyboard.press("k");
    await page.getByRole("heading", { name: word("kiosk.new") }).waitFor();
    await look(page, "kiosk-new-desk-dark");
    await button(page, "kiosk.make").click(); // without a name
    await page.locator("dialog [role=alert], dialog .err, dialog [aria-invalid=true]").first().waitFor();
    await page.getByLabel(word("kiosk.name"), { exact: true }).fill("Porter’s lodge");
    await page.getByLabel(word("kiosk.patrol"), { exact: true }).selectOption("5");
    await button(page, "kiosk.make").click();
    const line = page.getByLabel(word("kiosk.address"), { exact: true });
    await line.waitFor();
    address = await line.inputValue();
    await page.locator("svg.qr").waitFor();
    await look(page, "kiosk-made-desk-dark");
    await page.keyboard.press("Escape");
    assert.match(address, /\/kiosk#[\w-]{43}$/);
  });

  it("shows the kiosk without anything else, awake and patrolling", async () => {
    kctx = await context(b, phone);
    await kctx.addInitScript(() => {
      window.__locks = [];
      const lock = () => {
        const l = new EventTarget();
        l.released = false;
        l.release = async () => {
          l.released = true;
          l.dispatchEvent(new Event("release"));
        };
        return l;
      };
      Object.defineProperty(navigator, "wakeLock", { value: { request: async () => (window.__locks.push(lock()), window.__locks.at(-1)) } });
    });
    screen = await kctx.newPage();
    await screen.goto(address);
    await allLive(screen, 2);
    await moving(screen, 2);
    assert.equal(new URL(screen.url()).hash, "", "the secret leaves the address");
    assert.equal(await screen.locator("header, nav, footer, .tools, .thumb, button:visible").count(), 0, "nothing but pictures");
    await look(screen, "kiosk-phone-dark");
    const first = await shown(screen);
    await until("its pages turn", async () => (await shown(screen)) !== first);
    // The browser takes the lock away with every hiding; the screen takes it again.
    const locks = () => screen.evaluate(() => window.__locks.filter((l) => !l.released).length);
    assert.equal(await locks(), 1);
    await screen.evaluate(() => {
      const hide = (s) => {
        Object.defineProperty(document, "visibilityState", { value: s, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      };
      hide("hidden");
      window.__locks.at(-1).release();
      hide("visible");
    });
    await until("the lock is taken again", async () => (await locks()) === 1);
    // Turned, it is a desk's wall; light and right to left are the account's.
    await screen.setViewportSize(desk);
    await allLive(screen, 6);
    await call("PATCH", "/api/v1/me", { theme: "light" });
    await until("the account's theme", () => screen.evaluate(() => document.documentElement.dataset.theme === "light"));
    await look(screen, "kiosk-desk-light", false);
    await call("PATCH", "/api/v1/me", { language: "ar" });
    await until("the account's language", () => screen.evaluate(() => document.dir === "rtl" || document.documentElement.dir === "rtl"));
    await look(screen, "kiosk-desk-ar", false);
    await call("PATCH", "/api/v1/me", { theme: "dark", language: "en" });
    // The secret is used up; the screen's own cookie opens nothing else.
    const stranger = await (await context(b, desk)).newPage();
    await stranger.goto(address);
    await stranger.getByRole("heading", { name: word("kiosk.gone") }).waitFor();
    await look(stranger, "kiosk-gone-desk", false);
    await stranger.context().close();
    const may = await screen.evaluate(async () => Promise.all(["/api/v1/kiosk", "/api/v1/me", "/api/v1/cameras", "/api/v1/views", "/api/v1/notices", "/api/v1/images"].map((u) => fetch(u).then((r) => r.status))));
    assert.deepEqual(may, [200, 401, 401, 401, 401, 401]);
  });

  it("comes back by itself after the server was restarted", async () => {
    const at = new URL(d.base_url).host;
    await d.stop();
    await until("the screen says that pictures are lost", async () => (await tiles(screen)).every((t) => t.state !== "live"));
    again = program(["demo", "--no-images", "--data", d.data, "--listen", at, ...storeArgs()]);
    await allLive(screen, 6, 120000);
    await moving(screen, 6);
  });

  it("lists kiosks in the settings and ends them within two seconds", async () => {
    await page.goto(d.base_url + "/settings/account");
    await page.getByRole("heading", { name: word("kiosk.title") }).waitFor();
    await page.getByText("Porter’s lodge").waitFor();
    await page.getByRole("heading", { name: word("kiosk.title") }).scrollIntoViewIfNeeded();
    await look(page, "kiosk-settings-desk-dark");
    await page.setViewportSize(phone);
    await page.getByRole("heading", { name: word("kiosk.title") }).scrollIntoViewIfNeeded();
    await look(page, "kiosk-settings-phone-dark", false);
    await page.setViewportSize(desk);
    await button(page, "kiosk.end").click();
    await page.getByRole("heading", { name: word("kiosk.end_title", { name: "Porter’s lodge" }) }).waitFor();
    const watch = await stopwatch(page, screen, (await tiles(screen))[0].camera);
    await page.locator("dialog[open]").getByRole("button", { name: word("kiosk.end"), exact: true }).click();
    const dark = await watch.read();
    assert.ok(dark <= 2000, `the screen went dark after ${dark} ms`);
    await screen.getByRole("heading", { name: word("kiosk.ended") }).waitFor();
    assert.equal(await screen.locator("video").count(), 0);
    await look(screen, "kiosk-ended-desk");
    await until("it is not listed any more", async () => (await page.getByText("Porter’s lodge", { exact: true }).count()) === 0);
  });

  it("looks right in light, right to left and on a phone", async () => {
    await call("PATCH", "/api/v1/me", { theme: "light" });
    await page.goto(d.base_url + "/");
    await allLive(page, 2);
    await rest();
    await patrol();
    await until("a countdown", async () => /\d/.test(await count()));
    await look(page, "patrol-desk-light");
    await call("PATCH", "/api/v1/me", { language: "ar", theme: "dark" });
    await until("right to left", () => page.evaluate(() => document.documentElement.dir === "rtl"));
    await look(page, "patrol-desk-ar", false);
    await page.keyboard.press("?");
    await page.locator("dialog[open]").waitFor();
    await look(page, "keys-desk-ar", false);
    await page.keyboard.press("Escape");
    await call("PATCH", "/api/v1/me", { language: "en" });
    await until("left to right", () => page.evaluate(() => document.documentElement.dir !== "rtl"));
    await page.setViewportSize(phone);
    await allLive(page, 2);
    await look(page, "patrol-phone-dark");
  });

  it("has no finding of axe, and no error in the console", () => {
    assert.deepEqual(found, []);
    const down = /ERR_CONNECTION|WebSocket|Failed to load resource|net::/; // while the server was away
    assert.deepEqual([...ctx.trouble, ...kctx.trouble].filter((t) => !/axe/.test(t) && !down.test(t)), []);
  });
});
