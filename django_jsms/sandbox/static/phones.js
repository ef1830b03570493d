// The virtual phones: what arrived on each, newest first, and what it answers.
import { WORDS, button, byId, call, copy, make, say, watch } from "./page.js";

const MOST_PHONES = 100;
const MOST_ITEMS = 50;
const BATCH = 300;
const DELIVERED = 4001;
const CALL_ICON =
  "M6.6 10.8a15 15 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11 11 0 0 0 3.5.56 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1 11 11 0 0 0 .56 3.5 1 1 0 0 1-.25 1z";
const speech = window.speechSynthesis;
const title = document.title;

const phones = new Map();
let seen = 0;
let epoch = null;
let first = true;
let unread = 0;

function grouped(mobile) {
  return /^\d{11}$/.test(mobile) ? `${mobile.slice(0, 3)} ${mobile.slice(3, 7)} ${mobile.slice(7)}` : mobile;
}

function replyForm(mobile) {
  const label = `${WORDS.reply_from} ${grouped(mobile)}`;
  const form = make("form", "answer", { "data-mobile": mobile });
  form.append(
    make("input", "", { name: "content", "aria-label": label, placeholder: WORDS.reply_text, maxlength: "500", autocomplete: "off", required: true }),
    make("button", "plain", WORDS.reply, { type: "submit" }),
    button("TD", "plain", { "data-reply": "TD", "aria-label": `${WORDS.reply} TD`, title: WORDS.opts_out }),
  );
  return form;
}

function phoneFor(mobile) {
  if (phones.has(mobile)) return phones.get(mobile);
  const id = `phone-${mobile}`;
  const count = make("small");
  const list = make("ol", "", { tabindex: "0", "aria-labelledby": id });
  const problem = make("p", "problem", { role: "alert" });
  const head = make("header", "", make("h3", "", grouped(mobile), { id }), count);
  const card = make("article", "phone", { "aria-labelledby": id }, head, list, problem, replyForm(mobile));
  const phone = { mobile, card, list, count, total: 0 };
  phones.set(mobile, phone);
  return phone;
}

function marked(text, code) {
  const at = code ? text.indexOf(code) : -1;
  if (at < 0) return make("p", "", text);
  return make("p", "", text.slice(0, at), make("mark", "", code), text.slice(at + code.length));
}

function callLine() {
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", CALL_ICON);
  icon.append(path);
  return make("div", "kind", make("i", "ring", icon), make("span", "", WORDS.call));
}

function takeLine(code) {
  const taken = button(WORDS.copy, "copy", { "data-code": code, "aria-label": `${WORDS.copy_code} ${code}` });
  return make("div", "take", make("span", "code", code), taken);
}

function statusWord(status) {
  if (status === null) return WORDS.under_way;
  return status === DELIVERED ? WORDS.delivered : `${WORDS.undelivered} ${status}`;
}

function bubble(message) {
  const voice = message.kind === "voice";
  const item = make("li", first ? "" : "new", { "data-message": message.msg_id });
  item.classList.toggle("voice", voice);
  if (voice) item.append(callLine());
  item.append(marked(message.text, voice ? null : message.code));
  if (message.code) item.append(takeLine(message.code));
  if (voice && speech) item.append(button(WORDS.listen, "plain listen", { "data-speak": message.text }));
  const about = message.temp_id === null ? message.msg_id : `${WORDS.template} ${message.temp_id}`;
  const cost = message.segments > 1 ? ` · ${message.segments} ${WORDS.segments}` : "";
  const time = make("time", "", message.sent_at.slice(11, 19), { datetime: message.sent_at });
  const status = make("span", "status", statusWord(message.status));
  item.append(make("footer", "", time, status, make("span", "", about + cost)));
  return item;
}

function replyBubble(reply) {
  const item = make("li", first ? "mine" : "mine new", make("p", "", reply.content));
  const time = make("time", "", reply.sent_at.slice(11, 19), { datetime: reply.sent_at });
  const told = reply.opted_out ? WORDS.opted_out : WORDS.replied;
  item.append(make("footer", "", time, make("span", "", `${told} · ${reply.app_key}`)));
  return item;
}

function show(event) {
  const phone = phoneFor(event.mobile);
  const reply = "content" in event;
  phone.list.prepend(reply ? replyBubble(event) : bubble(event));
  phone.total += reply ? 0 : 1;
  phone.count.textContent = `${phone.total} ${phone.total === 1 ? WORDS.count_one : WORDS.count}`;
  while (phone.list.children.length > MOST_ITEMS) phone.list.lastChild.remove();
  // A phone in which somebody is at work stays where it is.
  if (!phone.card.isConnected || !phone.card.contains(document.activeElement)) byId("phones").prepend(phone.card);
}

function report({ mobile, msg_id, status }) {
  const items = phones.get(mobile)?.list.children ?? [];
  const item = Array.from(items).find((each) => each.dataset.message === msg_id);
  if (item) item.querySelector(".status").textContent = statusWord(status);
}

function announce(messages) {
  say(
    ...messages.slice(0, 3).map((message) => {
      const what = message.kind === "voice" ? WORDS.new_call : WORDS.new_message;
      return `${what} ${message.mobile}: ${message.text}`;
    }),
  );
}

function forgetOldPhones() {
  const cards = byId("phones").children;
  while (cards.length > MOST_PHONES) {
    const last = cards[cards.length - 1];
    last.remove();
    for (const [mobile, phone] of phones) if (phone.card === last) phones.delete(mobile);
  }
}

function filter() {
  const wanted = byId("find").value.replace(/\D/g, "");
  let shown = 0;
  for (const { mobile, card } of phones.values()) {
    card.hidden = !mobile.includes(wanted);
    shown += card.hidden ? 0 : 1;
  }
  byId("empty").hidden = first || phones.size > 0;
  byId("unmatched").hidden = !phones.size || shown > 0;
}

function startOver(answer) {
  phones.clear();
  byId("phones").replaceChildren();
  seen = 0;
  epoch = answer.epoch;
}

function take(answer) {
  epoch = answer.epoch;
  seen = answer.seq;
  const events = [...answer.messages, ...answer.replies].sort((a, b) => a.seq - b.seq);
  events.forEach(show);
  answer.reports.forEach(report);
  if (!first && answer.messages.length) announce(answer.messages);
  if (!first && document.hidden) unread += answer.messages.length;
  first = false;
  document.title = (unread ? `(${unread}) ` : "") + title;
  forgetOldPhones();
  filter();
}

// One asks at a time: a reply wants its answer at once, and the next second is not to show it twice.
let asking = null;
function ask() {
  asking ??= fetchNew().finally(() => (asking = null));
  return asking;
}

async function fetchNew() {
  const answer = await call(`events?since=${seen}&limit=${BATCH}`);
  if (epoch === null || epoch === answer.epoch) return take(answer);
  startOver(answer);
  return take(await call(`events?since=0&limit=${BATCH}`));
}

async function reply(form, content) {
  const problem = form.closest("article").querySelector(".problem");
  problem.textContent = "";
  try {
    await call("reply", { mobile: form.dataset.mobile, content });
  } catch (error) {
    problem.textContent = `${WORDS.refused} ${error.message}`;
    return;
  }
  form.elements.content.value = "";
  say(WORDS.replied);
  await asking;
  await ask();
}

function speak(pressed) {
  speech.cancel();
  const words = new SpeechSynthesisUtterance(pressed.dataset.speak);
  words.lang = /[\u4e00-\u9fff]/.test(words.text) ? "zh-CN" : "en-US";
  words.rate = 0.8;
  speech.speak(words);
}

document.addEventListener("click", ({ target }) => {
  const pressed = target.closest("button");
  if (!pressed) return;
  const { code, copy: copied, reply: content, speak: text } = pressed.dataset;
  if (code) copy(code, pressed, pressed.previousElementSibling);
  if (copied) copy(byId(copied).textContent, pressed, byId(copied));
  if (content) reply(pressed.form, content);
  if (text) speak(pressed);
});
document.addEventListener("submit", (event) => {
  event.preventDefault();
  reply(event.target, event.target.elements.content.value);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = title;
});
byId("find").addEventListener("input", filter);

function readAddress() {
  const number = decodeURIComponent(location.hash.slice(1));
  if (/^\d+$/.test(number)) byId("find").value = number;
  filter();
}
addEventListener("hashchange", readAddress);
readAddress();
watch(ask);
