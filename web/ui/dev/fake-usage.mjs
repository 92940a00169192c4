// Invented answers about use for looking at its screens (fake.mjs). Development only.
const hour = 3600
const ago = s => new Date(Date.now() - s * 1000).toISOString()
const ahead = s => new Date(Date.now() + s * 1000).toISOString()
const bar = (used, budget, state, frees = []) => ({ used, budget, state, frees: frees.map(([n, s]) => ({ n, at: ahead(s) })) })

const worlds = {
  normal: { users: bar(7, 10, 'normal', [[1, 2 * hour], [3, 19 * hour]]), gallery_updates: bar(22, 40, 'normal', [[4, 900], [6, 4 * hour]]), viewer_seconds: bar(22320, 36000, 'normal', [[420, 1800], [1560, 9 * hour]]) },
  near: { users: bar(8, 10, 'near', [[1, 2 * hour], [3, 19 * hour]]), gallery_updates: bar(22, 40, 'normal', [[4, 900]]), viewer_seconds: bar(29520, 36000, 'near', [[420, 1800], [1560, 9 * hour]]) },
  throttled: { users: bar(10, 10, 'throttled', [[1, 2 * hour], [3, 19 * hour]]), gallery_updates: bar(40, 40, 'throttled', [[1, 720]]), viewer_seconds: bar(31200, 36000, 'near', [[420, 1800]]) },
  hours: { users: bar(4, 10, 'normal', [[1, 2 * hour]]), gallery_updates: bar(3, 40, 'normal', [[1, 720]]), viewer_seconds: bar(36000, 36000, 'throttled', [[420, 7800]]) },
  none: { users: bar(0, 10, 'normal'), gallery_updates: bar(0, 40, 'normal'), viewer_seconds: bar(0, 36000, 'normal') },
}
const minutes = [8, 0, 0, 0, 0, 0, 4, 15, 27, 23, 8, 19, 39, 15, 11, 8, 23, 35, 31, 43, 54, 47, 51, 31]
const people = [2, 0, 0, 0, 0, 0, 1, 2, 3, 3, 1, 2, 4, 2, 1, 1, 3, 4, 4, 5, 6, 5, 6, 4]
const updates = [1, 0, 0, 0, 0, 0, 0, 1, 2, 2, 0, 1, 3, 0, 1, 0, 1, 2, 1, 2, 3, 1, 1, 0]
/** hours of the clock: of the first a third is left, the last has run for two. */
const byHour = w => {
  const now = Date.now()
  const begun = now - (now % (hour * 1000))
  return Array.from({ length: 25 }, (_, i) => {
    const at = begun - (24 - i) * hour * 1000
    const n = list => (w.use === 'none' || i === 0 ? 0 : w.single ? (i === 20 ? 1 : 0) : list[i - 1])
    return { at: new Date(Math.max(at, now - 24 * hour * 1000)).toISOString(), to: new Date(Math.min(at + hour * 1000, now)).toISOString(), users: n(people), gallery_updates: n(updates), viewer_minutes: n(minutes) }
  })
}
const slowed = w => (w.use === 'throttled' ? [
  { budget: 'users', from: ago(5.2 * hour), to: ago(4.6 * hour) }, { budget: 'users', from: ago(2.4 * hour), to: null }, { budget: 'gallery_updates', from: ago(7 * hour), to: ago(6 * hour) }, { budget: 'gallery_updates', from: ago(0.4 * hour), to: null },
] : w.use === 'hours' ? [{ budget: 'viewer_seconds', from: ago(3.3 * hour), to: null }] : [])
const fullest = w => (['users', 'gallery_updates', 'viewer_seconds'].some(k => w[k].state === 'throttled') ? 'throttled' : ['users', 'gallery_updates', 'viewer_seconds'].some(k => w[k].state === 'near') ? 'near' : 'normal')

const browsers = ['Firefox, Windows', 'Safari, iPhone', 'Chrome, Android', 'Chrome, macOS', 'Edge, Windows']
const visit = (i, o = {}) => ({ id: `v${i}`, ip_masked: i % 5 === 2 ? '2001:db8:*' : `203.0.*.*`, browser: browsers[i % 5], first_seen: ago(9000 + i * 700), last_seen: ago(i * 650), watching: false, viewing_seconds: Math.max(0, 9600 - i * 611), gallery_updates: (i * 3) % 9, slot: false, throttled: false, ...o })
const some = w => [
  visit(0, { watching: true, slot: true, last_seen: ago(0) }), visit(1, { watching: true, slot: true, last_seen: ago(0) }), visit(2, { watching: w.use !== 'throttled', slot: w.use !== 'throttled', throttled: w.use === 'throttled', last_seen: ago(0), viewing_seconds: 0 }),
  visit(3, { slot: true }), visit(4, { stopped: true }), visit(5, { owner: true }), visit(6, { blocked_until: ahead(80000) }), visit(7, { ip_masked: '', last_seen: ago(35 * 86400), first_seen: ago(36 * 86400) }),
]

const limit = (key, value, help, d = value, unit) => ({ key: `limits.${key}`, value, default: d, help, unit })
const limits = [
  limit('share_links', '3', 'Share links an account may have at once (R4).'), limit('link_users', '10', 'Addresses (IPv6: /64s) that may watch live by a share link in limits.usage_window; who comes later gets a still a minute (R77, R82).'),
  limit('viewer_hours', '6h0m0s', 'How long the guests of a share link together may watch live in limits.usage_window; then they get a still a minute (R79, R82).', '10h', 'duration'),
  limit('near', '80', "Percent of a share link's budget from which its owner sees that it is near its end (R81).", '80', 'percent'),
  limit('gallery_updates', '40', 'Times the guests of a share link may load or refresh its gallery in limits.usage_window (R78).'),
  limit('guesses', '20', 'Unknown link secrets, set-up codes or one-time tokens an address (IPv6: its /64) may try in a minute (R106).'), limit('guess_block', '15m', 'How long an address is refused after more guesses than that.', '15m', 'duration'),
  limit('idle', '1h0m0s', 'Without input for so long a wall stops its pictures until somebody continues (R87).', '60m', 'duration'), limit('cameras', '500', 'Cameras an account may have.'), limit('lookups', '30', 'Times an account may look for people in a minute (R7).'),
]

/** answerUsage gives [status, body], or undefined for what it does not know. `w.use` names the world, `w.many` the number of sessions. */
export function answerUsage(method, path, _body, w) {
  const now = worlds[w.use ?? 'normal']
  if (path === '/api/v1/instance/limits') return w.slow ? undefined : [200, { limits }]
  if (path === '/api/v1/me/usage') {
    if (w.fails) return [500, { code: 'internal', status: 500 }]
    return [200, {
      links: w.empty ? [] : [{ id: 'l1', name: 'Yard and gate', state: fullest(now), ...now }, { id: 'l2', name: 'Delivery nights', state: 'normal', ...worlds.none }],
      totals: w.empty ? { users: 0, addresses: 0, gallery_updates: 0, viewer_seconds: 0 } : { users: 7, addresses: 9, gallery_updates: 22, viewer_seconds: 22320 },
      egress: w.empty ? { used_bytes: 0, budget_bytes: null, state: 'normal' } : w.use === 'throttled' ? { used_bytes: 5.2e11, budget_bytes: 5e11, state: 'sub', until: ahead(5000) } : { used_bytes: 1.4e10, budget_bytes: null, state: 'normal' }, window_s: 86400, server_time: ago(0),
    }]
  }
  const m = /^\/api\/v1\/links\/(\w+)\/(usage|visits|blocks)(?:\/(\w+)\/address)?/.exec(path)
  if (!m) return undefined
  if (m[2] === 'usage') {
    if (w.slow) return null
    if (w.fails) return [500, { code: 'internal', status: 500 }]
    if (w.gone) return [404, { code: 'not_found', status: 404 }]
    return [200, { state: fullest(now), ...now, addresses: 9, more_addresses: false, window_s: 86400, server_time: ago(0), hours: byHour(w), throttled: slowed(w) }]
  }
  if (m[3]) return [200, { ip: '203.0.113.77' }]
  if (m[2] === 'visits' && w.use && method === 'GET') return [200, { visits: w.many ? Array.from({ length: w.many }, (_, i) => visit(i, i < 3 ? { watching: true, slot: true } : {})) : w.one ? [visit(0, { watching: true, slot: true })] : w.use === 'none' ? [] : some(w) }]
  if (m[2] === 'blocks') return method === 'POST' ? [201, { id: 'b2', ip_masked: '203.0.*.*', until: ahead(86400) }] : method === 'DELETE' ? [204] : [200, { blocks: w.use === 'throttled' || w.use === 'near' ? [{ id: 'b1', ip_masked: '198.51.*.*', until: ahead(40000) }] : [] }]
  return undefined
}
