// Figures of what a page painted.

/** ages gives, of frames whose number was read, how old each was when it was painted: [ms since the click, age ms]. */
export function ages(frames, from, fps = 25, loop = 60_000) {
  const out = [];
  for (const [t, wall, n] of frames) {
    if (n === null) continue;
    const since = wall - (from + (n * 1000) / fps);
    out.push([t, since - Math.floor(since / loop) * loop]);
  }
  return out;
}

/** around is the median age within half a second of a time; undefined when nothing was painted then. */
function around(list, at) {
  const near = list.filter(([t]) => Math.abs(t - at) < 500).map(([, a]) => a).sort((a, b) => a - b);
  return near[near.length >> 1];
}

/** figures of one tile of one run. */
export function figures({ frames, shown }, from, until) {
  const list = ages(frames, from);
  const first = shown;
  const gaps = frames.slice(1).map((f, i) => f[0] - frames[i][0]);
  if (frames.length) gaps.push(until - frames.at(-1)[0]);
  const frozen = gaps.filter((g) => g > 250);
  return {
    first, live: list.find(([, a]) => a <= 200)?.[0],
    at2: around(list, (first ?? 0) + 2000), at5: around(list, (first ?? 0) + 5000),
    freezes: frozen.length, frozen: frozen.reduce((a, b) => a + b, 0), longest: Math.max(0, ...gaps),
    frames: frames.length,
  };
}

/** p is a percentile by nearest rank; undefined values count as never. */
export function p(values, q) {
  const v = values.map((x) => x ?? Number.POSITIVE_INFINITY).sort((a, b) => a - b);
  return v.length ? v[Math.min(v.length - 1, Math.ceil(q * v.length) - 1)] : undefined;
}

export const ms = (x) => (x === undefined ? "–" : Number.isFinite(x) ? String(Math.round(x)) : "never");
