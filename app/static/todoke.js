// What the pages gain from JavaScript. Every page works without it: forms post, links link, the waiting page has a reload link.
// Nothing here keeps data, and no address is followed that is not on this server.
"use strict";

(function () {
  const POLL_SECONDS = 2;
  const POLL_SECONDS_AFTER_FAULT = 6;
  const WARN_SECONDS = 120;
  const POLL_LIMIT_MS = 30 * 60 * 1000;

  /** The few words that scripts say, in the language of the page. */
  const words = JSON.parse(document.body.dataset.words);

  /** One click, one submission: a second press while the first is on its way does nothing (the server would say the same). */
  function guardForms() {
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (event.defaultPrevented || form.method !== "post") return;
      if (navigator.onLine === false) {
        // Nothing has left: what was typed stays in the form, to be sent once there is a connection.
        event.preventDefault();
        sayLost(true);
        document.getElementById("connection").focus();
        return;
      }
      if (form.dataset.sending) {
        event.preventDefault();
        return;
      }
      form.dataset.sending = "yes";
      const status = document.getElementById("page-status");
      if (status) status.textContent = words.sending;
      if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    });
    // A page taken back from the browser's memory must be usable again.
    window.addEventListener("pageshow", (event) => {
      if (!event.persisted) return;
      if (document.querySelector("[data-live], [data-fresh]")) {
        // What it showed is over, and at a shared desk it was somebody else's.
        document.body.hidden = true;
        window.location.reload();
        return;
      }
      for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
      for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
    });
  }

  /** Without a connection the page says so and stays as it is; when there is one again, it says that. */
  function sayLost(isLost) {
    const bar = document.getElementById("connection");
    if (!bar || bar.hidden === !isLost) return;
    bar.hidden = !isLost;
    const status = document.getElementById("page-status");
    if (status) status.textContent = isLost ? "" : words.connected;
  }

  function watchConnection() {
    window.addEventListener("offline", () => sayLost(true));
    window.addEventListener("online", () => sayLost(false));
    if (navigator.onLine === false) sayLost(true);
  }

  /** A person who has errors hears and sees the summary first, also where a browser knows autofocus only on fields. */
  function focusSummary() {
    const summary = document.querySelector("[data-error-summary]");
    if (summary) summary.focus();
  }

  /** Ask the page itself for its new content and put it in place of the old, without moving focus or scroll. */
  async function refresh(region) {
    const answer = await fetch(window.location.href, { credentials: "same-origin", cache: "no-store" });
    if (!answer.ok || answer.redirected) {
      window.location.reload();
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(region.id);
    if (!fresh) {
      window.location.reload();
      return;
    }
    region.replaceChildren(...fresh.childNodes);
    region.dataset.value = fresh.dataset.value;
    prepareButtons(region);
  }

  function isOwnPath(path) {
    return typeof path === "string" && path.startsWith("/") && !path.startsWith("//");
  }

  /** Follow a state that changes elsewhere (card reader, worker): `data-live` holds the address, `data-value` what is shown. */
  function follow(region) {
    const started = Date.now();
    const status = document.getElementById("page-status");

    async function ask() {
      let wait = POLL_SECONDS;
      try {
        const answer = await fetch(region.dataset.live, {
          credentials: "same-origin",
          cache: "no-store",
          headers: { Accept: "application/json" },
        });
        if (answer.status === 401 || answer.status === 403 || answer.status === 404) {
          window.location.reload();
          return;
        }
        if (!answer.ok) throw new Error(String(answer.status));
        const news = await answer.json();
        sayLost(false);
        if (isOwnPath(news.next_url)) {
          window.location.assign(news.next_url);
          return;
        }
        const value = news.state || news.word;
        if (value && value !== region.dataset.value) {
          region.dataset.value = value;
          await refresh(region);
          if (status) status.textContent = news.label || news.word || "";
        }
        if (news.final) return;
      } catch (fault) {
        wait = POLL_SECONDS_AFTER_FAULT;
        if (fault instanceof TypeError) sayLost(true); // no answer came at all
      }
      if (Date.now() - started < POLL_LIMIT_MS) window.setTimeout(ask, wait * 1000);
    }

    window.setTimeout(ask, POLL_SECONDS * 1000);
  }

  /** Buttons that only work with JavaScript are hidden in the page and appear here. */
  function prepareButtons(root) {
    for (const button of root.querySelectorAll("[data-copy], [data-print]")) button.hidden = false;
  }

  function listenButtons() {
    document.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-copy], [data-print]");
      if (!button) return;
      if (button.dataset.print !== undefined) {
        window.print();
        return;
      }
      const status = document.getElementById("page-status");
      try {
        await navigator.clipboard.writeText(button.dataset.copy);
        if (status) status.textContent = words.copied;
        button.dataset.done = "yes";
      } catch {
        if (status) status.textContent = words.not_copied;
      }
    });
  }

  /** Two minutes before the session ends, offer to go on (WCAG 2.2.1); afterwards leave nothing of it on the screen. */
  function warnBeforeTheEnd() {
    const seconds = Number(document.body.dataset.sessionSeconds);
    const warning = document.getElementById("session-warning");
    if (!seconds || !warning) return;
    let before = null;
    let timer = 0;

    function wait(left) {
      window.clearTimeout(timer);
      if (left > WARN_SECONDS) timer = window.setTimeout(warn, (left - WARN_SECONDS) * 1000);
      else warn();
    }

    function warn() {
      before = document.activeElement;
      warning.hidden = false;
      warning.querySelector("[data-session-extend]").focus();
      timer = window.setTimeout(() => window.location.reload(), (WARN_SECONDS + 1) * 1000);
    }

    warning.querySelector("[data-session-extend]").addEventListener("click", async () => {
      try {
        const answer = await fetch(document.body.dataset.sessionState + "?extend=1", { cache: "no-store" });
        const left = answer.ok ? (await answer.json()).seconds_left : 0;
        if (left <= WARN_SECONDS) throw new Error("over");
        warning.hidden = true;
        if (before && before.isConnected) before.focus();
        wait(left);
      } catch {
        window.location.reload();
      }
    });
    wait(seconds);
  }

  /** The page that says so when there is no connection; where workers are not allowed, the browser says it itself. */
  function prepareForNoConnection() {
    if (!("serviceWorker" in navigator) || !window.isSecureContext) return;
    window.addEventListener("load", () => {
      navigator.serviceWorker.register("/static/service-worker.js", { scope: "/" }).catch(() => {});
    });
  }

  guardForms();
  watchConnection();
  warnBeforeTheEnd();
  prepareForNoConnection();
  focusSummary();
  prepareButtons(document);
  listenButtons();
  for (const region of document.querySelectorAll("[data-live]")) follow(region);
})();
