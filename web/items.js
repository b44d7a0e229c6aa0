// The items behind a figure: a list that the address filters.
import { choose, link, read } from "./address.js";
import { h, set, table } from "./dom.js";
import * as format from "./format.js";
import { ask } from "./streams.js";
import { NONE } from "./tables.js";

const OUTCOMES = ["accepted", "rejected", "failed", "rejected,failed", "abandoned", "open"];
const FILTERS = ["outcome", "kind", "operation", "error", "reason"];
const PAGE = 50;

export const outcomeBadge = (outcome) => h("span", { class: `badge ${{ accepted: "healthy", rejected: "degraded", failed: "failed" }[outcome] ?? ""}` }, outcome);

const total = (calls, member) => calls.reduce((sum, call) => sum + (call[member] ?? 0), 0);
const tokens = (item) => total(item.calls, "total_tokens") || total(item.calls, "prompt_tokens") + total(item.calls, "completion_tokens");
const cost = (item) => (item.calls.some((call) => call.cost_usd != null) ? total(item.calls, "cost_usd") : null);

// What the server is asked for, from what the address says.
function queryOf(words) {
  const asked = { limit: PAGE };
  for (const name of FILTERS) if (words.get(name)) asked[name] = words.get(name) === NONE ? "" : words.get(name);
  if (words.get("id")) asked.id = words.get("id");
  if (words.get("slowest")) asked.slowest = PAGE;
  if (words.get("from")) asked.since_ms = words.get("from");
  if (words.get("to")) asked.until_ms = words.get("to");
  return asked;
}

// The words that each filter offers, as the summary of the run has them.
function offers({ items, operations, failures }) {
  const unique = (all) => [...new Set(all)].filter(Boolean).sort();
  return {
    outcome: OUTCOMES, kind: unique(items.map((i) => i.kind)), operation: unique(operations.map((o) => o.operation)),
    error: unique(failures.map((f) => f.error_type)), reason: unique(items.flatMap((i) => i.reasons.map((r) => r.reason || NONE))),
  };
}

function filterForm(summary, changed) {
  const words = offers(summary), selects = {};
  const pick = (name) => {
    const chosen = read().query.get(name) ?? "";
    const values = words[name].includes(chosen) || !chosen ? words[name] : [chosen, ...words[name]];
    selects[name] = h("select", { id: `by-${name}`, onchange: () => changed({ [name]: selects[name].value }) }, h("option", { value: "" }, "any"),
      ...values.map((value) => h("option", { value, selected: value === chosen }, value === NONE ? "(none given)" : value.replace(",", " or "))));
    return h("label", { class: "box", for: `by-${name}` }, name === "error" ? "error type" : name, selects[name]);
  };
  const id = h("input", { id: "by-id", type: "search", maxlength: "200" });
  id.value = read().query.get("id") ?? "";
  const slow = h("input", { type: "checkbox", checked: Boolean(read().query.get("slowest")), onchange: () => changed({ slowest: slow.checked ? "yes" : null }) });
  return h("form", { class: "search", role: "search", onsubmit: (event) => { event.preventDefault(); changed({ id: id.value }); } },
    ...FILTERS.map(pick), h("label", { class: "box", for: "by-id" }, "id", id), h("label", { class: "box" }, slow, "slowest first"), h("button", { type: "submit" }, "Show"));
}

const COLUMNS = [["Item"], ["Outcome"], ["Why", "text"], ["Attempts", "number"], ["Started", "number"], ["Took", "number"], ["Calls", "number"], ["Failed", "number"], ["Tokens", "number"], ["Cost", "number"]];

function row(run, item) {
  const failed = item.calls.filter((call) => !call.success && !call.retried).length;
  const error = item.calls.findLast((call) => !call.success && call.error)?.error;
  return [h("a", { href: link(["run", run, "item", encodeURIComponent(item.id)]) }, `${item.kind} ${item.id}`), outcomeBadge(item.outcome),
    h("span", { title: error ?? "" }, item.reason ?? item.error_type ?? "–"), format.count(item.attempts), format.time(Date.parse(item.started)),
    item.seconds == null ? "–" : format.seconds(item.seconds), format.count(item.calls.length + item.calls_left_out), format.count(failed), format.compact(tokens(item)), format.dollars(cost(item))];
}

function stretch(words) {
  const [from, to] = [Number(words.get("from")), Number(words.get("to"))];
  return words.get("from") && words.get("to") ? `those that lived between ${format.time(from)} and ${format.time(to)}` : "";
}

export const crumbs = (run, name, ...more) => h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs"), " / ", h("a", { href: link(["run", run]) }, name), ...more.flatMap((one) => [" / ", one]));

export function itemsPage(main, id) {
  const list = table("Items", COLUMNS, 2);
  const note = h("p", { class: "lead", role: "status" }, "Looking for items");
  const more = h("button", { type: "button", hidden: true, onclick: () => load(false) }, "More");
  const clear = h("button", { type: "button", class: "quiet", hidden: true, onclick: () => changed({ from: null, to: null }) }, "Any time");
  const place = h("div", {});
  let found = [], next = null, number = 0, run = null;
  const changed = (words) => { choose(words, true); load(true); };
  const load = async (anew) => {
    const mine = ++number, words = read().query;
    clear.hidden = !words.get("from");
    if (anew) { found = []; next = null; }
    note.textContent = "Looking for items";
    const page = await ask(`/runs/${id}/items`, { ...queryOf(words), ...(next ? { cursor: next } : {}) });
    if (mine !== number) return;
    if (!page) { note.textContent = "The items cannot be read now."; return; }
    found = [...found, ...page.items];
    next = page.next;
    more.hidden = !next;
    list.fill(found, () => found.map((item) => row(id, item)));
    const tells = run.summary.items.some((i) => !i.inferred);
    note.textContent = [!tells ? "This run tells of no items, so there is nothing to list: its calls are in its files, and its failures in the log on its page."
      : `${format.count(found.length)}${next ? " and more" : ""}, ${words.get("slowest") ? "the slowest" : "the one begun last"} first`, stretch(words)].filter(Boolean).join("; ");
  };
  const begin = async () => {
    run = await ask(`/runs/${id}`);
    if (!main.contains(place)) return;
    if (!run) { note.textContent = "There is no such run in the folders that are served."; return; }
    const name = run.about?.name ?? run.name;
    document.title = `Items of ${name}: afmon`;
    set(place, crumbs(id, name, "Items"));
    form.replaceWith(form = filterForm(run.summary, changed));
    load(true);
  };
  let form = h("div", {});
  set(main, place, h("div", { class: "title" }, h("h1", {}, "Items"), clear), note, form, list.section, more);
  begin();
  return [{ redraw() {}, close() { number++; }, readdress() { if (run) { form.replaceWith(form = filterForm(run.summary, changed)); load(true); } } }];
}
