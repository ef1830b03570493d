// The page of virtual phones: asks the outbox once a second and shows what is new. Texts go in by textContent only.
"use strict";

const WORDS = JSON.parse(document.body.dataset.words);
const MOST_PHONES = 100;
const MOST_MESSAGES = 50;
const BATCH = 300;
const PAUSE = 1000;
const CALL_ICON =
  "M6.6 10.8a15 15 0 0 0 6.6 6.6l2.2-2.2a1 1 0 0 1 1-.25 11 11 0 0 0 3.5.56 1 1 0 0 1 1 1V20a1 1 0 0 1-1 1A17 17 0 0 1 3 4a1 1 0 0 1 1-1h3.5a1 1 0 0 1 1 1 11 11 0 0 0 .56 3.5 1 1 0 0 1-.25 1z";

const byId = (id) => document.getElementById(id);
const phones = new Map();
let seen = 0;
let epoch = null;
let first = true;
let unread = 0;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function grouped(mobile) {
  return /^\d{11}$/.test(mobile) ? `${mobile.slice(0, 3)} ${mobile.slice(3, 7)} ${mobile.slice(7)}` : mobile;
}

function phoneFor(mobile) {
  if (phones.has(mobile)) return phones.get(mobile);
  const card = make("article", "phone");
  const head = make("header");
  const title = make("h2", "", grouped(mobile));
  const count = make("small");
  const list = make("ol");
  list.tabIndex = 0;
  title.id = `phone-${mobile}`;
  card.setAttribute("aria-labelledby", title.id);
  list.setAttribute("aria-labelledby", title.id);
  head.append(title, count);
  card.append(head, list);
  const phone = { mobile, card, list, count, total: 0 };
  phones.set(mobile, phone);
  return phone;
}

function marked(text, code) {
  const line = make("p");
  const at = code ? text.indexOf(code) : -1;
  if (at < 0) {
    line.textContent = text;
  } else {
    line.append(text.slice(0, at), make("mark", "", code), text.slice(at + code.length));
  }
  return line;
}

function callLine() {
  const line = make("div", "kind");
  const space = "http://www.w3.org/2000/svg";
  const icon = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  icon.setAttribute("viewBox", "0 0 24 24");
  icon.setAttribute("aria-hidden", "true");
  path.setAttribute("d", CALL_ICON);
  icon.append(path);
  line.append(icon, make("span", "", WORDS.call));
  return line;
}

function takeLine(code) {
  const line = make("div", "take");
  const button = make("button", "copy", WORDS.copy);
  button.type = "button";
  button.dataset.code = code;
  button.setAttribute("aria-label", `${WORDS.copy_code} ${code}`);
  line.append(make("span", "code", code), button);
  return line;
}

function bubble(message) {
  const item = make("li", first ? "" : "new");
  if (message.kind === "voice") {
    item.classList.add("voice");
    item.append(callLine());
  }
  item.append(marked(message.text, message.kind === "voice" ? null : message.code));
  if (message.code) item.append(takeLine(message.code));
  const foot = make("footer");
  const about = message.temp_id === null ? message.msg_id : `${WORDS.template} ${message.temp_id}`;
  const cost = message.segments > 1 ? ` · ${message.segments} ${WORDS.segments}` : "";
  const time = make("time", "", message.sent_at.slice(11, 19));
  time.dateTime = message.sent_at;
  foot.append(time, make("span", "", about + cost));
  item.append(foot);
  return item;
}

function show(message) {
  const phone = phoneFor(message.mobile);
  phone.list.prepend(bubble(message));
  phone.total += 1;
  phone.count.textContent = `${phone.total} ${phone.total === 1 ? WORDS.count_one : WORDS.count}`;
  while (phone.list.children.length > MOST_MESSAGES) phone.list.lastChild.remove();
  // A phone in which somebody is at work stays where it is.
  if (!phone.card.isConnected || !phone.card.contains(document.activeElement)) byId("phones").prepend(phone.card);
}

function announce(messages) {
  const news = byId("news");
  news.replaceChildren(
    ...messages.slice(0, 3).map((message) => {
      const what = message.kind === "voice" ? WORDS.new_call : WORDS.new_message;
      return make("p", "", `${what} ${message.mobile}: ${message.text}`);
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

function startOver() {
  phones.clear();
  byId("phones").replaceChildren();
  seen = 0;
}

function take(answer) {
  if (epoch !== null && epoch !== answer.epoch) {
    startOver();
    epoch = answer.epoch;
    return ask();
  }
  epoch = answer.epoch;
  const messages = answer.messages;
  if (!messages.length && !first) return filter();
  messages.slice().reverse().forEach(show);
  if (messages.length) seen = messages[0].seq;
  if (!first) {
    announce(messages);
    if (document.hidden) unread += messages.length;
  }
  first = false;
  document.title = (unread ? `(${unread}) ` : "") + WORDS.title;
  forgetOldPhones();
  return filter();
}

async function ask() {
  const answer = await fetch(`/_sandbox/outbox?since=${seen}&limit=${BATCH}`, { cache: "no-store" });
  if (!answer.ok) throw new Error(String(answer.status));
  return take(await answer.json());
}

function live(works) {
  const sign = byId("live");
  if (sign.classList.contains("lost") !== works) return;
  sign.classList.toggle("lost", !works);
  sign.lastElementChild.textContent = works ? WORDS.live : WORDS.lost;
}

async function watch() {
  try {
    await ask();
    live(true);
  } catch {
    live(false);
  }
  setTimeout(watch, PAUSE);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure origin there is no clipboard: select it, the keyboard does the rest.
    const code = button.previousElementSibling;
    if (code) getSelection().selectAllChildren(code);
    return;
  }
  const word = button.textContent;
  button.textContent = WORDS.copied;
  byId("news").textContent = WORDS.copied;
  setTimeout(() => (button.textContent = word === WORDS.copied ? WORDS.copy : word), 1500);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.code) copy(button.dataset.code, button);
  if (button.dataset.copy) copy(byId(button.dataset.copy).textContent, button);
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  unread = 0;
  document.title = WORDS.title;
});
byId("find").addEventListener("input", filter);

function readAddress() {
  const number = decodeURIComponent(location.hash.slice(1));
  if (/^\d+$/.test(number)) byId("find").value = number;
  filter();
}
addEventListener("hashchange", readAddress);
readAddress();
watch();
