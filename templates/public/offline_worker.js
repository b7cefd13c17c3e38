// Keeps the page for checks without network on this device; made anew with each version of its files.
const KEPT = "offline-{{ version }}";
const FILES = {{ files | tojson }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("offline-") && name !== KEPT;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))));
});

// With network everything is as without us; without it, what was kept.
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const place = new URL(url);
  if (method !== "GET" || place.origin !== self.location.origin || !FILES.includes(place.pathname)) return;
  event.respondWith(fetch(event.request).catch(() => caches.match(place.pathname, { cacheName: KEPT })));
});
