// Makes the keypad page live: number keys, showing what was typed, and the next state without a reload button.
// Everything works without it, too; it adds and never replaces.
"use strict";

(() => {
  const POLL_MS = 1000;
  const FAILURES_BEFORE_NOTICE = 3;
  const revision = document.body.dataset.revision;
  const lost = document.getElementById("lost");
  let failures = 0;

  async function poll() {
    try {
      const response = await fetch("/state", { cache: "no-store" });
      const state = await response.json();
      failures = 0;
      lost.hidden = true;
      if (state.revision !== revision) {
        location.replace("/");
        return;
      }
    } catch {
      failures += 1;
      lost.hidden = failures < FAILURES_BEFORE_NOTICE;
    }
    setTimeout(poll, POLL_MS);
  }
  setTimeout(poll, POLL_MS);

  const focusFirst = document.querySelector("[data-focus]");
  if (focusFirst) focusFirst.focus();

  const fields = [...document.querySelectorAll("input[data-keys]")];
  if (fields.length === 0) return;
  const lengthOf = (field) => Number(field.dataset.keys);
  const isFull = (field) => field.value.length >= lengthOf(field);
  let target = fields[0];
  // The words come with the page, in the language it is in; {} stands for the name of a field.
  const place = document.getElementById("number-keys");
  const say = (name, label) => place.dataset[name].replace("{}", label || "");
  const nameOf = (field) => field.dataset.name;
  const keys = document.createElement("fieldset");
  keys.className = "number-keys";
  const legend = document.createElement("legend");
  keys.append(legend);

  function button(text, label) {
    const made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    if (label) made.setAttribute("aria-label", label);
    return made;
  }

  for (const field of fields) {
    field.addEventListener("focus", () => { choose(field); });
    if (field.type !== "password") continue;
    const label = nameOf(field);
    const toggle = button(say("show"), say("showOf", label));
    toggle.addEventListener("click", () => {
      const show = field.type === "password";
      field.type = show ? "text" : "password";
      toggle.textContent = say(show ? "hide" : "show");
      toggle.setAttribute("aria-label", say(show ? "hideOf" : "showOf", label));
    });
    const entry = document.createElement("div");
    entry.className = "entry";
    field.before(entry);
    entry.append(field, toggle);
    // A shown PIN is hidden again before it leaves, so that the browser does not offer to keep it.
    field.form.addEventListener("submit", () => { field.type = "password"; });
  }

  function choose(field) {
    target = field;
    for (const each of fields) each.classList.toggle("chosen", each === field);
    legend.textContent = say("keys") + nameOf(field);
  }

  function type(change) {
    target.value = change(target.value);
    const next = fields[fields.indexOf(target) + 1];
    if (isFull(target) && next && !isFull(next)) choose(next);
  }

  const digits = [...place.dataset.digits];
  const last = digits.pop();
  for (const digit of digits) keys.append(key(digit));
  const wipe = button(say("wipe"), say("wipeOf"));
  wipe.addEventListener("click", () => { type(() => ""); });
  const back = button(say("back"), say("backOf"));
  back.addEventListener("click", () => { type((value) => value.slice(0, -1)); });
  keys.append(wipe, key(last), back);
  place.append(keys);
  choose(fields.find((field) => !isFull(field)) || fields[0]);

  function key(digit) {
    const made = button(digit);
    made.addEventListener("click", () => { type((value) => (isFull(target) ? value : value + digit)); });
    return made;
  }
})();
