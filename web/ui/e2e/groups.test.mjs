// Groups as two people meet them: joining by a code, another role, and what
// happens when the only administrator leaves.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { api, browser, button, context, demo, desk, everyCamera, field, findings, moving, phone, shot, signIn, stopwatch, tiles, until, word } from "./harness.mjs";

describe("groups", () => {
  let d, b, oc, nc, owner, neighbour, street;
  before(async () => {
    d = await demo();
    b = await browser();
    // A camera that the neighbour has not otherwise.
    const has = (await api(d.base_url, d.accounts[1].token)("GET", "/api/v1/cameras")).cameras.map((c) => c.id);
    street = d.cameras.find((c) => !has.includes(c.id));
    assert.ok(street, "the neighbour has every camera");
    oc = await context(b, desk);
    nc = await context(b, phone);
    owner = await oc.newPage();
    neighbour = await nc.newPage();
    await signIn(owner, d.base_url, d.accounts[0]);
    await signIn(neighbour, d.base_url, d.accounts[1]);
    await owner.waitForSelector("li.tile");
    await neighbour.waitForSelector("li.tile");
  });
  after(async () => {
    await b?.close();
    await d?.stop();
  });

  const open = (page, path) => page.goto(d.base_url + path);
  const section = (page, id) => page.locator(`[aria-labelledby=${id}]`);

  /** group makes one in the owner's page and gives its name and a code of a role. */
  async function group(name, role) {
    await open(owner, "/settings/groups");
    await button(owner, "groups.new").click();
    await owner.locator("dialog [name=name]").fill(name);
    await button(owner, "groups.create").click();
    await owner.getByRole("heading", { name, level: 1 }).waitFor();
    await button(section(owner, "codes"), "codes.new").click();
    await owner.locator("dialog [name=role]").selectOption(role);
    await button(owner.locator("dialog"), "codes.make").click();
    const code = await owner.locator("dialog .secret input").inputValue();
    await owner.keyboard.press("Escape");
    return code;
  }

  async function join(code) {
    await open(neighbour, "/settings/groups");
    await field(neighbour, "groups.code_field").fill(code);
    await button(neighbour, "groups.join").click();
  }

  it("TestR45_ joins by code and watches what is shared", async () => {
    const code = await group("Our street", "viewer");
    assert.match(code, /^[0-9A-Z]{5}-[0-9A-Z]{5}$/);
    await button(section(owner, "cameras"), "groups.add_camera").click();
    await owner.locator("dialog [name=camera]").selectOption(street.id);
    await button(owner.locator("dialog"), "groups.add_camera").click();
    await section(owner, "cameras").getByText(street.name).waitFor();

    await join("AAAAA-AAAAA");
    await neighbour.locator(".err, .notice.bad").waitFor();
    await shot(neighbour, "group-code-wrong-phone");
    await join(code.toLowerCase());
    await neighbour.getByRole("heading", { name: "Our street", level: 1 }).waitFor();
    assert.equal(await neighbour.locator("#codes").count(), 0, "codes are for administrators");
    await shot(neighbour, "group-viewer-phone");
    assert.deepEqual(await findings(neighbour), []);
    // The owner's open page says so by itself.
    await section(owner, "people").getByRole("combobox").nth(1).waitFor();
    await section(owner, "codes").locator(".col-num").filter({ hasText: /^1$/ }).waitFor();
    await shot(owner, "group-desk");
    assert.deepEqual(await findings(owner), []);

    await open(neighbour, "/cameras/shared");
    await neighbour.getByText(word("offers.by_group")).waitFor();
    await shot(neighbour, "shared-with-me-phone");
    await neighbour.setViewportSize(desk);
    await open(neighbour, "/");
    const live = async () => (await tiles(neighbour)).some((t) => t.camera === street.id && t.state === "live");
    await neighbour.waitForSelector("li.tile");
    await everyCamera(neighbour);
    await until("the group's camera live on the wall", live);
    await moving(neighbour, 3);
    await shot(neighbour, "group-wall-desk");
  });

  it("TestR46_ is promoted and demoted in an open page", async () => {
    const page = await nc.newPage();
    await open(page, new URL(owner.url()).pathname);
    const own = page.locator("tr", { hasText: word("groups.you") });
    await own.getByText(word("role.viewer"), { exact: true }).waitFor();
    const pick = section(owner, "people").getByRole("combobox").nth(1);
    await pick.selectOption("member");
    await own.getByText(word("role.member"), { exact: true }).waitFor();
    await pick.selectOption("viewer");
    await own.getByText(word("role.viewer"), { exact: true }).waitFor();
    await page.getByText(word("groups.viewer_text")).waitFor();
    await page.close();
  });

  it("TestR48_ is deleted when its only administrator leaves, after saying what ends", async () => {
    await button(owner, "groups.leave").click();
    const box = owner.locator("dialog");
    await box.getByText(word("groups.instead")).waitFor();
    const said = await box.innerText();
    assert.match(said, /2 people/);
    assert.match(said, /1 camera\b/);
    await shot(owner, "group-leave-desk");
    assert.deepEqual(await findings(owner), []);
    await button(box, "groups.leave_delete").click();
    await shot(owner, "group-leave-delete-desk");
    const watch = await stopwatch(owner, neighbour, street.id);
    await button(box, "groups.leave_delete").click();
    const cut = await watch.read();
    console.log(`group deleted: tile ended after ${cut} ms`);
    assert.ok(cut <= 2000, `the tile ended ${cut} ms after the group`);
    await owner.getByText(word("groups.none")).waitFor();
    await open(neighbour, "/settings/groups");
    await neighbour.getByText(word("groups.none")).waitFor();
  });

  it("TestR49_ goes on when it is handed over", async () => {
    const code = await group("Allotments", "member");
    await join(code);
    await neighbour.getByRole("heading", { name: "Allotments", level: 1 }).waitFor();
    await section(owner, "people").getByRole("combobox").nth(1).waitFor();
    // The only administrator cannot demote himself.
    await section(owner, "people").getByRole("combobox").first().selectOption("viewer");
    await section(owner, "people").locator(".notice.bad").waitFor();
    await button(owner, "groups.leave").click();
    await button(owner.locator("dialog"), "groups.hand_over").click();
    await owner.getByText(word("groups.none")).waitFor();
    await neighbour.getByRole("heading", { name: word("codes.title") }).waitFor();
    const list = await api(d.base_url, d.accounts[1].token)("GET", "/api/v1/groups");
    assert.equal(list.groups[0].role, "administrator");
    assert.deepEqual(oc.trouble, []);
    assert.deepEqual(nc.trouble, []);
  });
});
