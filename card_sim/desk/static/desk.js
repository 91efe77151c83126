// Shows without a press that the card was laid or taken by another program. The desk works without this script.
"use strict";
(() => {
  const reader = document.querySelector("[data-lying]");
  if (!reader) return;
  const look = async () => {
    const typing = /^(INPUT|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (document.hidden || typing) return;
    try {
      const answer = await fetch("/api/state", { headers: { Accept: "application/json" } });
      const state = await answer.json();
      if ((state.lying || "") !== reader.dataset.lying) location.reload();
    } catch {
      // The desk was stopped; the page stays as it is until it answers again.
    }
  };
  setInterval(look, 2000);
})();
