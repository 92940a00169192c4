// The schedule editor in every way it can be used: painted by mouse, by touch,
// by two clicks and by keys, and written as a list; all are one week (row R18).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, browser, button, context, demo, desk, findings, phone, shot, signIn, until, word } from "./harness.mjs";

describe("the schedule editor", () => {
  let d, b, oc, owner, cam, call;
  before(async () => {
    d = await demo();
    b = await browser();
    call = api(d.base_url, d.accounts[0].token);
    cam = (await api(d.base_url, d.accounts[1].token)("GET", "/api/v1/cameras")).cameras[0];
    oc = await context(b, desk);
    owner = await oc.newPage();
    await signIn(owner, d.base_url, d.accounts[0]);
    await owner.waitForSelector("li.tile");
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const dialog = (page = owner) => page.locator("dialog.large").first();
  const editor = (page = owner) => page.locator("dialog.huge");
  const rows = async () => (await call("GET", `/api/v1/cameras/${cam.id}/access`)).rows;
  /** open shows the editor of the nth person, with nothing allowed yet. */
  async function open(page = owner, nth = 0) {
    await page.goto(d.base_url + "/cameras");
    await page.getByRole("button", { name: word("share.open", { name: cam.name }), exact: true }).click();
    await edit(page, nth);
  }
  async function edit(page, nth) {
    await dialog(page).locator(".pr").nth(nth).locator(".pick").nth(1).click();
    await editor(page).locator("h2").waitFor();
  }
  async function clear(page = owner) {
    const bin = editor(page).getByRole("button", { name: new RegExp("^" + word("sched.remove_entry", { entry: "" }).trim()) });
    while (await bin.count()) await bin.first().click();
    await editor(page).getByText(word("effect.never")).waitFor();
  }
  /** at is the middle of a quarter hour; days count from Monday. */
  async function at(page, day, hour, minute = 0) {
    const box = await editor(page).locator(`[data-cell="${day * 96 + hour * 4 + minute / 15}"]`).boundingBox();
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }
  /** lines are what the list says, as it says it. */
  const lines = (page = owner) => editor(page).locator(".lines li > div").evaluateAll((l) => l.map((e) => [...e.children].map((c) => c.textContent).join(": ")));
  const cell = (page, day, hour, minute = 0) => editor(page).locator(`[data-cell="${day * 96 + hour * 4 + minute / 15}"]`);
  const allowed = (page, ...where) => cell(page, ...where).getAttribute("aria-selected").then((s) => s === "true");

  it("TestR18_ is painted by mouse, over days, and undone in one step", async () => {
    await open();
    await clear();
    const from = await at(owner, 1, 9);
    const to = await at(owner, 3, 11, 45);
    await owner.mouse.move(from.x, from.y);
    await owner.mouse.down();
    await owner.mouse.move((from.x + to.x) / 2, from.y, { steps: 3 });
    await owner.mouse.move(to.x, to.y, { steps: 3 });
    await shot(owner, "schedule-drag-desk");
    await owner.mouse.up();
    assert.deepEqual(await lines(), ["Tue, Wed and Thu: 09:00 to 12:00"]);
    assert.match(await cell(owner, 1, 9).getAttribute("aria-label"), /^Tuesday 09:00, allowed$/);
    // Dragging from an allowed quarter takes away.
    const hole = await at(owner, 2, 10);
    const end = await at(owner, 2, 10, 30);
    await owner.mouse.move(hole.x, hole.y);
    await owner.mouse.down();
    await owner.mouse.move(end.x, end.y, { steps: 3 });
    await owner.mouse.up();
    assert.equal(await allowed(owner, 2, 10, 30), false);
    assert.equal(await allowed(owner, 2, 10, 45), true);
    await button(editor(), "action.undo").click();
    assert.deepEqual(await lines(), ["Tue, Wed and Thu: 09:00 to 12:00"], "a whole drag is one step");
  });

  it("TestR18_ is painted by a click at the start and one at the end", async () => {
    await clear();
    const from = await at(owner, 4, 22);
    await owner.mouse.click(from.x, from.y);
    await editor().getByText(word("sched.click_end", { time: "22:00" })).waitFor();
    await shot(owner, "schedule-click-desk");
    const to = await at(owner, 4, 23, 45);
    await owner.mouse.click(to.x, to.y);
    assert.deepEqual(await lines(), ["Fri: 22:00 to 24:00"]);
    // A block that goes on after midnight is one line of the day on which it begins.
    for (const [day, hour, minute] of [[5, 0, 0], [5, 5, 45]]) {
      const p = await at(owner, day, hour, minute);
      await owner.mouse.click(p.x, p.y);
    }
    assert.deepEqual(await lines(), ["Fri: 22:00 to 06:00 next day"]);
    await editor().getByText(word("sched.from", { day: "Fri" })).waitFor();
  });

  it("TestR18_ is painted by keys alone", async () => {
    await clear();
    const start = cell(owner, 1, 14, 15);
    await editor().locator('.cell[tabindex="0"]').focus();
    // Whatever has the focus: to the beginning of the day, up to Monday, then to Tuesday 14:15.
    await owner.keyboard.press("Home");
    for (let i = 0; i < 6; i++) await owner.keyboard.press("ArrowUp");
    await owner.keyboard.press("ArrowDown");
    for (let i = 0; i < 14; i++) await owner.keyboard.press("PageDown");
    await owner.keyboard.press("ArrowRight");
    assert.equal(await start.evaluate((e) => e === document.activeElement), true);
    assert.equal(await start.getAttribute("aria-label"), word("sched.cell", { day: "Tuesday", time: "14:15", state: word("sched.closed") }));
    for (let i = 0; i < 3; i++) await owner.keyboard.press("Shift+ArrowRight");
    await owner.keyboard.press("Shift+ArrowDown");
    await shot(owner, "schedule-keys-desk");
    await owner.keyboard.press("Space");
    assert.deepEqual(await lines(), ["Tue and Wed: 14:15 to 15:15"]);
    await owner.keyboard.press("Space"); // one quarter, back off
    assert.equal(await allowed(owner, 2, 15), false);
    await owner.keyboard.press("Space");
    assert.deepEqual(await findings(owner), []);
  });

  it("TestR18_ is copied from another person, and Escape closes a menu only", async () => {
    await button(editor(), "sched.done").click();
    await dialog().getByRole("combobox").fill("courier@somewhere.example");
    await button(dialog(), "people.add").click();
    await edit(owner, 1);
    const copy = editor().getByRole("button", { name: word("sched.copy_person") });
    await copy.click();
    await shot(owner, "schedule-copy-desk");
    await owner.keyboard.press("Escape");
    await editor().locator("h2").waitFor();
    assert.equal(await owner.getByRole("menu").count(), 0);
    await copy.click();
    await owner.getByRole("menuitem").first().click();
    assert.deepEqual(await lines(), ["Tue and Wed: 14:15 to 15:15"]);
    await editor().getByRole("button", { name: word("sched.copy_day", { day: "Mon" }).split(" ")[0] }).last().click();
    await owner.keyboard.press("Escape");
    await button(editor(), "action.cancel").click();
    await dialog().locator(".pr").nth(1).getByRole("button", { name: new RegExp("^" + word("people.delete", { name: "" })) }).click();
    await button(dialog(), "action.save").click();
    await dialog().getByText(word("share.saved"), { exact: true }).waitFor();
    const [row] = await rows();
    assert.deepEqual(row.schedule.intervals, [{ day: 2, from: 855, to: 915 }, { day: 3, from: 855, to: 915 }]);
  });

  it("TestR18_ is painted by touch on a tablet", async () => {
    const tc = await context(b, { width: 1024, height: 768 }, { hasTouch: true, isMobile: true });
    const page = await tc.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await page.waitForSelector("li.tile");
    await open(page);
    await clear(page);
    const cdp = await tc.newCDPSession(page);
    const touch = (type, p) => cdp.send("Input.dispatchTouchEvent", { type, touchPoints: p ? [{ x: p.x, y: p.y }] : [] });
    const slide = async (a, z) => {
      await touch("touchStart", a);
      for (let i = 1; i <= 8; i++) await touch("touchMove", { x: a.x + ((z.x - a.x) * i) / 8, y: a.y + ((z.y - a.y) * i) / 8 });
      await touch("touchEnd");
    };
    await slide(await at(page, 0, 8), await at(page, 0, 15, 45));
    await until("the block of the finger", async () => (await lines(page)).join() === "Mon: 08:00 to 16:00");
    await shot(page, "schedule-touch-tablet");
    // Two taps do the same.
    const [x, y] = [await at(page, 2, 18), await at(page, 2, 19, 45)];
    await page.touchscreen.tap(x.x, x.y);
    await page.touchscreen.tap(y.x, y.y);
    await until("the block of two taps", async () => (await lines(page)).includes("Wed: 18:00 to 20:00"));
    // A finger that goes up and down scrolls and paints nothing.
    const before = await lines(page);
    await slide(await at(page, 0, 20), await at(page, 6, 20, 15));
    assert.deepEqual(await lines(page), before);
    await tc.close();
  });

  it("TestR18_ is written as a list on a phone", async () => {
    const pc = await context(b, phone, { hasTouch: true, isMobile: true });
    const page = await pc.newPage();
    await signIn(page, d.base_url, d.accounts[0]);
    await page.waitForSelector("li.tile");
    await open(page);
    assert.equal(await editor(page).getByRole("grid").isVisible(), false, "the list stands alone");
    await clear(page);
    for (const day of ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]) await editor(page).getByRole("checkbox", { name: day }).uncheck({ force: true });
    await button(editor(page), "sched.add_act").click();
    await editor(page).getByText(word("sched.no_days")).waitFor();
    await editor(page).getByRole("checkbox", { name: "Saturday" }).check({ force: true });
    await editor(page).getByLabel(word("sched.from_time"), { exact: true }).selectOption({ label: "21:15" });
    await editor(page).getByLabel(word("sched.to_time"), { exact: true }).selectOption({ label: "05:30" });
    await editor(page).getByText(word("sched.next_day")).waitFor();
    await button(editor(page), "sched.add_act").click();
    assert.deepEqual(await lines(page), ["Sat: 21:15 to 05:30 next day"]);
    await shot(page, "schedule-list-phone");
    assert.deepEqual(await findings(page), []);
    await button(editor(page), "sched.done").click();
    await button(dialog(page), "action.save").click();
    await dialog(page).getByText(word("share.saved"), { exact: true }).waitFor();
    const [row] = await rows();
    assert.deepEqual(row.schedule.intervals, [{ day: 6, from: 1275, to: 330 }]);
    assert.deepEqual([oc.trouble, pc.trouble], [[], []]);
    await pc.close();
  });
});
