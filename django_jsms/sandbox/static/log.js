// The request log: the newest requests to JSMS, newest first, each with what was sent and answered.
import { WORDS, byId, call, make, watch } from "./page.js";

const MOST_ROWS = 200;
// As much of a body as the sandbox keeps.
const MOST_BYTES = 4000;
const shown = [];
let seen = 0;
let epoch = null;

function headers(exchange) {
  return Object.entries(exchange.headers).map(([name, value]) => `${name}: ${value}`).join("\n");
}

function block(name, text) {
  const label = { tabindex: "0", role: "group", "aria-label": name };
  return text ? [make("h3", "", name), make("pre", "", text, label)] : [];
}

// What is folded away is made when somebody opens it: two hundred rows stay light.
function unfold(details, exchange) {
  if (details.children.length > 1) return;
  const cut = exchange.size > MOST_BYTES ? `, ${MOST_BYTES} / ${exchange.size} ${WORDS.bytes}` : "";
  details.append(
    ...block(WORDS.sent, headers(exchange)),
    ...block(WORDS.body + cut, exchange.body),
    ...block(WORDS.answer, exchange.answer ?? WORDS.no_answer),
  );
}

function row(exchange) {
  const failed = exchange.status === null || exchange.status >= 400;
  const details = make("details", "", make("summary", "", exchange.path));
  details.addEventListener("toggle", () => details.open && unfold(details, exchange));
  const path = make("td", "path", details);
  if (exchange.fault) path.append(make("small", "", `${WORDS.fault}: ${exchange.fault.fault}`));
  if (exchange.hint) path.append(make("small", "", exchange.hint));
  return make(
    "tr",
    failed ? "failed" : "",
    make("td", "", make("time", "", exchange.time.slice(11, 19), { datetime: exchange.time })),
    make("td", "method", exchange.method),
    path,
    make("td", "status", make("span", "chip", String(exchange.status ?? "—"))),
    make("td", "", exchange.code ? String(exchange.code) : ""),
    make("td", "key", exchange.app_key || "—"),
  );
}

function filter() {
  const wanted = byId("find").value.trim().toLowerCase();
  let visible = 0;
  for (const { exchange, node } of shown) {
    const found = `${exchange.method} ${exchange.path} ${exchange.app_key} ${exchange.code ?? ""} ${exchange.body}`.toLowerCase().includes(wanted);
    node.hidden = !found || (byId("failed").checked && !node.classList.contains("failed"));
    visible += node.hidden ? 0 : 1;
  }
  byId("empty").hidden = shown.length > 0;
  byId("table").hidden = visible === 0;
  byId("unmatched").hidden = !shown.length || visible > 0;
}

function add(exchange) {
  const node = row(exchange);
  byId("rows").prepend(node);
  shown.push({ exchange, node });
  if (shown.length > MOST_ROWS) shown.shift().node.remove();
}

function startOver() {
  shown.length = 0;
  byId("rows").replaceChildren();
}

watch(async () => {
  const answer = await call(`requests?since=${seen}&limit=${MOST_ROWS}`);
  if (epoch !== null && epoch !== answer.epoch) startOver();
  epoch = answer.epoch;
  answer.requests.reverse().forEach(add);
  seen = answer.requests.at(-1)?.seq ?? seen;
  filter();
});
byId("find").addEventListener("input", filter);
byId("failed").addEventListener("change", filter);
