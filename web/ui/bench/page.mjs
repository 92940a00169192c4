// What runs in the measured page: it notes when things happen and reads the
// number that the cameras paint into every picture (internal/testcam/number.go).

/** install is evaluated before the page's own scripts; cfg = {media: port of the relay, server: the port it stands for}. */
export function install(cfg) {
  const marks = (window.__marks = {});
  const mark = (name) => (marks[name] ??= performance.now());
  const Real = window.RTCPeerConnection;
  window.__peers = [];
  window.RTCPeerConnection = class extends Real {
    constructor(...a) {
      super(...a);
      window.__peers.push(this);
      mark("peer");
      this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && mark("connected"));
    }
    async setLocalDescription(...a) {
      await super.setLocalDescription(...a);
      mark("offer");
    }
    async setRemoteDescription(d) {
      if (cfg.media) {
        // One path only: the relay's, on loopback.
        const lines = d.sdp.split("\r\n");
        const first = lines.find((l) => new RegExp(` udp \\d+ 127\\.0\\.0\\.1 ${cfg.server} `).test(l));
        const ours = first?.replace(/(127\.0\.0\.1) \d+/, `$1 ${cfg.media}`);
        let done = false;
        d = { type: d.type, sdp: lines.flatMap((l) => (!l.startsWith("a=candidate:") ? [l] : done ? [] : ((done = true), ours ? [ours] : []))).join("\r\n") };
      }
      await super.setRemoteDescription(d);
      mark("answer");
    }
  };

  /** number reads a painted frame's number; null when there is none. */
  const canvas = new OffscreenCanvas(24, 1);
  const g = canvas.getContext("2d", { willReadFrequently: true });
  g.imageSmoothingEnabled = false;
  const number = (v) => {
    const w = v.videoWidth, h = v.videoHeight, bh = Math.floor(h / 90);
    if (!w) return null;
    const y = h - bh - Math.floor(bh / 2) + Math.floor(bh / 2);
    g.drawImage(v, w / 80, y, (24 * w) / 80, 1, 0, 0, 24, 1);
    const d = g.getImageData(0, 0, 24, 1).data;
    const l = (i) => d[i * 4 + 1];
    const light = (l(0) + l(23)) / 2, dark = (l(1) + l(22)) / 2;
    if (light - dark < 60) return null;
    let bits = 0;
    for (let i = 0; i < 24; i++) bits = bits * 2 + (l(i) > (light + dark) / 2 ? 1 : 0);
    const n = (bits >> 6) & 0xffff, sum = ((n & 15) + ((n >> 4) & 15) + ((n >> 8) & 15) + ((n >> 12) & 15)) & 15;
    return sum === ((bits >> 2) & 15) ? n : null;
  };

  /**
   * watch records every painted frame of every tile until stop: [ms since the click, wall clock ms, number or null].
   * The number is read of every `each`-th frame, and of the first ten.
   */
  window.__watch = (each) => {
    const tiles = (window.__tiles = {});
    const seen = new WeakSet();
    for (const k of Object.keys(marks)) delete marks[k];
    const follow = (v) => {
      if (seen.has(v)) return;
      seen.add(v);
      const frames = [];
      const next = () => {
        const li = v.closest("li");
        const now = performance.now();
        const t = (tiles[li?.dataset.camera ?? "?"] ??= { frames });
        t.frames = frames;
        const n = frames.length < 10 || frames.length % each === 0 ? number(v) : null;
        t.frames.push([now - marks.click, performance.timeOrigin + now, n]);
        v.requestVideoFrameCallback(next);
      };
      v.requestVideoFrameCallback(next);
    };
    const look = () => document.querySelectorAll("li.tile video").forEach(follow);
    // A frame may be decoded before the page shows it: a tile is painted once it says live, for the picture is covered until then.
    const shown = (li) => {
      if (li.dataset?.state === "live") (tiles[li.dataset.camera] ??= { frames: [] }).shown ??= performance.now() - marks.click;
    };
    new MutationObserver((l) => {
      look();
      for (const m of l) if (m.type === "attributes") shown(m.target);
      document.querySelectorAll("li.tile[data-camera]").forEach(shown);
    }).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["data-state"] });
    look();
    window.__states = [];
    const told = {};
    window.__stateTimer = setInterval(() => {
      for (const li of document.querySelectorAll("li.tile[data-camera]")) {
        const s = li.dataset.state + "|" + (li.querySelector(".msg h2")?.textContent ?? "");
        if (told[li.dataset.camera] !== s) {
          told[li.dataset.camera] = s;
          window.__states.push([performance.now() - marks.click, li.dataset.camera, s]);
        }
      }
    }, 50);
    addEventListener("click", () => mark("click"), { capture: true, once: true });
  };
}
