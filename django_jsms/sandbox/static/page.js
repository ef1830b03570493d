// What the three pages share: words, nodes, calls, and asking once a second. Texts go in by textContent only.
export const WORDS = JSON.parse(document.body.dataset.words);
const PAUSE = 1000;

export const byId = (id) => document.getElementById(id);

/** make("p", "hint", "text", {id: "x"}, child, …): strings after the first are texts too. */
export function make(tag, className, ...inside) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  for (const each of inside) {
    if (each === undefined || each === null) continue;
    if (each instanceof Node || typeof each === "string") node.append(each);
    else for (const [name, value] of Object.entries(each)) if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

export function button(text, className, attributes) {
  return make("button", className, text, { type: "button", ...attributes });
}

/** The answer of the control API; what it refuses is thrown as its reason. */
export async function call(path, body, method = body === undefined ? "GET" : "POST") {
  const told = body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`/_sandbox/${path}`, { method, cache: "no-store", ...told });
  const given = await answer.json();
  if (!answer.ok) throw new Error(given.error.reason);
  return given;
}

export function say(...texts) {
  byId("news").replaceChildren(...texts.map((text) => make("p", "", text)));
}

function live(works) {
  const sign = byId("live");
  if (sign.classList.contains("lost") !== works) return;
  sign.classList.toggle("lost", !works);
  sign.lastElementChild.textContent = works ? WORDS.live : WORDS.lost;
}

/** Calls `ask` now and a second after each end, for ever. */
export async function watch(ask) {
  try {
    await ask();
    live(true);
  } catch {
    live(false);
  }
  setTimeout(watch, PAUSE, ask);
}

export async function copy(text, pressed, shown) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Without a secure origin there is no clipboard: select it, the keyboard does the rest.
    if (shown) getSelection().selectAllChildren(shown);
    return;
  }
  pressed.textContent = WORDS.copied;
  say(WORDS.copied);
  setTimeout(() => (pressed.textContent = WORDS.copy), 1500);
}
