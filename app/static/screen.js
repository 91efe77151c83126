// The resident's screen at a counter: it follows the visit, sends its forms without leaving a trace in the history, warns
// after forty seconds, and is drawn anew whenever something else is to be shown. Nothing is kept here, in no storage.
// When the line is lost, nobody tells it that the visit is over: then it empties itself after the same sixty seconds.
"use strict";

(function () {
  const POLL_MS = 1500;
  const FAULT_MS = 4000;
  const ACTIVE_MS = 5000;
  const ANSWER_MS = 10000;
  const SENT_MS = 45000;
  const LOST_MS = 60000;
  const root = document.querySelector("[data-screen]");
  if (!root) return;
  const state = { revision: root.dataset.revision, lastActive: 0, busy: false, heardAt: Date.now(), keepsMs: LOST_MS };

  /** Everything typed and shown goes with the page; the address is always the same, so nothing is added to the history. */
  function startAnew() {
    for (const form of document.forms) form.reset();
    window.location.replace("/screen");
  }

  /** The service was heard: what is shown may stand as long as it would there without anybody doing anything (BR-52). */
  function noteHeard(secondsLeft) {
    state.heardAt = Date.now();
    state.keepsMs = secondsLeft === null ? LOST_MS : Math.min(secondsLeft * 1000 + FAULT_MS, LOST_MS);
    sayLost(false);
  }

  function sayLost(isLost) {
    const bar = document.getElementById("connection");
    const place = document.getElementById("screen");
    // Once emptied, the page itself says so; nothing is left to be erased in a minute.
    if (bar) bar.hidden = !isLost || Boolean(place && place.dataset.lost);
  }

  /** Nothing of anybody stays where the next person sits down, whether or not the service can be asked (BR-50, E804). */
  function emptyWhenLost() {
    const words = document.getElementById("screen-lost");
    const place = document.getElementById("screen");
    if (Date.now() - state.heardAt <= state.keepsMs || !words || !place || place.dataset.lost) return;
    for (const form of document.forms) form.reset();
    place.replaceChildren(words.content.cloneNode(true));
    place.dataset.lost = "yes";
    document.title = place.querySelector("h1").textContent;
    const languages = document.querySelector("header nav");
    if (languages) languages.remove();
    state.revision = "";
    sayLost(true);
    document.getElementById("main").focus();
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
        const answer = await fetch(form.getAttribute("action"), {
          method: "POST",
          body,
          credentials: "same-origin",
          cache: "no-store",
          signal: AbortSignal.timeout(SENT_MS),
        });
        showAnswer(await answer.text());
      } catch {
        const status = document.getElementById("page-status");
        if (status) status.textContent = "";
        // Whether it arrived, the next answer of the service shows. Until then there is no page to go to.
        state.revision = "";
        sayLost(true);
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
      const answer = await fetch("/screen/state", {
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      if (answer.status === 410) {
        startAnew();
        return;
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const news = await answer.json();
      noteHeard(news.seconds_left);
      if (!state.busy && news.revision !== state.revision) {
        startAnew();
        return;
      }
      const warning = document.querySelector("[data-idle]");
      if (warning) warning.hidden = !news.warns;
    } catch {
      wait = FAULT_MS;
      sayLost(true);
    }
    window.setTimeout(follow, wait);
  }
  window.setTimeout(follow, POLL_MS);
  window.setInterval(emptyWhenLost, 1000);

  // A page taken back from the browser's memory shows somebody who is gone.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) startAnew();
  });
})();
