// Copies a number where the browser lets a page do so. Every page works without this script.
"use strict";
(() => {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.parentElement.hidden = false;
    button.parentElement.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      const number = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(number.textContent.trim());
        button.textContent = button.dataset.copied;
      } catch {
        // Refused by the browser: the number is still there to be read, and now marked for copying by hand.
        getSelection().selectAllChildren(number);
      }
    });
  }
})();
