// Invented galleries for looking at them: w.gallery is how many images, w.quota how full the plan is.
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const names = ['Gate', 'Loading dock', 'Yard', 'Street with a name that is quite long', 'Fox trail']
const scenes = ['a', 'b', 'c', 'd', 'e']
const picture = n => readFileSync(join(here, 'fixtures', `still-${scenes[n % 5]}.jpg`))
const hour = 3600e3
const id = n => String(9e9 - n).padStart(26, '0')
const perDay = 37

/** at gives the nth newest image. */
function at(n, w) {
  const day = Math.floor(n / perDay)
  const noon = new Date()
  noon.setUTCHours(12, 0, 0, 0)
  const received = new Date(noon - day * 24 * hour - (n % perDay) * 3e5)
  return {
    id: id(n), camera: `c${n % 5}`.padStart(26, '0'), camera_name: names[n % 5], sender: n % 5 === 4 ? { id: 's'.padStart(26, '0'), name: 'Anna Petrenko' } : null,
    taken_at: n % 7 === 3 ? null : new Date(received - 60e3).toISOString(), received_at: received.toISOString(), width: n % 3 ? 1920 : 1600, height: n % 3 ? 1080 : 1200,
    bytes: 812345 + n, favourite: n % 11 === 2, tags: n % 9 === 1 ? ['Fox', 'Night'] : [],
  }
}

export function answerGallery(method, path, query, body, w) {
  const problem = (status, code) => [status, { type: 'about:blank', title: code, status, code, detail: code, id: 'x' }]
  const total = w.gallery ?? 0
  if (w.galleryFails && path.startsWith('/api/v1/images') && !path.endsWith('quota')) return problem(503, 'authz_unavailable')
  if (path === '/api/v1/images/days') {
    const days = []
    for (let n = 0; n < total; n += perDay) days.push({ day: at(n, w).received_at.slice(0, 10), count: Math.min(perDay, total - n) })
    return [200, { days }]
  }
  if (path === '/api/v1/images/quota') {
    const used = 5e9 * (w.quota ?? 0.31)
    return [200, { limit: 5e9, used, count: total, cameras: names.slice(0, 4).map((name, i) => ({ id: `c${i}`.padStart(26, '0'), name, bytes: used / (2 + i * 2), count: Math.ceil(total / (2 + i)) })),
      senders: [{ id: 's'.padStart(26, '0'), name: 'Anna Petrenko', bytes: used / 9, count: Math.ceil(total / 9) }, { id: 'z'.padStart(26, '0'), name: '', bytes: 1e6, count: 1 }],
      skipped: w.skipped ?? 0, ...(w.skipped ? { skipped_since: new Date(Date.now() - 5 * hour).toISOString() } : {}) }]
  }
  if (path === '/api/v1/images' && method === 'GET') {
    const limit = Number(query.get('limit'))
    const after = query.get('after')
    const [from, to] = [query.get('from'), query.get('to')]
    const list = []
    for (let n = 0; n < total && list.length <= limit; n++) {
      const i = at(n, w)
      if ((after && i.id >= after) || (from && i.received_at < from) || (to && i.received_at >= to)) continue
      if ((query.get('favourite') && !i.favourite) || (query.get('tag') && !i.tags.includes(query.get('tag'))) || (query.get('camera') && i.camera !== query.get('camera'))) continue
      list.push(i)
    }
    return [200, { images: list.slice(0, limit), ...(list.length > limit ? { next: list[limit - 1].id } : {}) }]
  }
  if (path === '/api/v1/images/batch') return w.batchHangs ? undefined : [200, { done: body.ids, failed: [] }]
  const one = /^\/(?:api\/v1|g\/L1)\/images\/(\d{26})(\/\w+)?$/.exec(path)
  if (one) {
    const n = 9e9 - Number(one[1])
    if (one[2] || path.startsWith('/g/')) return [200, picture(n)]
    return [200, { ...at(n, w), ...body, via: n % 2 ? 'mail' : 'http', details: { make: 'Browning', model: 'Strike Force Pro X', place: { lat: 50.45014, lon: 30.52341 } } }]
  }
  const guest = n => { const i = at(n, w); return { id: i.id, camera: `c${(n % 4) + 1}`, taken_at: i.received_at, width: i.width, height: i.height } }
  if (path === '/g/L1/gallery') {
    const first = method === 'POST' ? 0 : 9e9 - Number(query.get('after')) + 1
    const images = Array.from({ length: Math.max(0, Math.min(100, total - first)) }, (_, i) => guest(first + i))
    return [200, { as_of: new Date(Date.now() - (w.galleryThrottled ? hour : 0)).toISOString(), images, ...(first + 100 < total ? { next: images.at(-1).id } : {}), ...(w.galleryThrottled ? { throttled: new Date(Date.now() + 0.2 * hour).toISOString() } : {}), used: 3, budget: 40 }]
  }
  if (path === '/g/L1/recent') return [200, { images: Array.from({ length: Math.min(6, total) }, (_, n) => guest(n)) }]
  if (/\/intake$/.test(path) || /\/intake\/renew$/.test(path)) {
    return w.noIntake && method === 'GET' ? [200, { takes: false, every_minutes: 0, on_notice: false, snapshot_url: '' }] : [200, {
      takes: true, key: 'w8k2m4q6t9v1x3z5b7d0f2h4j6', upload_url: 'https://cam.example/intake/01jd8q6m5v2x4z7b9d1f3h5k7n',
      mail: w.noMail ? '' : 'q2w4e6r8t0y1u3i5o7p9a1s3d5@mail.cam.example', ftp: w.noMail ? undefined : { host: 'cam.example', port: 2121, user: '01jd8q6m5v2x4z7b9d1f3h5k7n' }, every_minutes: 15, on_notice: true, snapshot_url: '',
    }]
  }
  return undefined
}
