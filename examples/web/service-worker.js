// Keeps the page's own files, so that it opens offline. Models are not its business: icthp keeps those itself.
// vite.config.ts puts the names and the build's digest here.
const FILES = self.__FILES__
const LATER = self.__LATER__
const CACHE = `page-${self.__VERSION__}`
const here = (path) => new URL(path, self.registration.scope).href

self.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES.map((path) => new Request(here(path), { cache: 'no-cache' }))))
      .then(() => self.skipWaiting()),
  )
})

self.addEventListener('activate', (event) => {
  const old = async () => {
    for (const name of await caches.keys())
      if (name.startsWith('page-') && name !== CACHE) await caches.delete(name)
    await self.clients.claim()
  }
  event.waitUntil(old())
})

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = request.url.split(/[?#]/)[0]
  if (request.method !== 'GET') return
  if (request.mode === 'navigate' && url.startsWith(self.registration.scope))
    event.respondWith(newest(request))
  else if (FILES.some((path) => here(path) === url)) event.respondWith(kept(request, url))
  else if (LATER.some((path) => here(path) === url)) event.respondWith(kept(request, url))
})

/** The page itself from the network, and from the cache where there is none. */
async function newest(request) {
  try {
    return await fetch(request)
  } catch {
    return (await caches.match(here('index.html'), { cacheName: CACHE })) ?? Response.error()
  }
}

/** Files whose names hold their digest: from the cache, else from the network and kept. The runtime's 14 to 27 MB come this way. */
async function kept(request, url) {
  const cache = await caches.open(CACHE)
  const found = await cache.match(url)
  if (found) return found
  const response = await fetch(request)
  if (response.status === 200) await cache.put(url, response.clone())
  return response
}
