// Keys for the officer's desk: J/K walk the list, X ticks, every other key is named by [data-key].
// They are off until switched on, and never act while something is being typed.
(() => {
  "use strict";

  document.querySelectorAll("[data-template]").forEach((button) => {
    button.addEventListener("click", (event) => {
      event.preventDefault();
      const opinion = document.getElementById("opinion");
      opinion.value = button.dataset.template;
      opinion.focus();
    });
  });

  const box = document.querySelector("[data-keys]");
  const keysAreOn = () => (box ? box.checked : localStorage.getItem("onewindow-keys") === "on");
  if (box) wire(box);

  function wire(box) {
    box.closest(".keys").hidden = false;
    box.checked = localStorage.getItem("onewindow-keys") === "on";
    box.addEventListener("change", () => localStorage.setItem("onewindow-keys", box.checked ? "on" : "off"));
  }

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
    if (!target) return false;
    target.focus();
    target.click();
    return true;
  }

  function tick() {
    const row = document.activeElement.closest("[data-queue] li");
    const mark = row && row.querySelector("input[type=checkbox]");
    if (mark) mark.checked = !mark.checked;
  }

  document.addEventListener("keydown", (event) => {
    if (!keysAreOn() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.matches("textarea, select, input:not([type=radio], [type=checkbox])")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") walk(key === "j" ? 1 : -1);
    else if (key === "x") tick();
    else if (!/^[a-z]$/.test(key) || !press(key)) return;
    event.preventDefault();
  });

  const current = document.querySelector("[data-queue] a[aria-current]");
  if (current) current.scrollIntoView({ block: "nearest" });
})();
