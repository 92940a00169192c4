// A camera is recorded; Anna, who may download, saves a range as a file that ffmpeg
// decodes, has her name burnt into another with progress, and a download that runs
// is cut when the owner takes her access away. The owner's log says what she took.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { first, footage, look, member, opened, records, seconds, serve } from "./fresh.mjs";
import { browser, button, camera, folder, phone, until, word } from "./harness.mjs";

describe("files of recordings", () => {
  let p, b, cam, owner, anna, gate, page, dir;
  const found = [];
  const slow = Number(process.env.E2E_SLOW ?? 1);

  const open = (email, path, options) => opened(b, p, email, path, { acceptDownloads: true, ...options });
  const see = async (pg, name) => found.push(...(await look(pg, `export-${name}`)));
  const decodes = (file) => {
    assert.equal(execFileSync("ffmpeg", ["-v", "error", "-xerror", "-i", file, "-enc_time_base", "-1", "-f", "null", "-"], { stdio: ["ignore", "pipe", "pipe"] }).toString(), "");
  };
  /** dialog marks the newest seconds and asks for the dialog. */
  const dialog = async (pg) => {
    await button(pg, "archive.range_to").click();
    await button(pg, "archive.range_from").waitFor();
    await button(pg, "archive.export").click();
    const d = pg.getByRole("dialog", { name: word("export.title") });
    await d.locator(".ex-sum b").waitFor();
    return d;
  };

  before(async () => {
    dir = folder();
    [p, b, cam] = await Promise.all([
      serve(), browser(), camera(),
    ]);
    owner = await first(p, { email: "olena@example.org", name: "Olena" });
    await owner("PATCH", "/api/v1/instance", { registration: "invite" });
    anna = await member(p, owner, { email: "anna@example.org", name: "Anna Kovalenko" });
    gate = await owner("POST", "/api/v1/cameras", { kind: "rtsp", name: "Front door", main: cam.main, sub: cam.sub, zone: "Europe/Kyiv" });
    await records(owner, gate.id, "main");
    const table = await owner("GET", `/api/v1/cameras/${gate.id}/access`);
    await owner("PUT", `/api/v1/cameras/${gate.id}/access`, { version: table.version, rows: [{ email: "anna@example.org", levels: ["online", "archive", "download"] }] });
    const { offers } = await anna("GET", "/api/v1/offers");
    await anna("POST", `/api/v1/offers/${offers[0].grant_id}/accept`);
    await until("eight seconds of footage", async () => seconds(await footage(anna, gate.id)) > 8);
  });
  after(async () => {
    for (const c of b?.contexts() ?? []) found.push(...c.trouble);
    await b?.close();
    await Promise.all([p?.stop(), cam?.stop()]);
  });

  it("saves a range as a file that decodes", async () => {
    page = await open("anna@example.org", `/archive/${gate.id}?at=${new Date(Date.now() - 4000).toISOString()}`);
    await page.locator('.ar-tile[data-state="recorded"]').waitFor();
    const d = await dialog(page);
    await see(page, "dialog");
    const waits = page.waitForEvent("download");
    await button(d, "export.save").click();
    const got = await waits;
    assert.match(got.suggestedFilename(), /^front-door_\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mp4$/);
    const file = path.join(dir, "plain.mp4");
    await got.saveAs(file);
    decodes(file);
    const [made] = (await anna("GET", "/api/v1/exports")).exports;
    assert.equal(statSync(file).size, made.bytes);
    const audit = await owner("GET", "/api/v1/audit");
    const rows = audit.rows.filter((r) => r.action === "camera.download");
    assert.equal(rows.length, 1);
    assert.equal(rows[0].who.name, "Anna Kovalenko");
  });

  it("burns the name in, with progress", async () => {
    const d = page.getByRole("dialog", { name: word("export.title") });
    await d.getByLabel(word("export.watermark")).check();
    await button(d, "export.make").click();
    const row = d.locator(".ex-row").first();
    await until("it is being made", async () => /waiting|running|ready/.test(await row.getAttribute("class")) && (await d.locator(".ex-row").count()) === 2);
    await until("it is ready", async () => /ready/.test(await row.getAttribute("class")), 60000 * slow);
    await see(page, "marked");
    const waits = page.waitForEvent("download");
    await row.getByRole("button", { name: /\.mp4$/ }).click();
    const file = path.join(dir, "marked.mp4");
    await (await waits).saveAs(file);
    decodes(file);
  });

  it("cuts what runs when the access is taken away", async () => {
    const now = Date.now();
    const x = await anna("POST", `/api/v1/cameras/${gate.id}/archive/exports`, { from: new Date(now - 600e3).toISOString(), to: new Date(now).toISOString(), layer: "main", watermark: false });
    let took = 0, ended = 0;
    // A reader that takes a little at a time: much of the file is still to come.
    const req = http.get(p.base + x.url, { headers: { Cookie: anna.cookie() } }, (res) => {
      const tick = setInterval(() => { const c = res.read(8192) ?? res.read(); if (c) took += c.length; }, 20);
      const end = () => { clearInterval(tick); ended ||= Date.now(); };
      res.on("close", end).on("error", end).on("end", end);
    });
    req.on("error", () => { ended ||= Date.now(); });
    await until("it runs", () => took > 0);
    const table = await owner("GET", `/api/v1/cameras/${gate.id}/access`);
    await owner("PUT", `/api/v1/cameras/${gate.id}/access`, { version: table.version, rows: [{ grant_id: table.rows[0].grant_id, levels: ["online", "archive"] }] });
    const cut = Date.now();
    await until("it is cut", () => ended > 0);
    assert.ok(ended - cut < 1000 * slow + 500, `cut after ${ended - cut} ms`);
    assert.ok(took < x.bytes, `${took} of ${x.bytes} bytes came`);
    // The file that was ready before is refused, with the reason.
    const d = page.getByRole("dialog", { name: word("export.title") });
    await d.locator(".ex-row").last().getByRole("button", { name: /\.mp4$/ }).click();
    await d.getByText(word("reason.level_missing")).first().waitFor();
    await see(page, "refused");
  });

  it("is in the owner's log, and fits a phone", async () => {
    const log = await open("olena@example.org", "/settings/audit");
    await log.getByText(word("audit.do.camera.download")).first().waitFor();
    await see(log, "log");
    const small = await open("olena@example.org", `/archive/${gate.id}?at=${new Date(Date.now() - 6000).toISOString()}`, { viewport: phone, colorScheme: "light" });
    await small.locator('.ar-tile[data-state="recorded"]').waitFor();
    await dialog(small);
    await see(small, "phone");
  });

  it("has nothing for axe, the console or a translator to complain of", () => assert.deepEqual(found, []));
});
