// Invented answers of the API for looking at every screen. Development only.
import { share } from './fake-share.mjs'

import { answerUsage } from './fake-usage.mjs'
import { answerSharing, temporary } from './fake-sharing.mjs'

const ago = s => new Date(Date.now() - s * 1000).toISOString()
const ahead = s => new Date(Date.now() + s * 1000).toISOString()

const live = (w, h) => ({ status: 'live', since: ago(4000), codec: 'h264', profile: '4d401f', width: w, height: h, fps: 25, bits_per_second: 2e6, key_interval_s: 2 })
const camera = (id, name, order, more = {}) => ({
  id, name, kind: 'rtsp', zone: 'Europe/Kyiv', mine: true, owner: { id: 'me', name: 'Olena Koval' }, order, enabled: true, sound: id === 'c1', shared: order < 2,
  access: { allowed: true, reason: 'ok' }, aspect: 1.78,
  source: { main: `rtsp://192.168.1.${20 + order}:554/stream1`, sub: `rtsp://192.168.1.${20 + order}:554/stream2`, user: 'viewer', has_password: true, transport: 'tcp', fingerprint: '' },
  state: { layers: { main: live(1920, 1080), sub: live(640, 360) }, audio: id === 'c1' }, ...more,
})

export const cameras = [
  camera('c1', 'Gate', 0), camera('c2', 'Loading dock', 1), camera('c3', 'Yard', 2),
  camera('c4', 'Street', 3, { state: { layers: { main: { status: 'idle' }, sub: { status: 'reconnecting', reason: 'camera_unreachable', attempt: 3 } }, audio: false } }),
  camera('c5', 'Aisle 3', 4, { mine: false, owner: { id: 'o', name: 'Site manager' }, source: undefined, shared: undefined, access: { allowed: false, reason: 'outside_schedule', next: ahead(36000) } }),
  camera('c6', 'Car park', 5, { state: { layers: { main: { status: 'offline', reason: 'camera_login' }, sub: { status: 'offline', reason: 'camera_login' } }, audio: false } }),
  camera('c7', 'Back lane', 6), camera('c8', 'Boiler room with a name that is quite long', 7, { enabled: false }),
]

const links = [
  { id: 'l1', kind: 'share', name: 'Yard and gate', cameras: [{ id: 'c1', name: 'Gate' }, { id: 'c3', name: 'Yard' }, { id: 'c4', name: 'Street' }], state: 'active', created_at: ago(9e5), watching: 3, last_opened_at: ago(240), url: 'https://cam.example/s#Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE' },
  { id: 'l2', kind: 'share', name: 'Delivery nights', cameras: [{ id: 'c2', name: 'Loading dock' }], state: 'paused_owner', created_at: ago(9e5), watching: 0, url: 'https://cam.example/s#Zm9v' },
]

export function account(o = {}) {
  return { id: 'me', email: 'olena@example.org', email_verified: true, name: 'Olena Koval', language: 'en', zone: 'Europe/Kyiv', theme: 'dark', shortcuts: true, discoverable: true, plan: 'pro', instance_admin: true, ...o }
}

const disk = o => ({ path: '/mnt/a/footage', state: 'ok', slow: false, absent: false, listed: true, free: 820e9, total: 4e12, bytes: 3.1e12, oldest: ago(2.1e6), reserve: 4.29e9, limit: 0, room: 815.7e9, ...o })

/** storage is where footage and images lie: well, in trouble, or not at all. */
function storage(w) {
  const images = { kind: 'disk', state: 'ok', free: 61e9, reserve: 268e6 }
  if (w.empty) return { server: 'vault', available: false, recording: 0, wanted: 0, gaps: 0, disks: [], images: { kind: 's3', state: 'ok', reserve: 268e6 } }
  if (!w.trouble) return { server: 'vault', available: true, recording: 6, wanted: 6, gaps: 0, disks: [disk(), disk({ path: '/mnt/b/footage', limit: 3.2e12, bytes: 3.2e12, room: 0, free: 790e9 })], images }
  return {
    server: 'vault', available: true, recording: 4, wanted: 6, gaps: 12, images: { ...images, state: 'disk_full', free: 12e6 },
    disks: [
      disk({ state: 'disk_full', since: ago(4000), cause: 'no space left on device', free: 0, bytes: 2e11, room: 0 }),
      disk({ path: '/mnt/b/footage', state: 'disk_failed', since: ago(90000), cause: 'input/output error', free: 0, total: 0, bytes: 0, oldest: undefined }),
      disk({ path: '/mnt/a-mount-point-with-a-long-name/of-a-disk/that-nobody-shortened/footage', state: 'disk_failed', absent: true, since: ago(90000), cause: 'no such device', free: 0, total: 0, bytes: 0, listed: false, oldest: undefined }),
      disk({ path: '/mnt/c/footage', slow: true, listed: false }),
    ],
    bucket: { name: 's3.example.org/footage/sightline/', state: 'disk_failed', since: ago(700), cause: 'Access Denied.', bytes: 8.4e12, waiting: 41e9, oldest: ago(8e6) },
  }
}

/** answer gives [status, body] of a request, or undefined for none. `w` is the world: {account, status, empty, …}. */
export function answer(method, path, body, w) {
  const problem = (status, code, field) => [status, { type: 'about:blank', title: code, status, code, field, detail: code, id: 'x' }]
  const shared = w.account && share(method, path, body, w)
  if (shared) return shared
  const key = `${method} ${path}`
  const used = answerUsage(method, path, body, w)
  if (used !== undefined) return used ?? undefined
  const sharing = answerSharing(method, path, body, w)
  if (sharing) return sharing
  switch (key) {
    case 'GET /api/v1/status':
      return [200, { setup_required: !!w.setup, registration: w.registration ?? 'closed', mail: !!w.mail, version: '0.1.0', insecure_http: false, languages: ['en', 'ar', 'de', 'es', 'fi', 'fr', 'it', 'pl', 'pt-BR', 'ru', 'uk'] }]
    case 'GET /api/v1/me':
      return w.account ? [200, { account: w.account, badges: { offers: w.empty || w.quiet ? 0 : 2, notices: w.empty || w.quiet ? 0 : 2 }, login_id: 'g1', server_time: ago(0) }] : problem(401, 'not_signed_in')
    case 'PATCH /api/v1/me':
      return [200, { account: Object.assign(w.account, body) }]
    case 'POST /api/v1/login':
      return body.password === 'right' ? (w.account = account(), [200, { account: w.account }]) : problem(401, 'bad_login')
    case 'POST /api/v1/setup/check':
      return [200, { networks: ['192.168.1.0/24', '10.0.0.0/16'], loopback_cameras: false, host_names: [] }]
    case 'POST /api/v1/invitations/check':
      return body.token === 'old' ? problem(422, 'token_invalid') : [200, { email: 'ivan@example.org', expires_at: ahead(80000) }]
    case 'POST /api/v1/verify':
      return [204]
    case 'POST /api/v1/reset':
      return [202, {}]
    case 'GET /api/v1/cameras':
      return w.away ? problem(503, 'authz_unavailable') : w.slow ? undefined : [200, { cameras: w.empty ? [] : cameras }]
    case 'POST /api/v1/cameras/test':
      return [200, body.password === 'right' || !body.password
        ? { main: { ok: true, codec: 'h264', profile: 'Main', width: 1920, height: 1080, fps: 25, key_interval_s: 10, audio: 'pcma' }, sub: { ok: true, codec: 'h264', profile: 'Main', width: 640, height: 360, fps: 25, key_interval_s: 2 } }
        : { main: { ok: false, error: { code: 'camera_login', detail: 'RTSP 401 after Digest' } }, sub: { ok: false, error: { code: 'camera_login', detail: 'RTSP 401 after Digest' } } }]
    case 'GET /api/v1/views':
      return [200, { views: [] }]
    case 'GET /api/v1/links':
      return [200, { links: w.empty ? [] : [...links, ...temporary], used: w.empty ? 0 : 2, cap: 3 }]
    case 'POST /api/v1/links':
      return body.name === 'Yard and gate' ? problem(409, 'name_taken', 'name') : [201, { ...links[0], id: 'l3', name: body.name }]
    case 'GET /api/v1/me/logins':
      return [200, { logins: [{ id: 'g1', current: true, browser: 'Firefox, Linux', ip: '192.168.1.7', created_at: ago(90000), last_seen_at: ago(4) }, { id: 'g2', current: false, browser: 'Safari, iPhone', ip: '2001:db8:7::1', created_at: ago(900000), last_seen_at: ago(7000) }] }]
    case 'GET /api/v1/me/tokens':
      return [200, { tokens: w.empty ? [] : [{ id: 't1', name: 'TV in the hall', created_at: ago(900000), last_used_at: ago(60), expires_at: ahead(9e6) }] }]
    case 'POST /api/v1/me/tokens':
      return [201, { id: 't2', name: body.name, token: 'slt_4f9c1kq0v7m2y8n5b3x6z1w4d7' }]
    case 'GET /api/v1/instance':
      return [200, { registration: 'invite', networks: ['192.168.1.0/24'], loopback_cameras: false, mail: { configured: false }, store: 'bolt', version: '0.1.0', public_url: '', nodes: [] }]
    case 'GET /api/v1/me/notices/preferences':
      return [200, { version: 1, digest: 'off', quiet: { on: true, from: '22:00', to: '07:00', zone: 'Europe/Kyiv' }, kinds: Object.fromEntries(['motion', 'person', 'vehicle', 'sound', 'tamper', 'input', 'camera_lost', 'camera_back', 'still', 'storage', 'throttle', 'offer_received', 'offer_answered', 'access_requested', 'access_changed', 'access_ended', 'group_invitation', 'group_removed', 'group_deleted', 'link_near', 'link_used_up', 'links_paused_plan', 'gallery_full', 'webhook_off'].map((k, i) => [k, { feed: true, mail: i % 3 === 0, push: i % 2 === 0, webhook: false }])) }]
    case 'GET /api/v1/me/push':
      return [200, { key: 'x', subscriptions: [] }]
    case 'GET /api/v1/me/webhooks':
      return [200, { webhooks: [] }]
    case 'GET /api/v1/instance/storage':
      return w.away ? problem(503, 'authz_unavailable') : [200, storage(w)]
    case 'GET /api/v1/instance/accounts':
      return [200, { accounts: [{ id: 'me', email: 'olena@example.org', name: 'Olena Koval', plan: 'pro', state: 'active', created_at: ago(9e6), cameras: 7, instance_admin: true }, { id: 'a2', email: 'night@example.org', name: 'Night operator', plan: 'trial', state: 'active', created_at: ago(9e5), cameras: 0, instance_admin: false }, { id: 'a3', email: 'former@example.org', name: 'Former neighbour', plan: 'mini', state: 'suspended', created_at: ago(9e5), cameras: 1, instance_admin: false }] }]
    case 'GET /api/v1/instance/invitations':
      return [200, { invitations: w.empty ? [] : [{ id: 'i1', email: 'ivan@example.org', expires_at: ahead(80000), url: 'https://cam.example/invite#abc', mailed: false }] }]
    case 'POST /api/v1/instance/invitations':
      return [201, { id: 'i2', email: body.email, expires_at: ahead(80000), url: 'https://cam.example/invite#xyz', mailed: false }]
    case 'POST /g/exchange':
      return w.visit ? [200, { link: 'L1', ticket: 't' }] : problem(410, 'link_gone')
  }
  if (/^\/g\/L1\/visit$/.test(path)) return w.visit ? [200, w.visit] : problem(410, 'link_gone')
  if (method === 'GET' && /^\/api\/v1\/cameras\/c\d+$/.test(path)) {
    const found = cameras.find(c => path.endsWith(`/${c.id}`))
    return found ? [200, found] : problem(404, 'not_found')
  }
  if (method === 'POST' && /\/viewing$/.test(path)) return [201, { id: 'V1', sdp: 'answer', tiles: tiles(body.tiles, w) }]
  if (method === 'PUT') return [200, { sdp: 'answer' }]
  return [204]
}

/** tiles says the state of what is wanted; `w.states` by camera. */
export function tiles(wanted, w) {
  return wanted.map(t => ({ cell: t.cell, camera: t.camera, mid: mid(t.cell), state: 'live', layer: 'sub', ...w.states?.[t.camera] }))
}

// The sound is offered after the first pool of videos, so later ones count on from it.
const mid = cell => String(cell)

export function visit(o = {}) {
  return { state: 'live', name: 'Yard and gate', owner_name: 'Olena Koval', language: 'en', zone: 'Europe/Kyiv', cameras: cameras.slice(0, 6).map(c => ({ id: c.id, name: c.name })), sound: false, server_time: ago(0), ...o }
}

export const states = {
  c3: { state: 'live', frozen: true },
  c4: { state: 'reconnecting', reason: 'camera_unreachable', attempt: 3, retry_at: ahead(34) },
  c5: { state: 'closed', reason: 'outside_schedule', next: ahead(36000) },
  c6: { state: 'offline', reason: 'camera_login', since: ago(51120), last_frame_at: ago(51120) },
}
export { ago, ahead }
