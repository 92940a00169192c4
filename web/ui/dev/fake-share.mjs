// Invented answers about sharing one camera, for looking at the dialog. Development only.
const ago = s => new Date(Date.now() - s * 1000).toISOString()
const ahead = s => new Date(Date.now() + s * 1000).toISOString()
const day = 86400

const rows = () => [
  { grant_id: 'g1', account: { id: 'a1', name: 'Night operator', email_masked: 'ni***@ex***.com' }, state: 'accepted', levels: ['online', 'notices'], rights: [], watching: true, until: ahead(190 * day),
    schedule: { intervals: [...[1, 2, 3, 4, 5].map(d => ({ day: d, from: 1200, to: 360 })), { day: 6, from: 600, to: 840 }] } },
  { grant_id: 'g2', account: { id: 'a2', name: 'Site manager', email_masked: 'si***@ex***.com' }, state: 'offered', levels: ['online', 'archive'], rights: ['sound'], watching: false },
  { grant_id: 'g3', account: { id: 'a3', name: 'Former neighbour with a long name', email_masked: 'fo***@ex***.com' }, state: 'expired', levels: ['online'], rights: [], until: ago(3 * day) },
  { grant_id: 'g4', account: { id: '', name: '', email_masked: '' }, email: 'new.person@example.org', waiting: true, state: 'offered', levels: ['online'], rights: [] },
]
const temporary = () => [
  { id: 't1', kind: 'temporary', name: 'Plumber', cameras: [{ id: 'c1', name: 'Gate' }], state: 'active', created_at: ago(day), starts: ago(7200), ends: ahead(day), watching: 1, last_opened_at: ago(240), url: 'https://cam.example/s#Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE' },
  { id: 't2', kind: 'temporary', name: '', cameras: [{ id: 'c1', name: 'Gate' }], state: 'paused_owner', created_at: ago(day), starts: ago(7200), ends: ahead(3 * day), has_password: true, max_viewers: 3, watching: 0, url: 'https://cam.example/s#Zm9v' },
]
const groups = () => [
  { id: 'q1', name: 'Our street', role: 'administrator', participants: 14, administrators: 2, cameras: [{ id: 'c1', name: 'Gate', owner: { id: 'me', name: 'Olena Koval' }, mine: true, images_only: true }] },
  { id: 'q2', name: 'Warehouse team', role: 'member', participants: 5, administrators: 1, cameras: [] },
]

/** share answers what concerns one camera's dialog, or undefined for anything else. */
export function share(method, path, body, w) {
  const problem = (status, code, field) => [status, { type: 'about:blank', title: code, status, code, field, detail: code, id: 'x' }]
  w.version ??= 1
  if (path === '/api/v1/cameras/c1/access') {
    if (method === 'GET') return [200, { version: w.version, rows: w.nobody ? [] : w.stale && w.version > 1 ? rows().map(r => (r.grant_id === 'g2' ? { ...r, levels: ['notices'] } : r)) : rows() }]
    if (w.stale && body.version === 1) return w.version = 2, problem(409, 'stale')
    const i = body.rows.findIndex(r => r.email && !r.invite)
    if (i >= 0) return problem(422, 'not_registered', `rows[${i}].email`)
    return [200, { version: ++w.version, rows: rows() }]
  }
  if (path === '/api/v1/people') return [200, { people: [{ id: 'a7', name: 'Neighbour', email_masked: 'ne***@ex***.com' }, { id: 'a8', name: 'Neighbour across the road', email_masked: 'ac***@ex***.org' }] }]
  if (path === '/api/v1/cameras/c1/see_as') return [200, w.closed ? { allowed: false, reason: 'outside_schedule', next: ahead(36000), levels: ['online'], rights: [] } : { allowed: true, reason: 'ok', until: ahead(30000), levels: ['online', 'notices'], rights: [] }]
  if (method === 'GET' && path === '/api/v1/links' && w.share) return [200, { links: [...temporary(), { id: 'l1', kind: 'share', name: 'Yard and gate', cameras: [{ id: 'c1', name: 'Gate' }, { id: 'c3', name: 'Yard' }], state: 'active', created_at: ago(9e5), watching: 3, last_opened_at: ago(240), url: 'https://cam.example/s#YmFy' }], used: 1, cap: 3 }]
  if (method === 'POST' && path === '/api/v1/links' && body.kind === 'temporary') return [201, { ...temporary()[0], id: 't9', name: body.name ?? '', starts: body.starts, ends: body.ends, watching: 0 }]
  if (method === 'GET' && path === '/api/v1/groups' && w.share) return [200, { groups: w.nobody ? [] : groups() }]
  return undefined
}
