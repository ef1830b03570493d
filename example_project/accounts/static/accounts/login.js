// What JavaScript adds to the login; every step works without it.
"use strict";

// A button that has to wait counts the seconds on its face. Typing something else ends the wait.
function countdown(button, seconds) {
  button.dataset.ready ??= button.textContent;
  button.dataset.until = Date.now() + seconds * 1000;
  const stop = () => {
    clearInterval(timer);
    button.textContent = button.dataset.ready;
    button.disabled = false;
    delete button.dataset.until;
  };
  const tick = () => {
    const left = Math.ceil((button.dataset.until - Date.now()) / 1000);
    if (left > 0) button.textContent = button.dataset.waiting.replace("#", left);
    else stop();
  };
  const timer = setInterval(tick, 500);
  button.disabled = true;
  button.form?.addEventListener("input", stop, { once: true });
  tick();
}
for (const button of document.querySelectorAll("button[data-seconds]")) countdown(button, button.dataset.seconds);

// A second click must not ask for a second code.
for (const form of document.querySelectorAll("main form")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// The last digit sends the code.
for (const form of document.querySelectorAll("form[data-digits]")) {
  form.addEventListener("input", ({ target, isComposing }) => {
    if (isComposing) return;
    target.value = target.value.normalize("NFKC").replace(/\D/g, "");
    if (target.value.length === Number(form.dataset.digits)) form.requestSubmit();
  });
}
