// Starts the built program and a real Chromium, and reads from the page what a
// person would see: frames that move, words, colours. Nothing here is mocked.
import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, existsSync, rmSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { axe } from "../dev/axe.mjs";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../../..");
const bin = process.env.SIGHTLINE_BIN ?? path.join(root, "bin/sightline");
const out = process.env.TEST_OUTPUT ?? path.join(root, "test-output/e2e");
mkdirSync(out, { recursive: true });

export const desk = { width: 1440, height: 900 };
export const phone = { width: 390, height: 844 };

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** patience is how long anything may take on a busy machine, ms; what a page does within a time of its own is measured, not waited for. */
export const patience = 45000 * Number(process.env.E2E_SLOW ?? 1);

/** until polls cond every 50 ms and throws what it waited for after limit ms. */
export async function until(what, cond, limit = patience) {
  const end = Date.now() + limit;
  for (;;) {
    const v = await cond();
    if (v) return v;
    if (Date.now() > end) throw new Error(`waited ${limit} ms for: ${what}`);
    await sleep(50);
  }
}

/** program runs bin with args; stop() ends it by id and resolves with its output. */
export function program(args, env = {}) {
  const child = spawn(bin, args, { cwd: root, env: { ...process.env, ...env } });
  let output = "";
  let ended = false;
  child.stdout.on("data", (b) => (output += b));
  child.stderr.on("data", (b) => (output += b));
  const exit = new Promise((r) => {
    child.on("exit", (code) => ((ended = true), r(code)));
    child.on("error", (e) => ((ended = true), (output += `${e.message}: run \`make\` first\n`), r(-1)));
  });
  return {
    pid: child.pid,
    output: () => output,
    ended: () => ended,
    exit,
    async stop() {
      if (!ended) child.kill("SIGTERM");
      const slow = setTimeout(() => child.kill("SIGKILL"), patience);
      const code = await exit;
      clearTimeout(slow);
      return code;
    },
  };
}

export function folder() {
  const dir = mkdtempSync(path.join(tmpdir(), "sightline-e2e-"));
  process.on("exit", () => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * storeArgs chooses the store of this run, and waits for its disk, which others
 * use too. Each test file has a Redis database of its own, so that none finds the
 * accounts of another.
 */
export function storeArgs() {
  const wait = ["--store-timeout", "5s"];
  const url = process.env.E2E_STORE;
  if (!url) return wait;
  const here = path.dirname(fileURLToPath(import.meta.url));
  const files = readdirSync(here).filter((f) => f.endsWith(".test.mjs")).sort();
  const own = files.findIndex((f) => process.argv.some((a) => a.endsWith(f)));
  return [...wait, "--store", url.replace(/\/\d*$/, "/" + Math.max(0, own))];
}

/** demo starts `sightline demo` and resolves when its six cameras are live. */
export async function demo(args = []) {
  const data = folder();
  const p = program(["demo", "--no-images", "--data", data, ...storeArgs(), ...args]);
  const file = path.join(data, "demo.json");
  try {
    await until("the demo to be live", () => {
      if (p.ended()) throw new Error("the demo ended:\n" + p.output());
      return existsSync(file);
    }, 240000);
  } catch (e) {
    await p.stop();
    throw new Error(e.message + "\n" + p.output());
  }
  return { ...p, data, ...JSON.parse(readFileSync(file, "utf8")) };
}

export async function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: [
      "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--autoplay-policy=no-user-gesture-required",
    ],
  });
}

/**
 * context opens a fresh profile; console errors and CSP reports are kept in
 * .trouble, what a page says for a moment for told(). E2E_SLOW=4 makes its pages
 * four times as slow as the machine: run a new test so before trusting it.
 */
export async function context(b, viewport = desk, options = {}) {
  const ctx = await b.newContext({ viewport, locale: "en-GB", timezoneId: "Europe/Kyiv", ...options });
  ctx.setDefaultTimeout(patience);
  ctx.trouble = [];
  await ctx.addInitScript(() => {
    window.__told = [];
    let toast;
    new MutationObserver(() => {
      const now = document.querySelector(".toaster .toast > span");
      if (now?.textContent !== toast && now) window.__told.push(now.textContent);
      toast = now?.textContent;
    }).observe(document, { subtree: true, childList: true, characterData: true });
    const Real = window.RTCPeerConnection;
    window.__peers = [];
    window.RTCPeerConnection = class extends Real {
      constructor(...a) {
        super(...a);
        window.__peers.push(this);
      }
    };
    document.addEventListener("securitypolicyviolation", (e) => console.error("CSP " + e.violatedDirective + " " + e.blockedURI));
  });
  ctx.on("page", async (page) => {
    page.on("pageerror", (e) => ctx.trouble.push("page error: " + e.message));
    page.on("console", (m) => {
      if (m.type() === "error" && !/status of (401|403|404|409|410|422|429|503)|response code: 503/.test(m.text())) ctx.trouble.push("console: " + m.text());
    });
    if (process.env.E2E_SLOW) (await ctx.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: Number(process.env.E2E_SLOW) });
  });
  return ctx;
}

export async function shot(page, name) {
  await page.screenshot({ path: path.join(out, name + ".png"), animations: "disabled" }); // as it stands when it has come to rest
}

/** told waits until a page has said a sentence for a moment, below: it may have gone again. The same sentence is waited for anew each time. */
export async function told(page, text) {
  await until(`"${text}" to be said`, () => page.evaluate((t) => {
    const at = window.__told.indexOf(t);
    if (at >= 0) window.__told.splice(0, at + 1);
    return at >= 0;
  }, text)).catch(async (e) => { throw new Error(`${e.message}, it said ${JSON.stringify(await page.evaluate(() => window.__told))}`); });
}

/** decoded returns framesDecoded of every inbound video track of all peer connections of the page, by mid. */
export async function decoded(page) {
  return page.evaluate(async () => {
    const out = {};
    for (const [i, pc] of window.__peers.entries()) {
      if (pc.connectionState === "closed") continue;
      const stats = await pc.getStats();
      stats.forEach((s) => {
        if (s.type === "inbound-rtp" && s.kind === "video") out[i + ":" + s.mid] = s.framesDecoded ?? 0;
      });
    }
    return out;
  });
}

/** pictures returns a small hash of the pixels each visible video shows now. */
export async function pictures(page) {
  return page.evaluate(() => {
    const c = document.createElement("canvas");
    c.width = 64;
    c.height = 36;
    const g = c.getContext("2d", { willReadFrequently: true });
    return [...document.querySelectorAll("video")]
      .filter((v) => v.offsetWidth > 0 && v.videoWidth > 0)
      .map((v) => {
        g.drawImage(v, 0, 0, 64, 36);
        const d = g.getImageData(0, 0, 64, 36).data;
        let h = 0, bright = 0;
        for (let i = 0; i < d.length; i += 4) {
          h = (h * 31 + d[i] * 7 + d[i + 1] * 5 + d[i + 2]) | 0;
          bright += d[i] + d[i + 1] + d[i + 2];
        }
        return { h, bright: bright / (64 * 36 * 3) };
      });
  });
}

/** moving waits until n videos decode frames and show pictures that change. */
export async function moving(page, n, limit = patience) {
  await until(`${n} tiles with frames decoded`, async () => Object.values(await decoded(page)).filter((f) => f > 0).length >= n, limit);
  const f0 = await decoded(page);
  await until(`${n} tiles whose frames grow`, async () => {
    const f1 = await decoded(page);
    return Object.entries(f1).filter(([k, v]) => v > (f0[k] ?? 0) + 5).length >= n;
  }, limit);
  const a = await pictures(page);
  await until(`${n} pictures that change and are not black`, async () => {
    const b = await pictures(page);
    return b.filter((p, i) => a[i] && p.h !== a[i].h && p.bright > 4).length >= n;
  }, limit);
}

/** patient is fetch that comes back as an answer of 503 asks: a disk that others use may make a store late. */
export async function patient(url, init) {
  for (let tries = 0; ; tries++) {
    const res = await fetch(url, init);
    if (res.status !== 503 || tries === 5) return res;
    await res.text();
    await sleep(1000 * Number(res.headers.get("retry-after") ?? 1));
  }
}

export function api(base, token) {
  return async (method, url, body) => {
    const res = await patient(base + url, {
      method,
      headers: { "X-Sightline": "1", Origin: base, ...(token ? { Authorization: "Bearer " + token } : {}), ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await res.text();
    if (!res.ok) throw new Error(`${method} ${url}: ${res.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
}

/** caller makes requests with the cookie of one login, which .cookie() is. */
export function caller(base) {
  let cookie = "";
  const call = async (method, url, body) => {
    const res = await patient(base + url, {
      method,
      headers: { "X-Sightline": "1", Origin: base, ...(cookie ? { Cookie: cookie } : {}), ...(body ? { "Content-Type": "application/json" } : {}) },
      body: body && JSON.stringify(body),
    });
    const set = res.headers.getSetCookie().map((c) => c.split(";")[0]);
    if (set.length) cookie = set.join("; ");
    const text = await res.text();
    if (!res.ok) throw new Error(`${method} ${url}: ${res.status} ${text}`);
    return text && /json/.test(res.headers.get("content-type")) ? JSON.parse(text) : text;
  };
  call.cookie = () => cookie;
  return call;
}

const catalogue = (language) => JSON.parse(readFileSync(path.join(root, `internal/i18n/catalogues/${language}.json`), "utf8"));

/** word is the sentence of a catalogue key, its {places} filled from v: tests follow the catalogue, not a copy of it. */
export function word(key, v = {}, language = "en") {
  const s = catalogue(language)[key];
  if (typeof s !== "string") throw new Error("no plain sentence " + key);
  return s.replace(/\{(\w+)\}/g, (_, k) => v[k] ?? `{${k}}`);
}

/** languages are those offered, by tag, each with its own name. */
export const languages = {
  de: "Deutsch", en: "English", es: "Español", fr: "Français", it: "Italiano", pl: "Polski", "pt-BR": "Português (Brasil)", fi: "Suomi",
  ru: "Русский", uk: "Українська", ar: "العربية",
};

/** rawKeys lists catalogue keys and unfilled {places} that a page shows or reads out instead of their sentence. */
export function rawKeys(page) {
  return page.evaluate((keys) => {
    const known = new Set(keys);
    const names = [...document.querySelectorAll("[aria-label], [title], [placeholder]")].flatMap((e) => ["aria-label", "title", "placeholder"].map((a) => e.getAttribute(a) ?? ""));
    const words = [document.body.innerText, ...names].join("\n").match(/\{\w+\}|[a-z_]+(\.[a-z_]+)+/g) ?? [];
    return [...new Set(words.filter((w) => w.startsWith("{") || known.has(w)))];
  }, Object.keys(catalogue("en")));
}

export const button = (at, key, v) => at.getByRole("button", { name: word(key, v), exact: true });
export const field = (at, key) => at.getByLabel(word(key));

/** signIn goes through the sign-in page, and presses again where it says that the store is late, as it asks for. */
export async function signIn(page, base, account) {
  await page.goto(base + "/");
  await field(page, "field.email").fill(account.email);
  await field(page, "field.password").fill(account.password);
  const act = button(page, "signin.act");
  const said = page.locator(".form [role=alert], .form .err");
  const late = ["reason.authz_unavailable", "reason.busy"].map((key) => word(key));
  await act.click();
  await until("an answer to the sign-in", async () => {
    const [refusal] = await said.allInnerTexts();
    if (refusal === undefined) return !(await act.isVisible());
    if (!late.some((l) => refusal.includes(l))) return true;
    await act.click();
    return false;
  });
}

/** tiles lists what the wall says about its cells. */
export const tiles = (page) => page.$$eval("li.tile[data-slot]", (l) => l.map((e) => ({ camera: e.dataset.camera, state: e.dataset.state, label: e.getAttribute("aria-label") })));

/** allLive waits until n tiles say Live. */
export async function allLive(page, n, limit = patience) {
  await until(`${n} tiles that say live`, async () => (await tiles(page)).filter((t) => t.state === "live").length === n, limit).catch(async (e) => {
    throw new Error(`${e.message}, they say ${JSON.stringify(await page.$$eval("li.tile[data-slot]", (l) => l.map((t) => `${t.dataset.state}: ${t.innerText}`)))}`);
  });
}

/** everyCamera chooses "All cameras" on an account's wall, and waits until that is shown. */
export async function everyCamera(page) {
  await page.locator("button.view").click();
  await page.getByRole("menuitemradio", { name: word("wall.all_cameras") }).click();
  await page.locator("button.view", { hasText: word("wall.all_cameras") }).waitFor();
}

/**
 * stopwatch measures a cut by the clocks of the two pages, not of this test:
 * from the request of an act on one page to the end of a camera's live tile on
 * the other. Start it before the act; read() gives ms.
 */
export async function stopwatch(actor, viewer, camera) {
  await viewer.evaluate((id) => {
    window.__ended = new Promise((done) => {
      const check = () => document.querySelector(`li.tile[data-camera="${id}"][data-state=live]`) ?? done(Date.now());
      new MutationObserver(check).observe(document.body, { subtree: true, attributes: true, childList: true, attributeFilter: ["data-state"] });
    });
  }, camera);
  await actor.evaluate(() => {
    const real = window.__fetch ?? (window.__fetch = window.fetch);
    window.__asked = 0;
    window.fetch = (u, o) => {
      if (o?.method && o.method !== "GET" && !/\/viewing/.test(u)) window.__asked ||= Date.now(); // pictures of its own are no act
      return real(u, o);
    };
  });
  return {
    /** ended is when the tile ended, by the page's clock. */
    async ended() {
      const late = new Promise((_, no) => setTimeout(() => no(new Error("the tile did not end")), patience).unref());
      return Promise.race([viewer.evaluate(() => window.__ended), late]);
    },
    async read() {
      const end = await this.ended();
      return end - (await actor.evaluate(() => window.__asked));
    },
  };
}

/** rest waits until a page has its size, its first lists and its fonts, and has drawn them. */
export async function rest(page) {
  await until("the page to come to rest", () => page.evaluate(async (width) => {
    await document.fonts.ready;
    await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
    return innerWidth === width && !document.querySelector(".skeleton, .gwait");
  }, page.viewportSize().width));
}

/** findings returns what axe-core has against the page, as lines, once it has come to rest: a screen whose code is still on its way has no heading, half faded in everything lacks contrast. */
export async function findings(page) {
  await page.locator("h1").first().waitFor({ state: "attached" });
  await page.evaluate(() => Promise.all(document.getAnimations()
    .filter((a) => a.effect?.getComputedTiming().endTime !== Infinity)
    .map((a) => a.finished.catch(() => {}))));
  return axe(page);
}

/**
 * freePort is a port for TCP and UDP that nobody has, and that nobody is given
 * meanwhile: below those the system gives out by itself, so a program that ends
 * can have it again.
 */
export async function freePort() {
  const first = Number(/\d+/.exec(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8")));
  for (;;) {
    const port = Math.floor(first / 2 + (Math.random() * first) / 2);
    const [tcp, udp] = [net.createServer(), dgram.createSocket("udp4")];
    const free = await Promise.all([
      new Promise((done) => tcp.on("error", () => done(false)).listen(port, "127.0.0.1", () => tcp.close(() => done(true)))),
      new Promise((done) => udp.on("error", () => (udp.close(), done(false))).bind(port, "127.0.0.1", () => udp.close(() => done(true)))),
    ]);
    if (free.every(Boolean)) return port;
  }
}

/** camera starts one real RTSP camera (the program's own test camera) as a process of its own. */
export async function camera({ user = "", password = "", listen } = {}) {
  listen ??= `127.0.0.1:${await freePort()}`; // it may come back there
  const p = program(["demo-cameras", "--only", "Gate", "--listen", listen, "--user", user, "--password", password]);
  const line = await until("the camera to serve", () => {
    if (p.ended()) throw new Error(p.output());
    return p.output().match(/^\{.*\}$/m)?.[0];
  }, 120000);
  const c = JSON.parse(line).cameras[0];
  return { ...p, main: c.rtsp_main, sub: c.rtsp_sub, listen: new URL(c.rtsp_main.replace("rtsp:", "http:")).host };
}
