// A link between the browser and the server on one machine: a UDP relay for
// media and a TCP relay for everything else, with a delay each way, loss, and a
// rate with a bounded queue in the direction of the browser. It needs no rights.
import dgram from "node:dgram";
import net from "node:net";

/** bucket says when a packet of so many bytes leaves a link of a rate, or that its queue is full. */
function bucket(link) {
  let free = 0;
  const most = () => (link.queue ?? Math.max(64_000, (link.bits ?? 0) / 8 / 10)); // 100 ms, as home routers have at least
  return (bytes) => {
    const now = performance.now();
    if (!link.bits) return now;
    free = Math.max(free, now);
    if (((free - now) / 8000) * link.bits > most()) return undefined;
    free += (bytes * 8000) / link.bits;
    return free;
  };
}

/** later runs f at a performance.now() time; order is kept for equal times. */
function later(at, f) {
  const wait = at - performance.now();
  if (wait <= 0.5) f();
  else setTimeout(f, wait);
}

/**
 * udpLink relays to port on loopback; link = {delay ms, loss 0..1, bits per second, queue bytes} may be changed while
 * it runs. One browser at a time: whoever sent last gets the answers of its own path.
 */
export async function udpLink(port, link) {
  const front = dgram.createSocket("udp4");
  const paths = new Map(); // of the browser's ports
  const stats = { sent: 0, lost: 0, full: 0 };
  const leave = bucket(link);
  let over = false;
  front.on("message", (msg, from) => {
    const key = from.port;
    let back = paths.get(key);
    if (!back) {
      back = dgram.createSocket("udp4");
      back.on("message", (m) => {
        stats.sent++;
        if (link.loss && Math.random() < link.loss) return void stats.lost++;
        const at = leave(m.length + 28);
        if (at === undefined) return void stats.full++;
        later(at + (link.delay ?? 0), () => over || front.send(m, from.port, from.address, () => {}));
      });
      back.on("error", () => {});
      paths.set(key, back);
    }
    if (link.loss && Math.random() < link.loss) return;
    later(performance.now() + (link.delay ?? 0), () => over || back.send(msg, port, "127.0.0.1", () => {}));
  });
  front.on("error", () => {});
  await new Promise((r) => front.bind(0, "127.0.0.1", r));
  front.setRecvBufferSize(4 << 20);
  return {
    port: front.address().port,
    stats,
    close() {
      over = true;
      for (const s of paths.values()) s.close();
      front.close();
    },
  };
}

/** tcpLink relays to port on loopback with the link's delay each way. */
export async function tcpLink(port, link) {
  const open = new Set();
  const server = net.createServer((a) => {
    const b = net.connect(port, "127.0.0.1");
    for (const [x, y] of [[a, b], [b, a]]) {
      open.add(x);
      x.setNoDelay(true);
      x.on("data", (d) => setTimeout(() => y.writable && y.write(d), link.delay ?? 0));
      x.on("end", () => setTimeout(() => y.end(), link.delay ?? 0));
      x.on("error", () => y.destroy());
      x.on("close", () => (open.delete(x), y.destroy()));
    }
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  return {
    port: server.address().port,
    close() {
      for (const s of open) s.destroy();
      server.close();
    },
  };
}
