// Invented answers about sharing for looking at its screens (fake.mjs). Development only.
const ago = s => new Date(Date.now() - s * 1000).toISOString()
const ahead = s => new Date(Date.now() + s * 1000).toISOString()
const named = (id, name) => ({ id, name })
const who = (id, name, email_masked) => ({ id, name, email_masked })
const nights = { intervals: [0, 1, 2, 3, 4, 5, 6].map(day => ({ day, from: 18 * 60, to: 8 * 60 })) }
const office = { intervals: [1, 2, 3, 4, 5].map(day => ({ day, from: 8 * 60, to: 18 * 60 })) }

const offer = (grant_id, camera, owner, state, o = {}) => ({ grant_id, camera, owner, state, levels: ['online'], zone: 'Europe/Kyiv', offered_at: ago(1500), ...o })
const manager = named('o', 'Site manager')
export const offers = [
  offer('g1', named('k1', 'Back lane'), named('n', 'Neighbour'), 'offered', { message: 'We are away until the 30th. Please keep an eye on the lane.', levels: ['online', 'notices'], schedule: nights, until: ahead(1e6) }),
  offer('g2', named('k2', 'Boiler room'), manager, 'offered', { message: 'For the night rounds.', levels: ['online', 'archive', 'download'], rights: ['sound'] }),
  offer('g3', named('c5', 'Aisle 3'), manager, 'accepted', { schedule: office }),
  offer('g4', named('c9', 'Aisle 1'), manager, 'accepted', { levels: ['online', 'archive'] }),
  offer('g5', named('c10', 'Car park east'), named('p', 'Night operator'), 'accepted', { levels: ['online', 'notices'], until: ahead(2e7) }),
  offer('g6', named('k6', 'Old shed'), named('n', 'Neighbour'), 'declined'),
  offer('g7', named('k7', 'Summer house'), named('n', 'Neighbour'), 'expired', { until: ago(900000) }),
]

const groupCameras = [
  { id: 'c1', name: 'Gate', owner: named('me', 'Olena Koval'), mine: true, images_only: false },
  { id: 'k9', name: 'Playground', owner: named('a2', 'Night operator'), mine: false, images_only: true },
]
export const groups = [
  { id: 'G1', name: 'Our street', role: 'administrator', participants: 4, administrators: 1, cameras: groupCameras },
  { id: 'G2', name: 'Warehouse, night shift', role: 'viewer', participants: 12, administrators: 2, cameras: [...groupCameras, ...groupCameras.map(c => ({ ...c, id: c.id + 'x', name: `${c.name} 2` }))] },
  { id: 'G3', name: 'Allotments', role: 'member', participants: 2, administrators: 1, cameras: [] },
]
const page = g => ({
  ...g,
  people: [
    { account: who('me', 'Olena Koval', 'ol***@ex***.org'), role: g.role, joined_at: ago(9e6), me: true },
    { account: who('a2', 'Night operator', 'ni***@ex***.com'), role: 'member', joined_at: ago(8e6) },
    { account: who('a3', 'Grandmother of the house at the corner', 'gr***@ex***.com'), role: 'viewer', joined_at: ago(7e6) },
    { account: who('a4', 'Ivan', 'iv***@ex***.com'), role: 'viewer', joined_at: ago(9e5) },
  ],
  ...(g.role === 'administrator' ? {
    codes: [{ id: 'k1', role: 'viewer', code: 'M7KQ2-XW9FH', uses: 2, expires_at: ahead(5e5) }, { id: 'k2', role: 'member', code: 'P3DTC-4VNBY', uses: 0, expires_at: ahead(2e5) }],
    invitations: [{ id: 'i1', email: 'marta@example.org', expires_at: ahead(70000) }],
  } : {}),
})

const people = [
  { account: who('a2', 'Night operator', 'ni***@ex***.com'), cameras: [{ ...named('c1', 'Gate'), state: 'accepted', levels: ['online', 'notices'], until: ahead(2e7) }, { ...named('c2', 'Loading dock'), state: 'offered', levels: ['online'] }], groups: [{ ...named('G1', 'Our street'), role: 'member' }] },
  { account: who('o', 'Site manager', 'si***@ex***.com'), cameras: [{ ...named('c3', 'Yard'), state: 'declined', levels: ['online', 'archive'] }], groups: [] },
  { email: 'marta@example.org', cameras: [{ ...named('c3', 'Yard'), state: 'offered', levels: ['online'] }], groups: [] },
]

export const temporary = [
  { id: 'T1', kind: 'temporary', name: 'Courier', cameras: [named('c2', 'Loading dock')], state: 'scheduled', created_at: ago(90), watching: 0, starts: ahead(7200), ends: ahead(90000), url: 'https://cam.example/s#dGVtcG9yYXJ5' },
  { id: 'T2', kind: 'temporary', name: '', cameras: [named('c1', 'Gate')], state: 'active', created_at: ago(9000), watching: 2, last_opened_at: ago(300), starts: ago(9000), ends: ahead(70000), url: 'https://cam.example/s#dGVtcG9yYXJ6' },
  { id: 'T3', kind: 'temporary', name: 'Builders', cameras: [named('c3', 'Yard')], state: 'ended', created_at: ago(9e5), watching: 0, last_opened_at: ago(3e5), starts: ago(9e5), ends: ago(2e5), url: 'https://cam.example/s#dGVtcG9yYXJ4' },
]

const visits = [
  { id: 'v1', ip_masked: '203.0.113.*', browser: 'Chrome, Android', first_seen: ago(4000), last_seen: ago(3), watching: true },
  { id: 'v2', ip_masked: '2001:db8:7:*', browser: 'Safari, iPhone', first_seen: ago(90000), last_seen: ago(80000), watching: false },
]

const audit = [
  { id: 'A1', at: ago(60), who: named('me', 'Olena Koval'), action: 'link.pause', what: { kind: 'link', id: 'l2', name: 'Delivery nights' } },
  { id: 'A2', at: ago(4000), who: named('me', 'Olena Koval'), action: 'grant.offer', what: { kind: 'camera', id: 'c1', name: 'Gate' }, detail: 'Night operator, online' },
  { id: 'A3', at: ago(9000), who: named('a2', 'Night operator'), action: 'grant.accepted', what: { kind: 'camera', id: 'c1', name: 'Gate' } },
]

const notices = [
  { id: 'N1', kind: 'offer_received', at: ago(400), camera: named('k1', 'Back lane'), person: named('n', 'Neighbour'), read: false },
  { id: 'N2', kind: 'offer_answered', answer: 'accepted', at: ago(9000), camera: named('c1', 'Gate'), person: named('a2', 'Night operator'), read: false },
  { id: 'N3', kind: 'access_ended', at: ago(90000), camera: named('k7', 'Summer house'), read: true },
  { id: 'N4', kind: 'group_deleted', at: ago(900000), group: named('G9', 'Old group'), read: true },
]

/** answerSharing gives [status, body], or undefined for what it does not know. */
export function answerSharing(method, path, body, w) {
  const problem = (status, code, field) => [status, { type: 'about:blank', title: code, status, code, field, detail: code, id: 'x' }]
  switch (`${method} ${path}`) {
    case 'GET /api/v1/offers':
      return [200, { offers: w.empty || w.quiet ? [] : offers.map(o => ({ ...o, state: w.answers?.[o.grant_id] ?? o.state })) }]
    case 'POST /api/v1/offers/accept_all':
      w.answers = { g1: 'accepted', g2: 'accepted' }
      return [204]
    case 'GET /api/v1/groups':
      return [200, { groups: w.empty ? [] : groups }]
    case 'POST /api/v1/groups/join':
      return body.code === 'M7KQ2-XW9FH' ? [200, { group: groups[2] }] : problem(422, 'code_invalid', 'code')
    case 'GET /api/v1/sharing/people':
      return [200, { people: w.empty ? [] : people }]
    case 'GET /api/v1/me/closing':
      return [200, { groups: [{ id: 'G1', name: 'Our street', participants: 4 }], cameras: 7, links: 2 }]
    case 'DELETE /api/v1/me':
      return problem(422, 'bad_login', 'password')
    case 'GET /api/v1/audit':
      return [200, { rows: w.empty ? [] : audit, next: w.empty ? undefined : 'A3' }]
    case 'GET /api/v1/notices':
      return [200, { notices: w.empty ? [] : notices, muted: w.empty ? [] : ['c3', 'c10'] }]
  }
  const code = /^\/api\/v1\/groups\/\w+\/codes/.test(path)
  if (method === 'POST' && code) return [201, { id: 'k3', role: body.role ?? 'viewer', code: 'T8RGN-2JCLE', uses: 0, expires_at: ahead(6e5) }]
  if (method === 'POST' && /\/groups\/\w+\/invitations$/.test(path)) return [201, { id: 'i2', email: body.email, expires_at: ahead(86000), code: 'W4HZP-9KQMD', mailed: false }]
  const g = /^\/api\/v1\/groups\/(\w+)$/.exec(path)
  if (method === 'GET' && g) return [200, page(groups.find(x => x.id === g[1]) ?? groups[0])]
  if (method === 'POST' && /\/leave$/.test(path)) return problem(409, 'sole_administrator')
  if (method === 'GET' && /\/links\/\w+\/visits$/.test(path)) return [200, { visits: w.empty ? [] : visits }]
  const answer = /^\/api\/v1\/offers\/(\w+)\/(accept|reject)$/.exec(path)
  if (answer) {
    w.answers = { ...w.answers, [answer[1]]: answer[2] === 'accept' ? 'accepted' : 'declined' }
    return [204]
  }
  if (path === '/g/L1/password') return body.password === 'right' ? [200, Object.assign(w.visit, { state: 'live' })] : problem(422, 'password_wrong', 'password')
  return undefined
}
