// Without a connection this shows the page that says so. It keeps that one page and what it is drawn with, fetched without
// cookies; no other answer is ever kept, so that nothing about a person stays on a shared phone.
"use strict";

const KEPT = "todoke-offline-1";
const PAGE = "/offline";

self.addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(KEPT);
      const answer = await fetch(PAGE, { credentials: "omit", cache: "no-store" });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.clone().text();
      const drawn = [...text.matchAll(/(?:href|src)="(\/static\/[^"]+\.(?:css|svg|js))"/g)].map((found) => found[1]);
      await cache.addAll(drawn);
      await cache.put(PAGE, answer);
      await self.skipWaiting();
    })()
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name !== KEPT) await caches.delete(name);
      await self.clients.claim();
    })()
  );
});

self.addEventListener("fetch", (event) => {
  const request = event.request;
  const url = new URL(request.url);
  if (request.mode === "navigate") {
    // A form, too: whether it arrived is not known, and the page says that sending it again doubles nothing.
    event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  } else if (request.method !== "GET") {
    return;
  } else if (url.origin === self.location.origin && url.pathname.startsWith("/static/")) {
    event.respondWith(fetch(request).catch(async () => (await caches.match(request)) || Response.error()));
  }
});
