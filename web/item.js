// One item: its conversation, and the calls that were made for it on a time line. It is read again while it is open.
import { h, set, table } from "./dom.js";
import * as format from "./format.js";
import { crumbs, outcomeBadge } from "./items.js";
import { ask } from "./streams.js";

const AGAIN_MS = 2000; // longer and longer while nothing changes: each look reads the run's files
const RARELY_MS = 30_000;
const ROLES = { human: "user", gpt: "assistant", system: "system" };

// The turns of the shapes that data sets have; null: it has another one.
function turns(text) {
  const all = text?.conversations ?? text?.messages ?? text?.conversation ?? (Array.isArray(text) ? text : null);
  if (!Array.isArray(all) || !all.every((one) => one && typeof one === "object")) return null;
  const found = all.map((one) => ({ role: ROLES[one.from] ?? one.role ?? one.from ?? "", content: one.content ?? one.value ?? one.text }));
  return found.every((one) => one.content !== undefined) ? found : null;
}

const plain = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 1));

function conversation(item) {
  if (item.text === undefined || item.text === null) return h("p", { class: "empty" }, "Its text is not there: afmon serve --texts shows it, where the run's data set lies in a folder that is served.");
  const found = turns(item.text);
  if (!found) return h("pre", { class: "whole", tabindex: "0" }, plain(item.text));
  return h("ol", { class: "turns" }, ...found.map((turn) => h("li", { class: turn.role === "assistant" ? "assistant" : "" }, h("b", {}, turn.role), h("p", {}, plain(turn.content)))));
}

const began = (call) => Date.parse(call.started);
const ended = (call) => began(call) + (call.seconds ?? 0) * 1000;
const nameOf = (call) => (call.evaluation ? `evaluation ${call.evaluator_type ?? ""}` : call.operation ?? "call");

// A bar a call: where it lies in the item's life, and how it went.
function timeLine(item) {
  if (item.calls.length === 0) return h("p", { class: "empty" }, "No call names it yet.");
  const from = Math.min(Date.parse(item.started), ...item.calls.map(began));
  const to = Math.max(item.ended ? Date.parse(item.ended) : 0, ...item.calls.map(ended), from + 1);
  const bar = (call) => {
    const state = call.retried ? "retried" : call.success ? "good" : "bad";
    const inner = h("i", { class: state });
    inner.style.marginLeft = `${((began(call) - from) / (to - from)) * 100}%`;
    inner.style.width = `${Math.max(0.4, ((ended(call) - began(call)) / (to - from)) * 100)}%`;
    const how = call.retried ? `${call.error_type ?? "failed"}, tried again` : call.success ? "" : call.error_type ?? "failed";
    return h("li", {}, h("span", { class: "what" }, nameOf(call), call.attempt > 1 ? ` (attempt ${call.attempt})` : "", call.model_name ? h("span", { class: "note" }, ` ${call.model_name}`) : null),
      h("span", { class: "line", "aria-hidden": "true" }, inner), h("span", { class: "took" }, format.seconds(call.seconds), how ? h("span", { class: "state firing" }, ` ${how}`) : null));
  };
  return h("div", {}, h("ol", { class: "calls" }, ...item.calls.map(bar)), h("p", { class: "note" }, `From ${format.time(from)}, over ${format.seconds((to - from) / 1000)}`));
}

const COLUMNS = [["Call"], ["Model"], ["Started", "number"], ["Took", "number"], ["Status", "number"], ["Prompt", "number"], ["Completion", "number"], ["Cost", "number"], ["Error", "text"]];
const callRow = (call) => [nameOf(call), call.model_name ?? "–", format.time(began(call)), format.seconds(call.seconds), call.status == null ? "–" : String(call.status),
  format.count(call.prompt_tokens), format.count(call.completion_tokens), format.dollars(call.cost_usd), call.error ?? call.error_type ?? "–"];

export function itemPage(main, run, itemId) {
  const place = h("div", {}), head = h("div", { class: "title" }), lead = h("p", { class: "lead" }, "Looking for it");
  const text = h("section", { class: "card" }), line = h("section", { class: "card" });
  const calls = table("Calls", COLUMNS, 2);
  let timer = 0, closed = false, drawn = "", wait = AGAIN_MS;
  const draw = (item) => {
    const key = JSON.stringify(item);
    wait = key === drawn ? Math.min(wait * 1.5, RARELY_MS) : AGAIN_MS;
    if (key === drawn) return;
    drawn = key;
    set(head, h("h1", {}, `${item.kind} ${item.id}`), outcomeBadge(item.outcome));
    const why = item.reason ?? item.error_type;
    lead.textContent = [why, item.attempts > 1 ? `${item.attempts} attempts` : "", `started ${format.time(Date.parse(item.started))}`, item.seconds == null ? "" : `took ${format.seconds(item.seconds)}`].filter(Boolean).join(" · ");
    set(text, h("h2", { class: "heading" }, "Text"), conversation(item));
    set(line, h("h2", { class: "heading" }, "Calls over time"), timeLine(item));
    calls.fill(item.calls, () => item.calls.map(callRow));
  };
  const load = async () => {
    const found = await ask(`/runs/${run}/items`, { id: itemId, text: "if-there" });
    if (closed) return;
    if (found?.items.length) draw(found.items[0]);
    else if (!drawn) lead.textContent = found ? "There is no such item in this run." : "There is no such run in the folders that are served.";
    const over = found?.items.length && !["open", "abandoned"].includes(found.items[0].outcome); // an abandoned one may be made again
    if (found && !over) timer = setTimeout(load, wait);
  };
  set(main, place, head, lead, text, line, calls.section);
  document.title = `Item ${itemId}: afmon`;
  ask(`/runs/${run}`).then((of) => { if (!closed && of) set(place, crumbs(run, of.about?.name ?? of.name, h("a", { href: `#/run/${run}/items` }, "Items"), itemId)); });
  load();
  return [{ redraw() {}, close() { closed = true; clearTimeout(timer); } }];
}
