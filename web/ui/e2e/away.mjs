// Things that go away and come back: a server on fixed ports, a network, a page.
// Used by recover.test.mjs and the bench of the same name.
import dgram from "node:dgram";
import http from "node:http";
import net from "node:net";
import { freePort, program, sleep, storeArgs, until } from "./harness.mjs";

const password = "correct horse battery";
export const owner = { email: "olena@example.org", password };

/** six are the demo's six cameras in a process of their own. */
export async function six() {
  const p = program(["demo-cameras"]);
  const line = await until("six cameras to serve", () => {
    if (p.ended()) throw new Error(p.output());
    return p.output().match(/^\{.*\}$/m)?.[0];
  }, 120000);
  return { ...p, cameras: JSON.parse(line).cameras };
}

/** ask makes one request of the API with a cookie, and comes back as an answer of 503 asks. */
async function ask(...request) {
  for (let tries = 5; ; tries--) {
    try {
      return await once(...request);
    } catch (e) {
      if (tries === 0 || !e.again) throw e;
      await sleep(e.again * 1000);
    }
  }
}

function once(base, cookie, method, path, body) {
  return new Promise((done, fail) => {
    const req = http.request(base + path, { method, headers: { "X-Sightline": "1", Origin: base, "Content-Type": "application/json", ...(cookie ? { Cookie: cookie } : {}) } }, (res) => {
      let text = "";
      res.on("data", (d) => (text += d));
      res.on("end", () => {
        if (res.statusCode < 300) return done({ body: text ? JSON.parse(text) : undefined, headers: res.headers });
        fail(Object.assign(new Error(`${method} ${path}: ${res.statusCode} ${text}`), { again: res.statusCode === 503 && Number(res.headers["retry-after"] ?? 1) }));
      });
    });
    req.on("error", fail);
    req.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * server runs the program on ports and in a folder of its own, with an account
 * and the cameras given. kill() ends it as a power cut does, start() starts it
 * again as it was.
 */
export async function server(data, cams, args = []) {
  const web = await freePort();
  const media = await freePort();
  const base = `http://127.0.0.1:${web}`;
  let p;
  const start = async () => {
    p = program(["serve", "--data", data, "--listen", `127.0.0.1:${web}`, "--ops-listen", "127.0.0.1:0", "--media-port", `${media}`, "--media-loopback", ...args, ...storeArgs()]);
    await until("the server to listen", () => {
      if (p.ended()) throw new Error(p.output());
      return p.output().includes(base);
    });
  };
  await start();
  const code = await until("the set-up code", () => p.output().match(/\b[0-9A-Z]{4,6}-[0-9A-Z]{4,6}\b/)?.[0]);
  const set = await ask(base, "", "POST", "/api/v1/setup", { code, ...owner, name: "Olena", language: "en", zone: "Europe/Kyiv", networks: [], loopback_cameras: true });
  const cookie = set.headers["set-cookie"].map((c) => c.split(";")[0]).join("; ");
  const call = async (method, path, body) => (await ask(base, cookie, method, path, body)).body;
  const ids = [];
  for (const c of cams) ids.push((await call("POST", "/api/v1/cameras", { kind: "rtsp", name: c.name, main: c.main, sub: c.sub, zone: "Europe/Kyiv" })).id);
  const [rows, columns] = cams.length > 1 ? [2, 3] : [1, 1];
  await call("POST", "/api/v1/views", { name: "All", rows, columns, cells: ids.map((camera) => ({ camera })), default_for: ["desktop"] });
  await call("POST", "/api/v1/views", { name: "Hand", rows: Math.min(2, cams.length), columns: 1, cells: ids.slice(0, 2).map((camera) => ({ camera })), default_for: ["phone"] });
  const live = () => until("all cameras live at the server", async () => (await call("GET", "/api/v1/cameras")).cameras.every((c) => c.state?.layers?.sub?.status === "live"));
  return {
    base, web, media, call, ids, start, live,
    async kill() {
      process.kill(p.pid, "SIGKILL");
      await p.exit;
    },
    stop: () => p.stop(),
    output: () => p.output(),
  };
}

/**
 * network is the way between one browser and a server: UDP for media, TCP for
 * all else. While it is down nothing passes in either direction and nobody is
 * told; what TCP has to carry is delivered when it is up again, as TCP does.
 */
export async function network(s) {
  let down = false;
  const udp = dgram.createSocket("udp4");
  const backs = new Map();
  udp.on("message", (m, from) => {
    if (down) return;
    let back = backs.get(from.port);
    if (!back) {
      back = dgram.createSocket("udp4");
      back.on("message", (a) => down || udp.send(a, from.port, from.address, () => {}));
      back.on("error", () => {});
      backs.set(from.port, back);
    }
    back.send(m, s.media, "127.0.0.1", () => {});
  });
  udp.on("error", () => {});
  await new Promise((r) => udp.bind(0, "127.0.0.1", r));
  udp.setRecvBufferSize(4 << 20);

  const open = new Set();
  const waiting = new Set();
  const whenUp = (f) => (down ? waiting.add(f) : f());
  const tcp = net.createServer((a) => whenUp(() => {
    if (a.destroyed) return;
    const b = net.connect(s.web, "127.0.0.1");
    for (const [x, y] of [[a, b], [b, a]]) {
      open.add(x);
      x.setNoDelay(true);
      x.on("data", (d) => whenUp(() => y.writable && y.write(d)));
      x.on("end", () => whenUp(() => y.end()));
      x.on("error", () => y.destroy());
      x.on("close", () => (open.delete(x), whenUp(() => y.destroy())));
    }
  }));
  await new Promise((r) => tcp.listen(0, "127.0.0.1", r));
  return {
    base: `http://127.0.0.1:${tcp.address().port}`,
    /** path is for install: media goes by this way only. */
    path: { media: udp.address().port, server: s.media },
    down() { down = true; },
    up() {
      down = false;
      for (const f of waiting) f();
      waiting.clear();
    },
    close() {
      for (const x of open) x.destroy();
      tcp.close();
      for (const x of backs.values()) x.close();
      udp.close();
    },
  };
}

/**
 * install is evaluated before the page's own scripts. It counts offers and
 * sockets, sends media by cfg.path only, lets a test spoil what the decoder gets
 * (window.__spoil: "drop" or "break"), hide the page (window.__hide) and cut its
 * sockets (window.__cut); and it looks ten times a second for what must never be:
 * a tile that says live and has painted nothing for longer than 4 s (and a bit,
 * for the looking), in window.__lies.
 */
export function install(cfg) {
  const Real = window.RTCPeerConnection;
  window.__offers = 0;
  window.__spoil = "";
  window.RTCPeerConnection = class extends Real {
    constructor(c) {
      super(cfg.spoil ? { ...c, encodedInsertableStreams: true } : c);
    }
    async setLocalDescription(d) {
      window.__offers++;
      await super.setLocalDescription(d);
      if (!cfg.spoil) return;
      for (const r of this.getReceivers()) {
        if (r.__seen) continue;
        r.__seen = true;
        const { readable, writable } = r.createEncodedStreams();
        readable.pipeThrough(new TransformStream({
          transform(f, out) {
            if (window.__spoil === "drop") return;
            if (window.__spoil === "break") f.data = new Uint8Array(f.data.byteLength).fill(7).buffer;
            out.enqueue(f);
          },
        })).pipeTo(writable).catch(() => {});
      }
    }
    async setRemoteDescription(d) {
      if (cfg.path) {
        const lines = d.sdp.split("\r\n");
        const first = lines.find((l) => new RegExp(` udp \\d+ 127\\.0\\.0\\.1 ${cfg.path.server} `).test(l));
        const ours = first?.replace(/(127\.0\.0\.1) \d+/, `$1 ${cfg.path.media}`);
        let done = false;
        d = { type: d.type, sdp: lines.flatMap((l) => (!l.startsWith("a=candidate:") ? [l] : done ? [] : ((done = true), ours ? [ours] : []))).join("\r\n") };
      }
      await super.setRemoteDescription(d);
    }
  };

  const Socket = window.WebSocket;
  const sockets = (window.__sockets = []);
  window.WebSocket = class extends Socket {
    constructor(...a) {
      super(...a);
      sockets.push(this);
    }
  };
  window.__cut = () => { for (const s of sockets) s.close(); };

  let hidden = false;
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  window.__hide = (h) => {
    hidden = h;
    document.dispatchEvent(new Event("visibilitychange"));
  };

  const lies = (window.__lies = []);
  const states = (window.__states = []); // [ms, camera, state, what the tile says]
  const painted = new WeakMap();
  const doubted = new Set();
  const said = new Map();
  window.__worst = 0;
  setInterval(() => {
    for (const li of document.querySelectorAll("li.tile[data-slot]")) {
      const v = li.querySelector("video");
      if (v && !painted.has(v)) {
        painted.set(v, performance.now());
        let last;
        const next = (_, m) => {
          if (m.rtpTimestamp !== last) painted.set(v, performance.now());
          last = m.rtpTimestamp;
          v.requestVideoFrameCallback(next);
        };
        v.requestVideoFrameCallback(next);
      }
      const { state, camera } = li.dataset;
      if (said.get(camera) !== state) states.push([Math.round(performance.now()), camera, state, li.innerText]);
      said.set(camera, state);
      if (state !== "live" || hidden || !v) {
        doubted.delete(v);
        continue;
      }
      const age = performance.now() - painted.get(v);
      window.__worst = Math.max(window.__worst, age);
      // Seen twice: a page that was not let run for a while has had no chance to say so at the first look.
      if (age > 4600 && doubted.has(v)) lies.push({ camera, age: Math.round(age), at: Math.round(performance.now()) });
      if (age > 4600) doubted.add(v);
      else doubted.delete(v);
    }
  }, 100);
}
