// Real receivers for what a server sends out: a mail server, and the push service
// of a browser that opens what it is sent as the browser would (RFC 8291).
import { createDecipheriv, createECDH, createHmac, createSign, generateKeyPairSync, randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createServer as createTLS } from "node:https";
import { createServer } from "node:net";

/** smtpSink takes every mail; .mails has {to, subject, text} in the order they came. */
export async function smtpSink() {
  const mails = [];
  const server = createServer((s) => {
    let to = [], body, line = "";
    s.write("220 sink\r\n");
    s.on("error", () => {});
    s.on("data", (b) => {
      line += b.toString("latin1");
      for (let i; (i = line.indexOf("\r\n")) >= 0; ) {
        const l = line.slice(0, i);
        line = line.slice(i + 2);
        if (body) {
          if (l !== ".") {
            body.push(l.replace(/^\./, ""));
            continue;
          }
          mails.push({ to: to.join(), ...read(body.join("\r\n")) });
          body = undefined;
          s.write("250 ok\r\n");
        } else if (/^RCPT/i.test(l)) (to.push(l.match(/<(.*)>/)[1]), s.write("250 ok\r\n"));
        else if (/^MAIL/i.test(l)) ((to = []), s.write("250 ok\r\n"));
        else if (/^DATA/i.test(l)) ((body = []), s.write("354 go on\r\n"));
        else if (/^QUIT/i.test(l)) s.end("221 bye\r\n");
        else s.write("250 ok\r\n");
      }
    });
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  return { mails, port: server.address().port, close: () => server.close() };
}

/** read takes a mail apart as far as these tests need: its subject and its plain text. */
function read(raw) {
  const at = raw.indexOf("\r\n\r\n");
  const head = raw.slice(0, at).replace(/\r\n[ \t]+/g, " ");
  const subject = (head.match(/^Subject: (.*)$/im)?.[1] ?? "").replace(/\?= =\?/g, "?==?")
    .replace(/=\?utf-8\?([qb])\?(.*?)\?=/gi, (_, how, t) => (/b/i.test(how) ? Buffer.from(t, "base64").toString() : quoted(t.replaceAll("_", " "))));
  const mark = head.match(/boundary="?([^";\s]+)/i)?.[1];
  const part = mark ? raw.split("--" + mark).find((p) => /content-type: text\/plain/i.test(p)) ?? "" : raw;
  const gap = part.indexOf("\r\n\r\n");
  const way = part.slice(0, gap).match(/content-transfer-encoding: (\S+)/i)?.[1]?.toLowerCase();
  const text = part.slice(gap + 4);
  return { subject, text: way === "base64" ? Buffer.from(text, "base64").toString() : way === "quoted-printable" ? quoted(text) : text };
}

const quoted = (t) => Buffer.from(t.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16))), "latin1").toString();

/** pushSink is a push service over TLS with browsers that subscribed at it. ca is a file with its certificate. */
export async function pushSink(ca) {
  const { key, cert } = certificate();
  writeFileSync(ca, cert);
  const browsers = new Map();
  const server = createTLS({ key, cert }, (req, res) => {
    const parts = [];
    req.on("data", (b) => parts.push(b));
    req.on("end", () => {
      const at = browsers.get(req.url);
      if (!at) return res.writeHead(410).end();
      at.got.push(JSON.parse(opened(Buffer.concat(parts), at)));
      res.writeHead(201, { Location: req.url }).end();
    });
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  const base = `https://127.0.0.1:${server.address().port}`;
  return {
    /** subscribe makes a browser: what PushSubscription.toJSON gives, and what it got. */
    subscribe() {
      const ecdh = createECDH("prime256v1");
      ecdh.generateKeys();
      const one = { ecdh, auth: randomBytes(16), got: [] };
      const path = "/" + randomBytes(12).toString("hex");
      browsers.set(path, one);
      return { got: one.got, json: { endpoint: base + path, keys: { p256dh: ecdh.getPublicKey("base64url"), auth: one.auth.toString("base64url") } } };
    },
    close: () => (server.closeAllConnections(), server.close()),
  };
}

const hmac = (key, ...data) => data.reduce((h, d) => h.update(d), createHmac("sha256", key)).digest();
const one = Buffer.from([1]);

/** opened decrypts a message of one record (RFC 8188, RFC 8291). */
function opened(body, { ecdh, auth }) {
  const salt = body.subarray(0, 16);
  const from = body.subarray(21, 21 + body[20]);
  const sealed = body.subarray(21 + body[20]);
  const ikm = hmac(hmac(auth, ecdh.computeSecret(from)), "WebPush: info\0", ecdh.getPublicKey(), from, one);
  const prk = hmac(salt, ikm);
  const d = createDecipheriv("aes-128-gcm", hmac(prk, "Content-Encoding: aes128gcm\0", one).subarray(0, 16), hmac(prk, "Content-Encoding: nonce\0", one).subarray(0, 12));
  d.setAuthTag(sealed.subarray(-16));
  const text = Buffer.concat([d.update(sealed.subarray(0, -16)), d.final()]);
  return text.subarray(0, text.lastIndexOf(2)).toString();
}

/** certificate makes one for 127.0.0.1 that signs itself. */
function certificate() {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const der = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const n = body.length;
    return Buffer.concat([Buffer.from(n < 128 ? [tag, n] : n < 256 ? [tag, 0x81, n] : [tag, 0x82, n >> 8, n & 255]), body]);
  };
  const hex = (s) => Buffer.from(s, "hex");
  const how = der(0x30, hex("06082a8648ce3d040302"));
  const name = der(0x30, der(0x31, der(0x30, hex("0603550403"), der(0x0c, Buffer.from("push")))));
  const time = (days) => der(0x17, Buffer.from(new Date(Date.now() + days * 864e5).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2)));
  const san = der(0x30, hex("0603551d11"), der(0x04, der(0x30, der(0x87, Buffer.from([127, 0, 0, 1])))));
  const tbs = der(0x30, der(0xa0, hex("020102")), der(0x02, one, randomBytes(8)), how, name, der(0x30, time(-1), time(2)), name,
    publicKey.export({ type: "spki", format: "der" }), der(0xa3, der(0x30, san)));
  const signature = createSign("sha256").update(tbs).sign(privateKey);
  const whole = der(0x30, tbs, how, der(0x03, Buffer.from([0]), signature));
  const pem = `-----BEGIN CERTIFICATE-----\n${whole.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  return { key: privateKey.export({ type: "pkcs8", format: "pem" }), cert: pem };
}
