// Sends a file as soon as it is chosen. Without script there is the button.
(() => {
  "use strict";
  const voice = document.querySelector("[data-upload-say]");
  if (!voice) return;
  document.querySelectorAll("[data-upload]").forEach((input) => {
    input.addEventListener("change", () => {
      if (!input.files.length || input.form.dataset.sent) return;
      input.form.dataset.sent = "1";
      input.form.classList.add("is-sending");
      voice.textContent = voice.dataset.word;
      input.form.requestSubmit();
    });
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form").forEach((form) => {
      delete form.dataset.sent;
      form.classList.remove("is-sending");
    });
  });
})();
