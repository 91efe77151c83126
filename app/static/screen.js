// The resident's screen at a counter: it follows the visit, sends its forms without leaving a trace in the history, warns
// after forty seconds, and is drawn anew whenever something else is to be shown. Nothing is kept here, in no storage.
"use strict";

(function () {
  const POLL_MS = 1500;
  const FAULT_MS = 4000;
  const ACTIVE_MS = 5000;
  const root = document.querySelector("[data-screen]");
  if (!root) return;
  const state = { revision: root.dataset.revision, lastActive: 0, busy: false };

  /** Everything typed and shown goes with the page; the address is always the same, so nothing is added to the history. */
  function startAnew() {
    for (const form of document.forms) form.reset();
    window.location.replace("/screen");
  }

  function showAnswer(text) {
    const page = new DOMParser().parseFromString(text, "text/html");
    const fresh = page.getElementById("screen");
    if (!fresh || !fresh.dataset.revision) {
      startAnew();
      return;
    }
    const place = document.getElementById("screen");
    const header = page.querySelector("header");
    document.title = page.title;
    place.replaceWith(fresh);
    if (header) document.querySelector("header").replaceWith(header);
    state.revision = fresh.dataset.revision;
    const focus = fresh.querySelector("[data-error-summary]") || document.getElementById("main");
    focus.focus();
    window.scrollTo(0, 0);
  }

  /** A form is sent and answered in place: the history keeps one entry for the whole day, and no reload sends anything again. */
  document.addEventListener(
    "submit",
    async (event) => {
      const form = event.target;
      if (form.method !== "post") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (state.busy) return;
      state.busy = true;
      // Not form.action: a button of that name would be taken for it.
      const body = new URLSearchParams(new FormData(form, event.submitter));
      try {
        const answer = await fetch(form.getAttribute("action"), { method: "POST", body, credentials: "same-origin", cache: "no-store" });
        showAnswer(await answer.text());
      } catch {
        const status = document.getElementById("page-status");
        if (status) status.textContent = "";
        window.setTimeout(startAnew, FAULT_MS);
      } finally {
        state.busy = false;
      }
    },
    true,
  );

  /** A key or a touch while somebody types counts as being there (BR-52). */
  function noteActivity() {
    const now = Date.now();
    const form = document.querySelector("[data-idle]");
    if (!form || state.busy || now - state.lastActive < ACTIVE_MS) return;
    state.lastActive = now;
    const body = new URLSearchParams(new FormData(form));
    fetch(form.getAttribute("action"), { method: "POST", body, credentials: "same-origin", cache: "no-store", redirect: "manual" }).catch(() => {});
  }
  for (const kind of ["keydown", "pointerdown", "input"]) document.addEventListener(kind, noteActivity, { passive: true });

  async function follow() {
    let wait = POLL_MS;
    try {
      const answer = await fetch("/screen/state", { credentials: "same-origin", cache: "no-store" });
      if (answer.status === 410) {
        startAnew();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      if (!state.busy && news.revision !== state.revision) {
        startAnew();
        return;
      }
      const warning = document.querySelector("[data-idle]");
      if (warning) warning.hidden = !news.warns;
    } catch {
      wait = FAULT_MS;
    }
    window.setTimeout(follow, wait);
  }
  window.setTimeout(follow, POLL_MS);

  // A page taken back from the browser's memory shows somebody who is gone.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) startAnew();
  });
})();
