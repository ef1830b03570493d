// The console's part of JSMS: audits, balances, opt-outs, addresses, of one application at a time.
import { WORDS, button, byId, call, make, say, watch } from "./page.js";

const MOST = 100;
const NEWEST = 10;
const POOLS = { balance: WORDS.pool_balance, voice: WORDS.pool_voice, industry: WORDS.pool_industry, market: WORDS.pool_market };
const STATUS = { auditing: WORDS.auditing, approved: WORDS.approved, rejected: WORDS.rejected };
const TYPES = { code: WORDS.type_code, notice: WORDS.type_notice, marketing: WORDS.type_marketing };
const KINDS = { SMS_REPORT: WORDS.kind_report, SMS_REPLY: WORDS.kind_reply, SMS_TEMPLATE: WORDS.kind_template, SMS_SIGN: WORDS.kind_sign };
const STATES = { waiting: WORDS.waiting, held: WORDS.held, retrying: WORDS.retrying, delivered: WORDS.accepted, lost: WORDS.gone };

const drawn = new Map();
const forced = new Set();
let chosen = null;
let rounds = 0;

/** Sends it for the chosen app, tells of it, and shows the section anew; a refusal stands in the section. */
async function act(section, path, body, method) {
  const problem = byId(section).querySelector(".problem");
  problem.textContent = "";
  try {
    await call(path, body && { ...body, app_key: chosen }, method);
  } catch (error) {
    problem.textContent = `${WORDS.refused} ${error.message}`;
    return;
  }
  say(WORDS.saved);
  forced.add(section);
  await refresh();
}

function press(text, key, done, attributes) {
  const pressed = button(text, "plain", { "data-key": key, ...attributes });
  pressed.addEventListener("click", done);
  return pressed;
}

function form(done, className, ...inside) {
  const made = make("form", className, ...inside);
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    done(made.elements);
  });
  return made;
}

function save(key, text = WORDS.save) {
  return make("button", "plain", text, { type: "submit", "data-key": key });
}

// A section in which somebody has begun something waits with its news.
function busy(section) {
  const begun = ({ type, value, defaultValue, checked, defaultChecked }) =>
    type === "checkbox" ? checked !== defaultChecked : value !== defaultValue;
  return Array.from(section.querySelectorAll("input")).some(begun) || section.querySelector("details[open]") !== null;
}

function draw(name, data, build) {
  const section = byId(name);
  const text = JSON.stringify([chosen, data]);
  const must = forced.delete(name);
  if (!must && (drawn.get(name) === text || busy(section))) return;
  drawn.set(name, text);
  const content = section.querySelector(".content");
  const at = content.contains(document.activeElement) ? document.activeElement : null;
  const key = at?.dataset.key;
  content.replaceChildren(...build(data));
  if (!at) return;
  const again = key && content.querySelector(`[data-key="${CSS.escape(key)}"]:not(:disabled)`);
  (again || section.querySelector("h3")).focus();
}

function listed(all, each, none) {
  if (!all.length) return [make("p", "none", none)];
  const items = all.slice(0, MOST).map(each);
  const more = all.length - items.length;
  return [make("ul", "", ...items), ...(more > 0 ? [make("p", "hint", `+ ${more}`)] : [])];
}

function refusal(section, path, id) {
  const label = `${WORDS.reason} ${id}`;
  const reason = make("input", "", { name: "reason", "aria-label": label, placeholder: WORDS.reason, maxlength: "200" });
  const send = ({ reason }) => act(section, path, { status: "rejected", ...(reason.value ? { reason: reason.value } : {}) });
  const confirm = make("button", "plain bad", WORDS.refuse, { type: "submit", "aria-label": `${WORDS.refuse} ${id}: ${WORDS.confirm}` });
  const summary = make("summary", "plain", `${WORDS.refuse}…`, { "data-key": `refuse-${id}`, "aria-label": `${WORDS.refuse} ${id}` });
  return make("details", "", summary, form(send, "row", reason, confirm));
}

function draft(section, each) {
  const id = each.temp_id ?? each.sign_id;
  const path = `${section}/${id}/audit`;
  const about = [`#${id}`, TYPES[each.type], each.default && WORDS.default_sign].filter(Boolean).join(" · ");
  const chip = make("span", `chip ${each.status}`, STATUS[each.status]);
  const acts = make("div", "row");
  if (each.status !== "approved") {
    const approve = () => act(section, path, { status: "approved" });
    acts.append(press(WORDS.approve, `approve-${id}`, approve, { "aria-label": `${WORDS.approve} ${id}` }));
  }
  if (each.status !== "rejected") acts.append(refusal(section, path, id));
  if (each.default === false && each.status === "approved") {
    const prefer = () => act(section, `signatures/${id}/default`, {});
    acts.append(press(WORDS.make_default, `default-${id}`, prefer, { "aria-label": `${WORDS.make_default} ${id}` }));
  }
  return make(
    "li",
    "draft",
    make("div", "about", chip, make("span", "", about)),
    make("p", "text", each.template ?? `【${each.sign}】`),
    each.remark ? make("p", "hint", `${WORDS.remark}: ${each.remark}`) : null,
    each.reason ? make("p", "hint", `${WORDS.reason}: ${each.reason}`) : null,
    acts,
  );
}

function drafts(section) {
  const waits = ({ status }) => (status === "auditing" ? 0 : 1);
  return (all) => listed([...all].reverse().sort((a, b) => waits(a) - waits(b)), (each) => draft(section, each), WORDS.none);
}

function pools(of, key, given) {
  const fields = Object.entries(POOLS).map(([name, text]) => {
    const value = given[name] === null ? "" : String(given[name]);
    const field = make("input", "", { name, type: "number", min: "0", step: "1", value, placeholder: WORDS.never_allotted, "data-key": `${of}-${name}` });
    return make("label", "field", make("span", "", text), field);
  });
  const send = (elements) => {
    const changed = Object.keys(POOLS).filter((name) => elements[name].value !== elements[name].defaultValue);
    const values = changed.map((name) => [name, elements[name].value === "" ? null : Number(elements[name].value)]);
    if (changed.length) act("balances", "balances", { of, ...Object.fromEntries(values) });
  };
  const name = `${of === "app" ? WORDS.app : WORDS.account} ${key}`;
  const saved = make("button", "plain", WORDS.save, { type: "submit", "data-key": `${of}-save`, "aria-label": `${WORDS.save} ${name}` });
  return form(send, "", make("fieldset", "", make("legend", "", name), ...fields, saved));
}

function balances({ app_key, dev_key, own, account }) {
  return [make("div", "halves", pools("app", app_key, own), pools("account", dev_key, account))];
}

function switches({ enabled, blacklisted }) {
  const given = { enabled: [WORDS.enabled, enabled], blacklisted: [WORDS.blacklisted, blacklisted] };
  return Object.entries(given).map(([name, [text, on]]) => {
    const box = make("input", "", { type: "checkbox", checked: on, "data-key": name });
    box.addEventListener("change", () => act("switches", "apps", { [name]: box.checked }));
    return make("label", "check", box, text);
  });
}

function optouts(all) {
  const remove = (mobile) =>
    act("optouts", `optouts?${new URLSearchParams({ mobile, app_key: chosen })}`, undefined, "DELETE");
  const item = (mobile) =>
    make("li", "row spread", make("span", "", mobile), press(WORDS.remove, mobile, () => remove(mobile), { "aria-label": `${WORDS.remove} ${mobile}` }));
  const field = make("input", "", { name: "mobile", inputmode: "numeric", maxlength: "11", "aria-label": WORDS.mobile, placeholder: WORDS.mobile, autocomplete: "off", required: true, "data-key": "mobile" });
  const add = ({ mobile }) => act("optouts", "optouts", { mobile: mobile.value.trim() });
  return [...listed(all, item, WORDS.none), form(add, "row", field, save("add", WORDS.add))];
}

function ips(all) {
  const field = make("input", "", { name: "ips", value: all.join(" "), "aria-label": WORDS.ips, placeholder: WORDS.everybody, autocomplete: "off", "data-key": "ips" });
  const send = ({ ips }) => act("ips", "ips", { ips: ips.value.split(/[\s,，]+/).filter(Boolean) });
  return [form(send, "row", field, save("save"))];
}

function address(kind, url) {
  const field = make("input", "", { name: "url", inputmode: "url", value: url ?? "", "aria-label": `${WORDS.address} ${kind}`, placeholder: "http://127.0.0.1:8000/jsms/callback/", autocomplete: "off", "data-key": kind });
  const send = ({ url }) => act("callbacks", "callbacks", { kind, url: url.value.trim() || null });
  const test = () => act("callbacks", "callbacks/test", { kind });
  const saved = make("button", "plain", WORDS.save, { type: "submit", "data-key": `save-${kind}`, "aria-label": `${WORDS.save} ${kind}` });
  const tested = press(WORDS.test, `test-${kind}`, test, { disabled: url === undefined, "aria-label": `${WORDS.test} ${kind}` });
  return form(send, "address", make("span", "kind", KINDS[kind], make("small", "", kind)), field, make("div", "row", saved, tested));
}

function told({ number, kind, status, attempts }) {
  const last = attempts.at(-1);
  return { number, kind, status, at: last?.time.slice(11, 19) ?? "", answered: last ? (last.status ?? last.error) : "" };
}

function notification({ number, kind, status, at, answered }) {
  const about = make("span", "", `#${number} ${KINDS[kind]} `, make("small", "", `${at} ${answered}`));
  return make("li", "row spread", about, make("span", `chip ${status}`, STATES[status]));
}

function callbacks({ urls, newest }) {
  const addresses = Object.keys(KINDS).map((kind) => address(kind, urls[kind]));
  return [...addresses, make("h4", "", WORDS.newest), ...listed(newest, notification, WORDS.none_posted)];
}

function pick(apps) {
  const select = byId("app");
  const keys = apps.map((each) => each.app_key);
  if (!keys.includes(chosen)) chosen = keys[0];
  byId("pick").hidden = keys.length < 2;
  const known = Array.from(select.options, (each) => each.value);
  if (String(known) !== String(keys)) select.replaceChildren(...keys.map((key) => make("option", "", key, { value: key })));
  select.value = chosen;
  return apps.find((each) => each.app_key === chosen);
}

// What was asked before somebody acted may answer later: only the newest round is drawn.
async function refresh() {
  const round = ++rounds;
  const app = pick((await call("apps")).apps);
  const key = chosen;
  const mine = `?${new URLSearchParams({ app_key: key })}`;
  const [templates, signatures, pooled, out, posted] = await Promise.all(
    [`templates${mine}`, `signatures${mine}`, "balances", `optouts${mine}`, `callbacks?limit=${MOST}`].map((path) => call(path)),
  );
  if (round !== rounds) return;
  draw("templates", templates.templates, drafts("templates"));
  draw("signatures", signatures.signatures, drafts("signatures"));
  draw("balances", { app_key: key, dev_key: app.dev_key, own: app.balances, account: pooled.accounts[app.dev_key] }, balances);
  draw("switches", { enabled: app.enabled, blacklisted: app.blacklisted }, switches);
  draw("optouts", out.optouts, optouts);
  draw("ips", app.ips, ips);
  const newest = posted.notifications.filter((each) => each.app_key === key).slice(0, NEWEST);
  draw("callbacks", { urls: posted.apps[key].urls, newest: newest.map(told) }, callbacks);
}

byId("app").addEventListener("change", () => {
  chosen = byId("app").value;
  for (const section of document.querySelectorAll(".card")) {
    section.querySelector(".problem").textContent = "";
    forced.add(section.id);
  }
  refresh();
});
watch(refresh);
