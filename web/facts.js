// What a run came to, in figures: first what was made, when it is done and what it cost, then the calls behind it.
import { fact, h, say } from "./dom.js";
import * as format from "./format.js";

export const plural = (kind) => (kind.endsWith("s") ? kind : `${kind}s`);
const calls = (n) => `${format.count(n)} ${n === 1 ? "call" : "calls"}`;
export const unpriced = (cost) => `Unpriced: ${calls(cost.unpriced_calls)} with ${format.compact(cost.unpriced_tokens)} tokens`;
const sum = (rows, member) => rows.reduce((total, row) => total + row[member], 0);
const share = (part, all) => format.percent(all ? part / all : null);

export function planBar() {
  const bar = h("progress", { max: "1", "aria-label": "Progress of the plan" });
  const text = h("span", {});
  const element = h("p", { class: "plan", hidden: true }, bar, text);
  return {
    element,
    show(run) {
      element.hidden = run.plan == null;
      if (!run.plan) return;
      const { planned, done, per_s, eta_s, eta_p10_s, eta_p90_s, open, oldest_s } = run.plan;
      bar.value = planned > 0 ? Math.min(1, done / planned) : 1;
      const ends = run.state === "ended" ? "" : eta_s == null ? "" : eta_s === 0 ? ", done" : `, left ${format.left(eta_p10_s, eta_s, eta_p90_s)}${open > 0 ? `; ${format.open(open, oldest_s)}` : ""}`;
      say(text, `${format.count(done)} of ${format.count(planned)} (${format.percent(planned > 0 ? done / planned : 1)})${per_s > 0 && run.state !== "ended" ? `, ${format.compact(per_s)}/s` : ""}${ends}`);
    },
  };
}

const NAMES = ["Made", "Yield", "Rejected", "Failed", "Left", "Time left", "Cost", "Calls", "Calls failed", "Call latency p50", "Tokens"];

function showItems(facts, { summary: { items }, lately, state, plan }) {
  const told = items.some((i) => !i.inferred);
  const made = sum(items, "finished"), failed = sum(items, "failed"), rejected = sum(items, "rejected"), accepted = sum(items, "accepted");
  for (const name of ["Yield", "Rejected"]) facts[name].element.hidden = !told;
  facts.Made.set(items.length ? format.count(made) : "–", items.length ? [...items.map((i) => `${format.count(i.finished)} ${plural(i.kind)}`), state === "running" ? `${format.rate(lately.items_per_s)} in the last minute` : ""] : []);
  facts.Yield.set(share(accepted, made), [`${format.count(accepted)} accepted`]);
  facts.Rejected.set(format.count(rejected), [`${share(rejected, made)} of those made`]);
  facts.Failed.set(items.length ? share(failed, made) : "–", items.length ? [`${format.count(failed)} of ${format.count(made)} made`] : []);
  const left = plan ? Math.max(0, plan.planned - plan.done) : null;
  facts.Left.element.hidden = left == null;
  facts.Left.set(format.count(left), [plan ? `of ${format.count(plan.planned)} planned` : ""]);
  const going = left > 0 && plan.eta_s != null && state !== "ended";
  facts["Time left"].element.hidden = !going;
  if (going) facts["Time left"].set(format.left(null, plan.eta_s, null), [plan.eta_p10_s == null ? "" : `p10 to p90: ${format.band(plan.eta_p10_s, plan.eta_s, plan.eta_p90_s)}`, plan.open > 0 ? format.open(plan.open, plan.oldest_s) : ""]);
}

function showCost(fact, { cost, items }) {
  fact.element.hidden = cost == null;
  if (cost == null) return;
  const priced = items.filter((i) => i.cost_per_accepted_usd != null).sort((a, b) => b.started - a.started)[0];
  fact.set(format.dollars(cost.total_usd), [cost.items_left > 0 && cost.projected_usd != null ? `about ${format.dollars(cost.projected_usd)} in all`
    : priced ? `${format.dollars(priced.cost_per_accepted_usd)} an accepted ${priced.kind}` : "", cost.unpriced_calls > 0 ? `${calls(cost.unpriced_calls)} unpriced` : ""]);
}

function showCalls(facts, { summary: { calls: all, tokens }, lately, state }) {
  facts.Calls.set(format.count(all.count), [state === "running" ? `${format.rate(lately.calls_per_s)} in the last minute` : ""]);
  facts["Calls failed"].set(share(all.failed, all.count), [`${format.count(all.failed)} of ${calls(all.count)}`]);
  facts["Call latency p50"].set(format.seconds(all.latency_s.p50), [`p99 ${format.seconds(all.latency_s.p99)}`, `max ${format.seconds(all.latency_s.max)}`]);
  facts.Tokens.set(format.compact(tokens.total_tokens || tokens.prompt_tokens + tokens.completion_tokens),
    [`${format.compact(tokens.prompt_tokens)} prompt`, `${format.compact(tokens.completion_tokens)} completion`]);
}

export function factsPanel() {
  const facts = Object.fromEntries(NAMES.map((name) => [name, fact(name)]));
  return {
    element: h("dl", { class: "facts" }, ...NAMES.map((name) => facts[name].element)),
    show(run) { showItems(facts, run); showCost(facts.Cost, run.summary); showCalls(facts, run); },
  };
}
