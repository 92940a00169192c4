// What a camera saw reaches who has the level, by mail, by push and on the page,
// and nobody else: with a real mail server and a real push service at the end.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { first, opened, password, serve } from "./fresh.mjs";
import { browser, button, caller, findings, folder, patient, phone, shot, told, until, word } from "./harness.mjs";
import { pushSink, smtpSink } from "./sinks.mjs";

describe("notices of what cameras saw", () => {
  let p, b, mail, push;
  const call = {}, page = {}, at = {}, hook = {};
  let gate, yard;

  const mailsTo = (who) => mail.mails.filter((m) => m.to === `${who}@example.org`);
  const told = (who) => mailsTo(who).map((m) => m.subject + "\n" + m.text).join("\n");
  const report = async (camera, kind, text) => {
    const res = await patient(hook[camera].url, { method: "POST", headers: { Authorization: "Bearer " + hook[camera].key, "Content-Type": "application/json" }, body: JSON.stringify({ kind, text }) });
    assert.equal(res.status, 204);
  };

  before(async () => {
    const trusted = path.join(folder(), "push.pem");
    [mail, push, b] = await Promise.all([smtpSink(), pushSink(trusted), browser()]);
    p = await serve([
      "--smtp-host", "127.0.0.1", "--smtp-port", String(mail.port), "--smtp-security", "plain", "--smtp-from", "Sightline <cams@example.org>",
      "--outbound-networks", "127.0.0.0/8", "--notices-letter-gap", "1s",
    ], { env: { SSL_CERT_FILE: trusted } });
    call.admin = await first(p, { email: "admin@example.org", name: "Admin", networks: ["127.0.0.0/8"] });
    await call.admin("PATCH", "/api/v1/instance", { registration: "invite" });
    for (const who of ["olena", "anna", "max"]) {
      call[who] = caller(p.base);
      await call.admin("POST", "/api/v1/instance/invitations", { email: `${who}@example.org` });
      const letter = await until(`the invitation of ${who}`, () => mailsTo(who)[0]);
      const token = letter.text.match(/#(\S+)/)[1];
      await call[who]("POST", "/api/v1/invitations/redeem", { token, name: who[0].toUpperCase() + who.slice(1), password, language: who === "anna" ? "de" : "en", zone: "Europe/Kyiv" });
    }
    for (const name of ["Gate", "Yard"]) {
      const c = await call.olena("POST", "/api/v1/cameras", { name, main: "rtsp://127.0.0.1:1/none", zone: "Europe/Kyiv" });
      hook[c.id] = await call.olena("POST", `/api/v1/cameras/${c.id}/hook`);
      if (name === "Gate") gate = c;
      else yard = c;
    }
    // Anna may be told of the gate and see its recordings, Max may only watch.
    const { version } = await call.olena("GET", `/api/v1/cameras/${gate.id}/access`);
    await call.olena("PUT", `/api/v1/cameras/${gate.id}/access`, {
      version,
      rows: [{ email: "anna@example.org", levels: ["online", "archive", "notices"] }, { email: "max@example.org", levels: ["online"] }],
    });
    for (const who of ["anna", "max"]) {
      const { offers } = await call[who]("GET", "/api/v1/offers");
      await call[who]("POST", `/api/v1/offers/${offers[0].grant_id}/accept`, {});
    }
  });
  after(async () => {
    await b?.close();
    await p?.stop();
    mail?.close();
    push?.close();
  });

  async function open(who, where) {
    const one = await opened(b, p, `${who}@example.org`);
    // The browser's own push service is somebody else's server: this login subscribes at the one of this test.
    at[who] = push.subscribe();
    await one.evaluate(async (body) => {
      const res = await fetch("/api/v1/me/push/subscriptions", { method: "POST", headers: { "X-Sightline": "1", "Content-Type": "application/json" }, body: JSON.stringify(body) });
      if (!res.ok) throw new Error(`${res.status} ${await res.text()}`);
    }, at[who].json);
    await one.goto(p.base + where);
    page[who] = one;
    return one;
  }

  it("chooses what is told by which way", async () => {
    const de = (key) => word(key, {}, "de");
    const one = await open("anna", "/settings/notices");
    const box = one.getByRole("checkbox", { name: `${de("archive.event.motion")}: ${de("notices.way.mail")}`, exact: true });
    await box.check();
    await one.getByRole("checkbox", { name: `${de("archive.event.person")}: ${de("notices.way.mail")}`, exact: true }).check();
    await shot(one, "notices-settings-desk");
    assert.deepEqual(await findings(one), []);
    await one.locator("form.no-form").getByRole("button", { name: de("action.save"), exact: true }).click();
    await told(one, de("share.saved"));
    const kept = await call.anna("GET", "/api/v1/me/notices/preferences");
    assert.deepEqual(kept.kinds.motion, { feed: true, mail: true, push: true, webhook: true });
    // What somebody else saved meanwhile is not run over.
    await call.anna("PUT", "/api/v1/me/notices/preferences", { ...kept, digest: "off" });
    await box.uncheck();
    await one.locator("form.no-form").getByRole("button", { name: de("action.save"), exact: true }).click();
    await told(one, de("notices.changed"));
    await until("the box as it is kept", () => box.isChecked());
    const max = await call.max("GET", "/api/v1/me/notices/preferences");
    await call.max("PUT", "/api/v1/me/notices/preferences", { ...max, kinds: { ...max.kinds, motion: { feed: true, mail: true, push: true, webhook: true }, person: { feed: true, mail: true, push: true, webhook: true } } });
  });

  it("TestR14_ a mail and a push arrive for one person and not for the other", async () => {
    await Promise.all([open("max", "/notices"), page.anna.goto(p.base + "/notices")]);
    await report(gate.id, "motion", "at the letter box");
    const line = page.anna.getByText(word("notice.motion", { camera: "Gate" }, "de"));
    await line.waitFor(); // by itself
    await until("Anna's mail", () => told("anna").includes("at the letter box"));
    assert.ok(told("anna").includes(word("notice.motion", { camera: "Gate" }, "de")), told("anna"));
    await until("Anna's push", () => at.anna.got.some((m) => JSON.stringify(m).includes("Gate")));
    // Both follow in the order they were told: once the later one is there, so would the earlier be for Max.
    await report(yard.id, "motion", "of the yard");
    await report(gate.id, "person", "second");
    await until("Anna's second mail", () => told("anna").includes("second"));
    await until("Anna's second push", () => at.anna.got.some((m) => JSON.stringify(m).includes("second")));
    const max = told("max") + JSON.stringify(at.max.got);
    for (const never of ["letter box", "second", "of the yard", word("notice.motion", { camera: "Gate" })]) assert.ok(!max.includes(never), `Max was told: ${max}`);
    assert.ok(!(told("anna") + JSON.stringify(at.anna.got)).includes("Yard"));
    const { notices } = await call.max("GET", "/api/v1/notices");
    assert.deepEqual(notices.filter((n) => n.kind === "motion" || n.kind === "person"), []);
    assert.equal(await page.max.getByText(word("notice.motion", { camera: "Gate" })).count(), 0);
  });

  it("narrows the list, marks it read and leads to the recording", async () => {
    const one = await open("olena", "/notices");
    const rows = one.locator("ul.notices > li");
    await until("five notices", async () => (await rows.count()) === 5); // two answers, two movements, a person
    assert.deepEqual(await findings(one), []);
    await shot(one, "notices-desk");
    await one.getByRole("button", { name: word("filter.title"), exact: true }).click();
    const [kind, camera] = [one.locator(".filters select").nth(0), one.locator(".filters select").nth(1)];
    await kind.selectOption("motion");
    await until("two movements", async () => (await rows.count()) === 2);
    await camera.selectOption(yard.id);
    await until("one of the yard", async () => (await rows.count()) === 1);
    await one.keyboard.press("Escape");
    assert.equal(new URL(one.url()).search, `?kind=motion&camera=${yard.id}`);
    await one.reload();
    await rows.getByText("of the yard").waitFor();
    await one.goto(p.base + "/notices");
    await rows.first().waitFor();
    await button(one, "notices.read_all").click();
    await one.getByLabel(word("notices.only_unread")).check();
    await one.getByText(word("notices.none_filtered"), { exact: true }).waitFor();
    await one.locator(".empty").getByRole("button", { name: word("notices.clear") }).click();
    await until("all again", async () => (await rows.count()) === 5);
    await rows.filter({ hasText: "of the yard" }).getByRole("link", { name: word("notices.see") }).click();
    await one.waitForURL((u) => u.pathname === `/archive/${yard.id}` && !Number.isNaN(Date.parse(u.searchParams.get("at"))));
    // Anna's page leads there too; taking the level away takes the notice away, by itself.
    await page.anna.getByText(word("notice.person", { camera: "Gate" }, "de")).waitFor();
    const { version, rows: table } = await call.olena("GET", `/api/v1/cameras/${gate.id}/access`);
    await call.olena("PUT", `/api/v1/cameras/${gate.id}/access`, { version, rows: table.map((r) => ({ grant_id: r.grant_id, levels: ["online"] })) });
    await page.anna.getByText(word("notice.person", { camera: "Gate" }, "de")).waitFor({ state: "detached" });
    await report(gate.id, "vehicle", "third");
    await until("it is told to its owner", async () => (await call.olena("GET", "/api/v1/notices?kind=vehicle")).notices.length === 1);
    assert.deepEqual((await call.anna("GET", "/api/v1/notices?kind=vehicle,motion,person")).notices, []);
  });

  it("mutes an own camera on its page, and hears it again in the settings", async () => {
    const one = page.olena;
    const muted = async () => (await call.olena("GET", "/api/v1/notices")).muted;
    await one.goto(`${p.base}/cameras/${gate.id}`);
    const tell = one.getByRole("switch", { name: word("mute.tell"), exact: true });
    assert.equal(await tell.getAttribute("aria-checked"), "true");
    await tell.click();
    await until("the camera to be muted", async () => (await muted()).includes(gate.id));
    assert.deepEqual(await findings(one), []);
    const unread = async () => (await call.olena("GET", "/api/v1/me")).badges.notices;
    const before = await unread();
    await report(gate.id, "sound", "while muted");
    await until("it stands in the list", async () => (await call.olena("GET", "/api/v1/notices")).notices[0].text === "while muted");
    assert.equal(await unread(), before);
    await one.goto(p.base + "/cameras");
    await one.getByRole("img", { name: word("mute.mark") }).waitFor();
    await one.goto(p.base + "/settings/notices");
    const row = one.locator(".no-mute").getByRole("switch", { name: "Gate", exact: true });
    await row.waitFor();
    assert.equal(await row.getAttribute("aria-checked"), "false");
    await row.click();
    await until("it is heard again", async () => (await muted()).length === 0);
    await shot(one, "notices-settings-muted-desk");
    assert.deepEqual(await findings(one), []);
  });

  it("fits a phone, in the light too", async () => {
    await call.olena("PATCH", "/api/v1/me", { theme: "light" });
    const one = await opened(b, p, "olena@example.org", "/", { viewport: phone });
    for (const where of ["/notices", "/settings/notices"]) {
      await one.goto(p.base + where);
      await one.locator(where === "/notices" ? "ul.notices > li" : "table.no-ways").first().waitFor();
      assert.ok(await one.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${where} runs out at the side`);
      assert.deepEqual(await findings(one), []);
      await shot(one, where === "/notices" ? "notices-phone" : "notices-settings-phone");
    }
    for (const c of [...b.contexts()]) assert.deepEqual(c.trouble, []);
  });
});
