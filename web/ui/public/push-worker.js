// The service worker of notices: it shows what was pushed, opens the page it is
// about, and signs the browser up again when its push service wants that. It
// answers no request of a page and keeps nothing: no fetch handler, no cache.
const scopeOrigin = self.location.origin

self.addEventListener('install', () => self.skipWaiting())
self.addEventListener('activate', e => e.waitUntil(self.clients.claim()))
self.addEventListener('push', e => e.waitUntil(show(e.data)))
self.addEventListener('notificationclick', e => {
  e.notification.close()
  e.waitUntil(open(e.notification.data?.page))
})
self.addEventListener('pushsubscriptionchange', e => e.waitUntil(renew(e)))

/** text is a string of at most n letters. */
const text = (v, n) => (typeof v === 'string' ? v.slice(0, n) : '')

/** show shows one notice. A browser takes the permission away from who shows nothing, so something is always shown. */
async function show(data) {
  let m = {}
  try {
    m = data?.json() ?? {}
  } catch {
    m = {}
  }
  if (m === null || typeof m !== 'object' || m.v !== 1) m = {}
  const tag = text(m.tag, 200)
  await self.registration.showNotification(text(m.title, 200) || 'Sightline', {
    body: text(m.body, 2000),
    lang: text(m.lang, 20),
    dir: m.dir === 'rtl' ? 'rtl' : 'ltr',
    icon: '/icon.svg',
    ...(typeof m.at === 'number' ? { timestamp: m.at } : {}),
    ...(tag ? { tag, renotify: true } : {}),
    data: { id: text(m.id, 64), page: place(m.page) },
  })
}

/** place is a path of this server; whatever else came, the list of notices. */
function place(page) {
  try {
    const u = new URL(text(page, 1000), scopeOrigin)
    if (u.origin === scopeOrigin && text(page, 1).startsWith('/')) return u.pathname + u.search
  } catch {
    // no address at all
  }
  return '/notices'
}

/** open leads to the page: in the window that shows it, else in a new one; no running wall is navigated away. */
async function open(page) {
  const url = new URL(place(page), scopeOrigin).href
  const windows = await self.clients.matchAll({ type: 'window', includeUncontrolled: true })
  const there = windows.find(w => w.url === url)
  if (there) await there.focus()
  else await self.clients.openWindow(url)
}

/** renew tells the server the new address of this browser; without a login it has none. */
async function renew(e) {
  const key = e.oldSubscription?.options?.applicationServerKey
  let sub = e.newSubscription ?? (await self.registration.pushManager.getSubscription())
  if (!sub && key) sub = await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })
  if (!sub) return
  const res = await fetch('/api/v1/me/push/subscriptions', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Sightline': '1' },
    credentials: 'same-origin',
    cache: 'no-store',
    redirect: 'error',
    body: JSON.stringify(sub),
  })
  if (res.status === 401 || res.status === 403) await sub.unsubscribe()
}
