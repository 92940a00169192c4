// A camera that is recorded when something happens: its owner chooses so, makes
// a key, and what a request with that key reports is recorded from before it on
// and stands in the list.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { after, before, describe, it } from "node:test";
import { api, browser, button, camera, context, demo, desk, findings, phone, rawKeys, shot, signIn, told, until, word } from "./harness.mjs";

const run = promisify(execFile);

describe("recording on events", () => {
  let d, b, cam;
  before(async () => {
    [d, cam] = await Promise.all([demo(), camera()]);
    b = await browser();
  });
  after(async () => {
    await b?.close();
    await cam?.stop();
    await d?.stop();
  });

  it("begins before the event that a key reports", async () => {
    const call = api(d.base_url, d.accounts[0].token);
    const mine = await call("POST", "/api/v1/cameras", { name: "Cellar", main: cam.main, sub: cam.sub, zone: "Europe/Kyiv" });
    const at = `/api/v1/cameras/${mine.id}`;
    const ctx = await context(b, desk);
    const page = await ctx.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await page.locator("li.tile").first().waitFor();
    await page.goto(d.base_url + "/cameras/" + mine.id);

    const part = page.getByRole("region", { name: word("rec.title"), exact: true });
    await part.getByText(word("rec.is_off")).waitFor();
    await part.getByText(word("rec.schedule"), { exact: true }).click();
    await button(part, "rec.hours_change").click();
    await page.getByRole("dialog").getByText(word("rec.hours_title", { name: "Cellar" })).waitFor();
    await shot(page, "recording-hours-desk");
    await button(page.getByRole("dialog"), "sched.done").click();
    await part.getByText(word("rec.notice"), { exact: true }).click();
    await part.getByLabel(word("rec.pre")).selectOption("5");
    await button(part, "rec.save").click();
    await part.getByText(word("rec.waits_event")).waitFor();
    const { policy } = await call("GET", at + "/recording");
    assert.equal(policy.mode, "notice");
    assert.equal(policy.pre_roll_s, 5);

    const happens = page.getByRole("region", { name: word("rec.events"), exact: true });
    await happens.getByText(word("rec.medium"), { exact: true }).click();
    await told(page, word("rec.motion_saved"));
    assert.equal((await call("GET", at + "/motion")).sensitivity, "medium");
    await happens.getByText(word("rec.off"), { exact: true }).click();
    await until("the detection to be off", async () => (await call("GET", at + "/motion")).sensitivity === "off");
    await button(happens, "rec.hook_make").click();
    const command = await happens.getByRole("textbox", { name: word("intake.try") }).inputValue();
    assert.deepEqual(await findings(page), []);
    assert.deepEqual(await rawKeys(page), []);
    await shot(page, "recording-desk");
    await page.setViewportSize(phone);
    await part.scrollIntoViewIfNeeded();
    await shot(page, "recording-phone");
    await page.setViewportSize(desk);
    await page.evaluate(() => (document.documentElement.dataset.theme = "light"));
    assert.deepEqual(await findings(page), []);
    await part.scrollIntoViewIfNeeded();
    await shot(page, "recording-light-desk");
    await page.evaluate(() => (document.documentElement.dataset.theme = "dark"));

    // What was sent before the event is in the ring by now.
    await until("seven seconds of pictures of the camera", async () => {
      const main = (await call("GET", at)).state?.layers?.main;
      return main?.status === "live" && Date.now() - Date.parse(main.since) > 7000;
    });
    assert.deepEqual((await call("GET", at + "/events")).events, []);
    await run("sh", ["-c", command.replace("curl", "curl -sS --fail-with-body")]);
    const [event] = (await call("GET", at + "/events")).events;
    assert.equal(event.kind, "motion");
    assert.equal(event.source, "hook");
    await part.getByText(word("rec.since", { when: "" }).trim()).waitFor();
    const begun = Date.parse(event.from);
    await until("footage from before the event", async () => {
      const range = `from=${new Date(begun - 60_000).toISOString()}&to=${new Date(Date.now() + 60_000).toISOString()}&layer=main`;
      const { spans } = await call("GET", `${at}/archive/coverage?${range}`);
      return spans.some((s) => Date.parse(s.from) <= begun - 2000 && Date.parse(s.to) > begun);
    });
    await until("the event to end", async () => (await call("GET", at + "/events")).events[0].to !== null);

    // The key is taken away: it reports nothing more.
    await button(happens, "rec.hook_remove").click();
    await button(page.getByRole("dialog"), "rec.hook_remove").click();
    await button(happens, "rec.hook_make").waitFor();
    await assert.rejects(run("sh", ["-c", command.replace("curl", "curl -sS --fail")]));
    await part.getByText(word("rec.off"), { exact: true }).click();
    await button(part, "rec.save").click();
    await part.getByText(word("rec.is_off")).waitFor();
    assert.deepEqual(ctx.trouble, []);
    await ctx.close();
  });
});
