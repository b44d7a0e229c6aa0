// A run's tables. What counts something leads to what is behind it.
import { link } from "./address.js";
import { alertTable } from "./alerts.js";
import { h, table } from "./dom.js";
import { plural, unpriced } from "./facts.js";
import * as format from "./format.js";

// Stands for a reason that was not given: an empty word is left out of an address.
export const NONE = "none-given";
const dash = (text) => text || "–";
const failed = (of, all) => `${format.count(of)} (${format.percent(all ? of / all : null)})`;
const moment = (ms, run) => h("span", { title: format.time(ms) }, format.days(run.last_ms - run.first_ms) ? format.time(ms) : format.clock(ms));

// As the report has them: all of it, by kind of items, by model; what is unpriced is no money.
function costRows({ cost, items, models }) {
  if (cost == null) return [];
  const rows = [["All priced calls", format.dollars(cost.total_usd), "–", "–", "–"]];
  if (cost.items_left > 0 && cost.projected_usd != null) rows.push(["At the end of the plan, about", format.dollars(cost.projected_usd), "–", "–", "–"]);
  for (const i of items.filter((one) => one.cost_usd != null))
    rows.push([plural(i.kind), format.dollars(i.cost_usd), format.dollars(i.accepted_cost_usd), format.dollars(i.wasted_cost_usd), format.dollars(i.cost_per_accepted_usd)]);
  for (const m of models.filter((one) => one.cost_usd != null)) rows.push([m.model, format.dollars(m.cost_usd), "–", "–", "–"]);
  if (cost.unpriced_calls > 0) rows.push([unpriced(cost), "–", "–", "–", "–"]);
  return rows;
}

export function tables(level, id, time) {
  const all = {
    items: table("Made", [["Kind"], ["Started", "number"], ["Accepted", "number"], ["Rejected", "number"], ["Failed", "number"], ["Open", "number"], ["Abandoned", "number"], ["Yield", "number"], ["Calls per accepted", "number"], ["Tokens per accepted", "number"], ["Rate", "number"], ["Median", "number"], ["p99", "number"]], level),
    reasons: table("Not accepted", [["Reason"], ["Kind"], ["Outcome"], ["Count", "number"], ["Share", "number"]], level),
    alerts: alertTable(level, time),
    failures: table("Failures", [["Operation"], ["Error"], ["Status", "number"], ["Message", "text"], ["Count", "number"], ["Share", "number"], ["Items", "number"], ["Last", "number"]], level),
    operations: table("Operations", [["Operation"], ["Component"], ["Count", "number"], ["Lately", "number"], ["Failed", "number"], ["Median", "number"], ["p95", "number"]], level),
    models: table("Models", [["Model"], ["Calls", "number"], ["Failed", "number"], ["Prompt", "number"], ["Completion", "number"], ["Median", "number"], ["Tokens lately", "number"]], level),
    cost: table("Cost", [["Of"], ["US dollars", "number"], ["Accepted", "number"], ["Wasted", "number"], ["Each accepted", "number"]], level),
    finishes: table("Finish reasons", [["Reason"], ["Count", "number"], ["Share", "number"]], level),
  };
  const behind = (text, query, label) => h("a", { href: link(["run", id, "items"], query), "aria-label": label }, text);
  // Only where a run tells of its items are there any to be shown.
  const counted = (i, value, outcome) => (i.inferred || !value ? told(i, value) : behind(format.count(value), { kind: i.kind, outcome }, `${format.count(value)} ${outcome} ${plural(i.kind)}`));
  const told = (i, value) => (i.inferred ? "–" : format.count(value));
  return {
    first: all.items.section,
    root: [all.reasons.section, all.cost.section, all.alerts.section, all.failures.section, all.operations.section, h("div", { class: "pair" }, all.models.section, all.finishes.section)],
    show(run) {
      const { items, failures, operations, models, finish_reasons: finishes } = run.summary;
      const toldOf = items.some((i) => !i.inferred);
      const when = (text) => moment(Date.parse(text), run);
      const ofOperation = (o) => run.operations_lately.find((l) => dash(l.operation) === dash(o.operation) && dash(l.component) === dash(o.component));
      const ofModel = (m) => run.models_lately.find((l) => l.model === m.model);
      all.items.section.hidden = items.length === 0;
      all.items.fill(items, () => items.map((i) => [i.inferred ? plural(i.kind) : behind(plural(i.kind), { kind: i.kind }), format.count(i.started), i.inferred ? format.count(i.accepted) : counted(i, i.accepted, "accepted"), counted(i, i.rejected, "rejected"),
        i.inferred || !i.failed ? failed(i.failed, i.finished) : behind(failed(i.failed, i.finished), { kind: i.kind, outcome: "failed" }, `${failed(i.failed, i.finished)} failed ${plural(i.kind)}`),
        counted(i, i.open, "open"), counted(i, i.abandoned, "abandoned"), format.percent(i.yield), format.compact(i.calls_per_accepted), format.compact(i.tokens_per_accepted), format.rate(i.per_s), format.seconds(i.time_s.p50), format.seconds(i.time_s.p99)]));
      const reasons = items.flatMap((i) => i.reasons.map((r) => [i.inferred ? r.reason || "(none given)" : behind(r.reason || "(none given)", { kind: i.kind, outcome: r.outcome, reason: r.reason || NONE }), i.kind, r.outcome, format.count(r.count), format.percent(r.share)]));
      all.reasons.section.hidden = reasons.length === 0;
      all.reasons.fill(items, () => reasons);
      all.alerts.show(run);
      all.failures.fill(failures, () => failures.map((f) => [dash(f.operation), f.items > 0 && f.error_type ? behind(f.error_type, { operation: f.operation, error: f.error_type }) : f.error_type || "(none given)", f.status == null ? "–" : String(f.status),
        h("span", { title: f.example ?? "" }, dash(f.message)), format.count(f.count), format.percent(f.share), format.count(f.items), when(f.last)]));
      all.operations.fill([operations, run.operations_lately], () => operations.map((o) => [o.operation && toldOf ? behind(o.operation, { operation: o.operation }) : dash(o.operation), dash(o.component), format.count(o.count),
        format.rate(ofOperation(o)?.per_s), failed(o.failed, o.count), format.seconds(o.duration_s.p50), format.seconds(o.duration_s.p95)]));
      all.models.fill([models, run.models_lately], () => models.map((m) => [m.model, format.count(m.calls), m.latency_s.count || m.failed ? failed(m.failed, m.calls) : "–", format.compact(m.prompt_tokens),
        format.compact(m.completion_tokens), format.seconds(m.latency_s.p50), format.rate(ofModel(m)?.tokens_per_s)]));
      all.cost.section.hidden = run.summary.cost == null;
      all.cost.fill([run.summary.cost, items, models], () => costRows(run.summary));
      all.finishes.fill(finishes, () => finishes.map((f) => [f.reason, format.count(f.count), format.percent(f.share)]));
    },
  };
}

