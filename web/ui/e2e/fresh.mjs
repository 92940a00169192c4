// A server of a test's own: fresh, set up, with the people the test asks for.
import { caller, context, desk, findings, folder, program, rawKeys, rest, shot, signIn, storeArgs, until } from "./harness.mjs";

export const password = "correct horse battery";

/** serve starts `sightline serve` on free ports in a folder of its own; .base is where it listens, .code what it asks for at first. */
export async function serve(args = [], { env, store = storeArgs() } = {}) {
  const p = program(["serve", "--data", folder(), "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0", "--media-port", "0", ...args, ...store], env);
  try {
    return await until("the set-up code on the terminal", () => {
      if (p.ended()) throw new Error(p.output());
      const base = p.output().match(/http:\/\/127\.0\.0\.1:\d+/)?.[0];
      const code = p.output().match(/\b[0-9A-Z]{4,6}-[0-9A-Z]{4,6}\b/)?.[0];
      return base && code && { ...p, base, code };
    });
  } catch (e) {
    await p.stop();
    throw e;
  }
}

const local = { password, language: "en", zone: "Europe/Kyiv" };

/** first makes the first account of a server and returns its caller. */
export async function first(s, person) {
  const call = caller(s.base);
  await call("POST", "/api/v1/setup", { code: s.code, ...local, networks: [], loopback_cameras: true, ...person });
  return call;
}

/** member is somebody an administrator invited; its caller. */
export async function member(s, admin, { email, ...person }) {
  const call = caller(s.base);
  const i = await admin("POST", "/api/v1/instance/invitations", { email });
  await call("POST", "/api/v1/invitations/redeem", { token: new URL(i.url).hash.slice(1), ...local, ...person });
  return call;
}

/** opened is a page of its own in which somebody has signed in and gone to a place. */
export async function opened(b, s, email, where = "/", { viewport = desk, ...options } = {}) {
  const page = await (await context(b, viewport, options)).newPage();
  await signIn(page, s.base, { email, password });
  await page.locator(".me").waitFor();
  await page.goto(s.base + where);
  return page;
}

/** look keeps a picture of a page as it is, and returns what there is to say against it. */
export async function look(page, name) {
  await rest(page);
  const found = [...(await findings(page)), ...(await rawKeys(page))];
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) found.push(`${wide} px wider than the screen`);
  await shot(page, name);
  return found.map((f) => `${name}: ${f}`);
}

/** footage lists the spans that are recorded of a camera; seconds is how long they are together. */
export async function footage(call, id, layer = "") {
  const at = (ms) => new Date(Date.now() + ms).toISOString();
  const { spans } = await call("GET", `/api/v1/cameras/${id}/archive/coverage?from=${at(-3600e3)}&to=${at(60e3)}${layer && `&layer=${layer}`}`);
  return spans;
}
export const seconds = (spans) => spans.reduce((n, s) => n + (Date.parse(s.to) - Date.parse(s.from)) / 1000, 0);

/** records has a camera recorded all the time, one layer of it. */
export async function records(call, id, layer) {
  const { policy, version } = await call("GET", `/api/v1/cameras/${id}/recording`);
  await call("PUT", `/api/v1/cameras/${id}/recording`, { version, policy: { ...policy, mode: "continuous", layer, keep_days: 1 } });
}
