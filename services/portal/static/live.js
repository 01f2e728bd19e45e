// Makes a page live: a stream says that something changed, the page is fetched again under the reader's
// own rights, and its [data-live] parts are swapped. Without script the page is the same, only still.
(() => {
  "use strict";
  const TINT_MS = 2000;

  document.querySelectorAll("[data-focus]").forEach((part) => part.focus());
  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });
  function wait(button) {
    button.dataset.word = button.textContent;
    button.textContent = document.querySelector("main").dataset.sending;
    button.setAttribute("aria-busy", "true");
  }
  document.querySelectorAll("form[data-once]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) event.preventDefault();
      else if (event.submitter) wait(event.submitter);
      form.dataset.sent = "1";
    });
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-once]").forEach((form) => delete form.dataset.sent);
    document.querySelectorAll("button[aria-busy][data-word]").forEach((button) => {
      button.textContent = button.dataset.word;
      button.removeAttribute("aria-busy");
    });
  });

  const root = document.querySelector("[data-stream]");
  if (!root || !window.EventSource) return;
  const badge = document.querySelector("[data-badge]");
  const isDesk = root.hasAttribute("data-desk");
  let asOf = new Date();
  let fetching = false;
  let again = false;

  const time = () => asOf.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });

  function show(isLive) {
    if (!badge) return;
    badge.classList.toggle("is-live", isLive);
    badge.classList.toggle("is-lost", !isLive);
    const word = isLive ? badge.dataset.liveWord : badge.dataset.lostWord.replace("{time}", time());
    badge.querySelector("[data-badge-word]").textContent = word;
  }

  // Every page has form tokens of its own; they make no difference.
  const plain = (part) => part.innerHTML.replace(/name="csrf" value="[^"]*"/g, "");

  function swap(fresh) {
    let changed = false;
    document.querySelectorAll("[data-live]").forEach((old) => {
      const part = fresh.querySelector(`[data-live="${CSS.escape(old.dataset.live)}"]`);
      if (!part || plain(part) === plain(old) || old.contains(document.activeElement)) return;
      const next = document.importNode(part, true);
      old.replaceWith(next);
      changed = true;
      if (next.hidden) return;
      next.classList.add("fresh");
      setTimeout(() => next.classList.remove("fresh"), TINT_MS);
    });
    return changed;
  }

  function say(fresh) {
    const summary = fresh.querySelector("[data-summary]");
    const voice = document.querySelector("[data-say]");
    if (summary && voice) voice.textContent = summary.textContent;
    const title = fresh.querySelector("title");
    if (title) document.title = title.textContent;
  }

  function countArrivals(fresh) {
    const link = document.querySelector("[data-arrivals]");
    if (!link) return;
    const known = new Set([...document.querySelectorAll("[data-queue] [data-branch]")].map((row) => row.dataset.branch));
    const news = [...fresh.querySelectorAll("[data-queue] [data-branch]")].filter((row) => !known.has(row.dataset.branch));
    link.hidden = news.length === 0;
    link.textContent = news.length ? link.dataset.word.replace("{n}", news.length) : "";
  }

  async function refresh() {
    if (fetching) {
      again = true;
      return;
    }
    fetching = true;
    do {
      again = false;
      try {
        const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
        if (!answer.ok || answer.redirected) continue;
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
        asOf = new Date();
        if (swap(fresh) && !isDesk) say(fresh);
        if (isDesk) countArrivals(fresh);
      } catch {
        show(false);
      }
    } while (again);
    fetching = false;
  }

  let wasLost = false;
  const stream = new EventSource(root.dataset.stream);
  stream.addEventListener("open", () => {
    show(true);
    if (wasLost) refresh();
    wasLost = false;
  });
  stream.addEventListener("error", () => {
    wasLost = true;
    show(false);
  });
  stream.addEventListener("changed", refresh);
  stream.addEventListener("reload", refresh);
  stream.addEventListener("signed-out", () => {
    stream.close();
    location.reload();
  });
})();
