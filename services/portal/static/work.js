// Keys for the officer's desk: J/K walk the list, C claims, A/R choose an answer, B asks for a correction.
// They are off until switched on, and never act while something is being typed.
(() => {
  "use strict";
  const box = document.querySelector("[data-keys]");
  if (!box) return;
  box.closest(".keys").hidden = false;
  box.checked = localStorage.getItem("onewindow-keys") === "on";
  box.addEventListener("change", () => localStorage.setItem("onewindow-keys", box.checked ? "on" : "off"));

  const rows = () => [...document.querySelectorAll("[data-queue] a")];

  function walk(step) {
    const all = rows();
    if (!all.length) return;
    let at = all.indexOf(document.activeElement);
    if (at < 0) at = all.findIndex((row) => row.hasAttribute("aria-current"));
    const next = all[Math.min(all.length - 1, Math.max(0, at + step))];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  function press(key) {
    const target = document.querySelector(`[data-key="${key}"]`);
    if (!target) return;
    target.focus();
    target.click();
  }

  document.addEventListener("keydown", (event) => {
    if (!box.checked || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
    else if (["c", "a", "r", "b"].includes(key)) press(key);
    else return;
    event.preventDefault();
  });

  const current = document.querySelector("[data-queue] a[aria-current]");
  if (current) current.scrollIntoView({ block: "nearest" });
})();
