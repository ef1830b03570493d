// The login on one page, over the REST endpoints. Without this file its forms lead through pages of their own.
"use strict";

const card = document.querySelector("[data-codes]");
const part = (name) => card.querySelector(`[data-part="${name}"]`);
const state = { token: null, spent: false };

// One request; answers the body. Throws the endpoint's own error: {code, message, field, retry_after}.
async function ask(url, body, headers = {}) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang, ...headers },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw answer;
  return answer;
}

function say(text, isError = true) {
  const line = part("problem");
  line.textContent = text;
  line.className = isError ? "problem" : "problem good";
}

function show(step) {
  for (const each of card.querySelectorAll("[data-step]")) each.hidden = each.dataset.step !== step;
  const field = card.querySelector(`[data-step="${step}"] input:not([type=hidden])`);
  field.focus();
  say("");
}

async function newPicture() {
  const box = part("captcha");
  box.hidden = false;
  delete box.dataset.key;
  part("captcha-text").value = "";
  state.spent = false;
  const response = await fetch(box.dataset.refresh, { headers: { "X-Requested-With": "XMLHttpRequest" } });
  const picture = await response.json();
  part("picture").src = picture.image_url;
  await part("picture").decode();
  box.dataset.key = picture.key;
}

// What goes along with a request for a code, once the site wants a captcha. A picture is good for one answer.
function captcha() {
  const box = part("captcha");
  if (!box || box.hidden) return {};
  state.spent = true;
  return { captcha: `${box.dataset.key}:${part("captcha-text").value}` };
}

// A code is on its way: remember its token, and count until another may be asked for.
function sent(code) {
  state.token = code.token;
  state.spent = false;
  if (part("captcha")) part("captcha").hidden = true;
  part("mobile").textContent = code.mobile;
  for (const button of card.querySelectorAll("[data-channel]")) countdown(button, code.resend_after);
}

// The reason, and the place to mend it. Nothing here may move a cursor after a wait: somebody types again by then.
function refused(error, buttons, field) {
  if (!error.code) throw error; // not an answer of an endpoint
  say(error.message);
  if (error.retry_after) for (const button of buttons) countdown(button, error.retry_after);
  const captcha = error.code === "captcha_required";
  if (captcha || state.spent) newPicture();
  (captcha ? part("captcha-text") : field).select();
}

// Runs one step of a form by the endpoints; where they cannot be reached, the form goes its own way.
function overTheEndpoints(form, work) {
  let busy = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return; // a digit typed anew, while the answer is on its way
    const button = form.querySelector("button");
    busy = button.disabled = true;
    try {
      await work(new FormData(form));
    } catch (error) {
      if (!error.code) return form.submit();
      refused(error, [button], form.querySelector("input:not([type=hidden])"));
    } finally {
      busy = false;
      delete form.dataset.sent;
      button.disabled = Boolean(button.dataset.until);
    }
  });
}

if (card) {
  const { codes, resend, check, proof, purpose } = card.dataset;

  overTheEndpoints(part("number"), async (given) => {
    sent(await ask(codes, { mobile: given.get("mobile"), purpose, ...captcha() }));
    show("code");
  });

  overTheEndpoints(part("code"), async (given) => {
    const proved = await ask(check, { token: state.token, purpose, code: given.get("code") });
    const token = card.querySelector("[name=csrfmiddlewaretoken]").value;
    const entered = await ask(proof, { proof: proved.proof, next: card.dataset.next }, { "X-CSRFToken": token });
    location.assign(entered.next);
  });

  for (const button of card.querySelectorAll("[data-channel]")) {
    button.addEventListener("click", async () => {
      const both = [...card.querySelectorAll("[data-channel]")];
      const field = card.querySelector("[autocomplete=one-time-code]");
      for (const each of both) each.disabled = true;
      try {
        sent(await ask(resend, { token: state.token, channel: button.dataset.channel, ...captcha() }));
        say(button.dataset.done, false);
        field.focus();
      } catch (error) {
        for (const each of both) each.disabled = false;
        refused(error, both, field);
      }
    });
  }

  part("another").addEventListener("click", () => show("number"));
  part("picture")?.addEventListener("click", newPicture);
}
