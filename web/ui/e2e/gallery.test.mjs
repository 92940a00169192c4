// A trail camera uploads and mails pictures while its owner, two members of a
// group and a guest watch: what comes appears by itself, copies stay whatever
// the sender does, and a guest sees the newest 500 and nothing but pictures.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { first, member, opened, password, serve } from "./fresh.mjs";
import { browser, button, context, desk, findings, freePort, patient, phone, shot, told, until, word } from "./harness.mjs";

const secret = "Fox den at 50.4501 N";

/** One small JPEG, and n that differ: what tells them apart, and what no guest may read, stands in EXIF and a comment. */
const plain = execFileSync("ffmpeg", ["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360", "-frames:v", "1", "-f", "mjpeg", "-"]);
const tiny = execFileSync("ffmpeg", ["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=96x64", "-frames:v", "1", "-f", "mjpeg", "-"]);
function picture(n, of = plain) {
  const note = Buffer.from(`${secret}, ${n}`);
  const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, note.length + 2]), note]);
  // APP1: a TIFF with one entry, Make = "Fox".
  const exif = Buffer.from("ffe10022457869660000" + "49492a0008000000" + "0100" + "0f01020004000000" + "466f7800" + "00000000", "hex");
  return Buffer.concat([of.subarray(0, 2), exif, comment, of.subarray(2)]);
}

/** mail hands one message to the listener as a camera does. */
function mail(port, to, jpeg) {
  const body = [
    "From: cam@example.org", `To: ${to}`, "Subject: Motion", "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "",
    "--b", "Content-Type: text/plain", "", "Motion.", "--b", 'Content-Type: image/jpeg; name="a.jpg"', "Content-Transfer-Encoding: base64", "",
    jpeg.toString("base64").replace(/.{76}/g, "$&\r\n"), "--b--", "", ".",
  ].join("\r\n");
  const say = ["EHLO cam", "MAIL FROM:<cam@example.org>", `RCPT TO:<${to}>`, "DATA", body, "QUIT"];
  return new Promise((done, fail) => {
    const s = connect(port, "127.0.0.1");
    let heard = "";
    s.on("error", fail);
    s.on("close", () => (say.length ? fail(new Error(heard)) : done(heard)));
    s.on("data", (b) => {
      heard += b;
      if (!/^\d{3} .*\r\n$/m.test(heard.slice(heard.lastIndexOf("\n", heard.length - 2) + 1))) return;
      if (/^[45]\d\d/m.test(heard)) return s.destroy(new Error(heard));
      if (say.length) s.write(say.shift() + "\r\n");
    });
  });
}

/** zone is where it is about noon: the pictures of this test are of one day. */
const east = 12 - new Date().getUTCHours();
const zone = east === 0 ? "UTC" : `Etc/GMT${east > 0 ? "-" : "+"}${Math.abs(east)}`; // the names of these zones have the sign turned around

const cells = (page) => page.locator("[data-image]");
const shown = (page) => cells(page).evaluateAll((l) => l.map((e) => e.dataset.image));

describe("images", () => {
  let p, b, smtp;
  let admin, owner, anna, ben, cameraID, upload, key, address, group, guestURL;
  const pages = {};
  before(async () => {
    smtp = await freePort();
    p = await serve(["--intake-mail-listen", `127.0.0.1:${smtp}`, "--limits-images-camera", "6000"]);
    b = await browser();
    admin = await first(p, { email: "admin@example.org", name: "Admin", loopback_cameras: false });
    await admin("PATCH", "/api/v1/instance", { registration: "invite" });
    const invited = (name) => member(p, admin, { email: `${name.toLowerCase()}@example.org`, name, zone });
    [owner, anna, ben] = [await invited("Olena"), await invited("Anna"), await invited("Ben")];
  });
  after(async () => {
    await b?.close();
    await p?.stop();
  });

  const open = async (name, email, path) => (pages[name] = await opened(b, p, email, path));
  const send = async (n, of, to = { upload_url: upload, key }) => {
    const res = await patient(to.upload_url, { method: "PUT", headers: { Authorization: `Bearer ${to.key}`, "Content-Type": "image/jpeg" }, body: picture(n, of) });
    if (!res.ok) throw new Error(`${res.status} ${await res.text()}`);
    return (await res.json()).image;
  };
  const mine = async (who, query = "") => (await who("GET", "/api/v1/images?limit=200" + query)).images;

  it("a still camera is made in the form, which then says where to send to", async () => {
    const page = await open("owner", "olena@example.org", "/cameras/new");
    await page.getByText(word("camera.kind_still"), { exact: true }).click();
    await page.locator("[name=name]").fill("Trail");
    await page.locator("form.camera").getByRole("button", { name: word("cameras.add") }).click();
    await page.waitForURL(/\/cameras\/[0-9a-z]{26}$/);
    cameraID = page.url().split("/").at(-1);
    upload = await page.getByLabel(word("intake.address"), { exact: true }).inputValue();
    key = await page.getByLabel(word("intake.key"), { exact: true }).inputValue();
    address = await page.getByLabel(word("intake.mail_address"), { exact: true }).inputValue();
    assert.equal(new URL(upload).pathname, `/intake/${cameraID}`);
    assert.match(address, /^[0-9a-z]{20,}@localhost$/);
    await shot(page, "camera-still-desk");
    assert.deepEqual(await findings(page), []);

    await button(page, "intake.renew").click();
    await page.locator("dialog").getByRole("button", { name: word("intake.renew"), exact: true }).click();
    const was = key;
    await until("another key", async () => (key = await page.getByLabel(word("intake.key"), { exact: true }).inputValue()) !== was);
    const old = await fetch(upload, { method: "PUT", headers: { Authorization: `Bearer ${was}` }, body: picture(0) });
    assert.equal(old.status, 401, "the old key stops at once");
    address = await page.getByLabel(word("intake.mail_address"), { exact: true }).inputValue();
  });

  it("TestR51_TestR52_ pictures appear by themselves for owner, members and guest", async () => {
    group = (await owner("POST", "/api/v1/groups", { name: "Hunters" })).id;
    const { code } = await owner("POST", `/api/v1/groups/${group}/codes`, { role: "member", days: 7 });
    for (const who of [anna, ben]) await who("POST", "/api/v1/groups/join", { code });
    const op = pages.owner;
    await op.goto(`${p.base}/settings/groups/${group}`);
    await button(op, "groups.add_camera").first().click();
    await op.getByText(word("groups.no_recall")).waitFor();
    await shot(op, "group-no-recall-desk");
    await op.locator("dialog [type=submit]").click();
    await op.locator("dialog").waitFor({ state: "detached" });
    await op.goto(p.base + "/gallery");
    await op.getByText(word("gallery.none")).waitFor();
    await shot(op, "gallery-empty-desk");
    const ap = await open("anna", "anna@example.org", "/gallery");
    const bp = await open("ben", "ben@example.org", "/gallery");
    for (const page of [ap, bp]) await page.getByText(word("gallery.none")).waitFor();
    guestURL = (await owner("POST", "/api/v1/links", { kind: "share", name: "Forest", cameras: [cameraID], acknowledge_risk: true })).url;

    const began = Date.now();
    const first = await send(1);
    for (const page of [op, ap, bp]) await page.locator(`[data-image="${first}"] img`).waitFor();
    console.log(`an uploaded picture shown to all after ${Date.now() - began} ms`);
    await ap.getByText(word("gallery.from", { name: "Olena" })).first().waitFor();
    const mailed = Date.now();
    await mail(smtp, address, picture(2));
    for (const page of [op, ap, bp]) await until("the mailed picture", async () => (await shown(page)).length === 2);
    console.log(`a mailed picture listed for all after ${Date.now() - mailed} ms`);
    await shot(ap, "gallery-received-desk");
    assert.deepEqual(await findings(ap), []);
  });

  it("shows one image with its details, tags and favourite, by keys too", async () => {
    const page = pages.anna;
    await cells(page).first().click();
    await page.locator(".vpic img:not(.small)").waitFor();
    await page.locator(".vside").getByText("Fox", { exact: true }).waitFor();
    await page.getByPlaceholder(word("gallery.add_tag")).fill("Vixen");
    await page.getByPlaceholder(word("gallery.add_tag")).press("Enter");
    await page.locator(".tags .chip", { hasText: "Vixen" }).waitFor();
    await button(page, "gallery.favourite").click();
    await until("the favourite", async () => (await mine(anna, "&favourite=true")).length === 1);
    assert.equal((await mine(owner, "&favourite=true")).length, 0, "a mark on a copy is the receiver's own");
    await shot(page, "image-desk");
    assert.deepEqual(await findings(page), []);
    const before = page.url();
    await page.locator(".viewer").focus();
    await page.keyboard.press("ArrowRight");
    await until("the older image", () => page.url() !== before);
    await page.keyboard.press("ArrowRight");
    await page.getByText(word("gallery.oldest")).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".viewer").waitFor({ state: "detached" });
    assert.equal(new URL(page.url()).search, "");
    await page.setViewportSize(phone);
    await cells(page).first().click();
    await page.locator(".vpic img:not(.small)").waitFor();
    await shot(page, "image-phone");
    await page.goBack();
    await page.locator(".viewer").waitFor({ state: "detached" });
    await shot(page, "gallery-phone");
    assert.deepEqual(await findings(page), []);
    await page.setViewportSize(desk);
  });

  it("deletes many with Undo, and the receivers' copies stay", async () => {
    const page = pages.owner;
    await page.locator(".gday .btn").click();
    await page.getByText("2 selected").waitFor();
    await shot(page, "gallery-selected-desk");
    await button(page, "gallery.delete").click();
    await page.locator(".toast").hover(); // it waits for who points at it
    await told(page, "2 images deleted");
    await page.getByText(word("gallery.none")).waitFor();
    assert.equal((await owner("GET", "/api/v1/images/quota")).used, 0, "deleting frees at once");
    await page.locator(".toast").getByRole("button", { name: word("action.undo") }).click();
    await until("both again", async () => (await shown(page)).length === 2);
    await cells(page).first().focus();
    await page.keyboard.press("Space");
    await page.keyboard.press("Shift+ArrowRight");
    await page.getByText("2 selected").waitFor();
    await page.keyboard.press("Delete");
    await page.getByText(word("gallery.none")).waitFor();
    for (const [who, name] of [[anna, "anna"], [ben, "ben"]]) {
      assert.equal((await mine(who)).length, 2, "copies stay");
      assert.equal((await shown(pages[name])).length, 2);
      const q = await who("GET", "/api/v1/images/quota");
      assert.equal(q.count, 2);
      assert.deepEqual(q.senders.map((s) => [s.name, s.count]), [["Olena", 2]]);
      assert.equal(q.used, (await mine(who)).reduce((n, i) => n + i.bytes, 0));
    }
  });

  it("TestR66_TestR69_ a guest sees 500 of 600 and nothing but pictures", { timeout: 300000 }, async () => {
    const ids = [];
    const began = Date.now();
    // Most are of a second camera, which no group has: only the link shows both.
    const pond = (await owner("POST", "/api/v1/cameras", { kind: "still", name: "Pond", zone: "Europe/Kyiv" })).id;
    const { links } = await owner("GET", "/api/v1/links");
    await owner("PATCH", `/api/v1/links/${links[0].id}`, { cameras: [cameraID, pond] });
    const doors = await owner("GET", `/api/v1/cameras/${pond}/intake`);
    for (let n = 0; n < 600; n += 20) ids.push(...(await Promise.all(Array.from({ length: 20 }, (_, i) => send(100 + n + i, tiny, n < 560 ? doors : undefined)))));
    console.log(`600 pictures uploaded in ${Date.now() - began} ms`);
    assert.equal(new Set(ids).size, 600);
    const sorted = [...ids].sort().reverse();

    const ctx = await context(b, desk);
    const page = (pages.guest = await ctx.newPage());
    const bodies = [];
    page.on("response", (r) => {
      if (/\/g\/.*\/images\//.test(r.url()) && r.ok()) bodies.push(r.body().catch(() => Buffer.alloc(0)));
    });
    await page.goto(guestURL);
    await page.locator("li.tile.image:not([data-slot])").first().waitFor();
    assert.match(await page.locator("li.tile.image:not([data-slot])").first().getAttribute("aria-label"), /#1 (Trail|Pond)/);
    await page.locator("li.tile.image:not([data-slot]) .still").first().waitFor();
    // The camera's own tile shows its newest image too, with its age.
    await page.locator("li.tile.image[data-slot] .poster").first().waitFor();
    await shot(page, "guest-spare-desk");
    await page.getByText(word("nav.gallery"), { exact: true }).click();
    await page.locator(".gpic img").first().waitFor();
    assert.deepEqual(await findings(page), []);
    await shot(page, "guest-gallery-desk");
    // To the end of it, as a person scrolls.
    const seen = new Set();
    await until("the end of the guest's gallery", async () => {
      for (const id of await shown(page)) seen.add(id);
      await page.locator(".gscroll").evaluate((e) => e.scrollBy(0, e.clientHeight));
      return seen.has(sorted[499]);
    }, 90000);
    assert.equal(seen.size, 500);
    assert.ok(sorted.slice(500).every((id) => !seen.has(id)), "the 501st is not shown");
    const link = new URL(page.url()).pathname;
    const beyond = await page.evaluate(async (u) => (await fetch(u)).status, `${link}images/${sorted[500]}`);
    assert.equal(beyond, 404, "and not fetched by its address");
    const whole = await page.evaluate(async (u) => [...new Uint8Array(await (await fetch(u)).arrayBuffer())], `${link}images/${sorted[0]}`);
    for (const body of [Buffer.from(whole), ...(await Promise.all(bodies))]) {
      for (const bad of ["Exif", secret, "Fox"]) assert.ok(!body.includes(bad), `${bad} in a guest's bytes`);
    }
    assert.ok(bodies.length > 10);
    for (const word of ["Delete", "Download", "Tag", "Details", "Favourite"]) assert.equal(await page.getByRole("button", { name: word }).count(), 0);
    await page.setViewportSize(phone);
    await page.locator(".gpic img").first().waitFor();
    await shot(page, "guest-gallery-phone");
    assert.equal(await page.evaluate(() => localStorage.length), 0);

    // Members have their copies of the one camera, the owner has all, in a list that draws only what is seen.
    await until("all copies of a member", async () => (await ben("GET", "/api/v1/images/quota")).count === 42);
    const bp = pages.owner;
    await until("the day's count", async () => (await bp.locator(".gday").first().innerText()).includes("600"));
    assert.ok((await cells(bp).count()) < 120, "only what is in sight is drawn");
    const oldest = sorted.at(-1);
    await until("the oldest", async () => {
      await bp.locator(".gscroll").evaluate((e) => e.scrollTo(0, e.scrollHeight));
      return (await shown(bp)).includes(oldest);
    });
    const late = await send(900, tiny);
    await bp.locator(".pill").waitFor();
    await shot(bp, "gallery-pill-desk");
    await bp.locator(".pill").click();
    await bp.locator(`[data-image="${late}"]`).waitFor();
  });

  it("TestR56_ what the sender does then leaves the copies alone: leaving, closing the account", async () => {
    await owner("POST", `/api/v1/groups/${group}/leave`, { delete_group: true });
    await owner("DELETE", "/api/v1/me", { password });
    for (const name of ["anna", "ben"]) {
      const who = name === "anna" ? anna : ben;
      assert.equal((await who("GET", "/api/v1/images/quota")).count, 43);
      await pages[name].reload();
      await until("the copies", async () => (await shown(pages[name])).length > 5);
    }
    await pages.anna.locator(".gpic img").first().waitFor();
    await shot(pages.anna, "gallery-closed-sender-desk");
    for (const ctx of b.contexts()) assert.deepEqual(ctx.trouble, []);
  });
});
