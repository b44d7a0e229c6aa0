// One run: what it came to, its charts and tables.
import * as charts from "./charts.js";
import { badge, fact, h, loading, say, set, table, tagList } from "./dom.js";
import * as format from "./format.js";
import { logPanel } from "./log.js";
import { API, listen } from "./streams.js";

const FACTS = ["Made", "Failed", "Calls", "Calls failed", "Call latency p50", "Tokens", "Cost"];
const DAY_MS = 86_400_000;
const moment = (ms, run) => h("span", { title: format.time(ms) }, run.last_ms - run.first_ms < DAY_MS ? format.clock(ms) : format.time(ms));
const dash = (text) => text || "–";

function planBar() {
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

// The charts of a run, over all of it or its last minutes.
function chartsPanel(level, scales) {
  const plots = h("div", { class: "charts" });
  const drawn = new Map();
  const name = `period-${Math.random().toString(36).slice(2)}`;
  const choice = (value, text, checked) => h("label", {}, h("input", { type: "radio", name, value, checked, onchange: () => draw() }), text);
  const period = h("fieldset", { class: "period", hidden: true }, h("legend", { class: "hidden" }, "Period of the charts"), choice("charts", "Whole run", true), choice("recent", "Last 5 minutes", false));
  const root = h("div", {}, period, plots);
  let run = null;

  const one = (uPlot, kind) => {
    if (!drawn.has(kind.key)) {
      const box = h("div", { class: "plot" });
      const legend = h("figcaption", { class: "legend" });
      plots.append(h("figure", { class: "card" }, h(`h${level}`, { class: "heading" }, kind.title), legend, box));
      drawn.set(kind.key, charts.chart(uPlot, box, legend, kind, scales?.[kind.key]));
    }
    return drawn.get(kind.key);
  };
  const draw = async () => {
    const uPlot = await charts.load();
    if (!root.isConnected || !run) return;
    if (!uPlot) {
      if (!plots.firstChild) set(plots, h("p", { class: "card empty" }, "This build of afmon has no charts: run tools/fetch uplot and build it again."));
      return;
    }
    period.hidden = run.recent == null;
    const recent = !period.hidden && period.querySelector(":checked").value === "recent";
    const data = recent ? run.recent : run.charts;
    for (const kind of charts.kinds) if (drawn.has(kind.key) || !kind.hides?.(data)) one(uPlot, kind).update(data);
  };
  return {
    root,
    show(next) { run = next; draw(); },
    redraw() { drawn.forEach((chart) => chart.redraw()); },
    close() { drawn.forEach((chart) => chart.destroy()); },
  };
}

const plural = (kind) => (kind.endsWith("s") ? kind : `${kind}s`);
const failed = (of, all) => `${format.count(of)} (${format.percent(all ? of / all : null)})`;
const sum = (rows, member) => rows.reduce((total, row) => total + row[member], 0);
const COMPARED = { below: "<", above: ">", "at most": "≤", "at least": "≥" };

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

const calls = (n) => `${format.count(n)} ${n === 1 ? "call" : "calls"}`;
const unpriced = (cost) => `Unpriced: ${calls(cost.unpriced_calls)} with ${format.compact(cost.unpriced_tokens)} tokens`;

function tables(level) {
  const all = {
    items: table("Made", [["Kind"], ["Started", "number"], ["Accepted", "number"], ["Rejected", "number"], ["Failed", "number"], ["Open", "number"], ["Abandoned", "number"], ["Yield", "number"], ["Calls per accepted", "number"], ["Tokens per accepted", "number"], ["Rate", "number"], ["Median", "number"], ["p99", "number"]], level),
    reasons: table("Not accepted", [["Reason"], ["Kind"], ["Outcome"], ["Count", "number"], ["Share", "number"]], level),
    alerts: table("Alerts", [["Alert"], ["State"], ["Level"], ["Worst", "text"], ["Limit", "text"], ["First", "number"], ["Last", "number"], ["Held", "number"], ["Passes", "number"]], level),
    failures: table("Failures", [["Operation"], ["Error"], ["Status", "number"], ["Message", "text"], ["Count", "number"], ["Share", "number"], ["Items", "number"], ["Last", "number"]], level),
    operations: table("Operations", [["Operation"], ["Component"], ["Count", "number"], ["Lately", "number"], ["Failed", "number"], ["Median", "number"], ["p95", "number"]], level),
    models: table("Models", [["Model"], ["Calls", "number"], ["Failed", "number"], ["Prompt", "number"], ["Completion", "number"], ["Median", "number"], ["Tokens lately", "number"]], level),
    cost: table("Cost", [["Of"], ["US dollars", "number"], ["Accepted", "number"], ["Wasted", "number"], ["Each accepted", "number"]], level),
    finishes: table("Finish reasons", [["Reason"], ["Count", "number"], ["Share", "number"]], level),
  };
  return {
    first: all.items.section,
    root: [all.reasons.section, all.cost.section, all.alerts.section, all.failures.section, all.operations.section, h("div", { class: "pair" }, all.models.section, all.finishes.section)],
    show(run) {
      const { items, alerts, failures, operations, models, finish_reasons: finishes } = run.summary;
      const when = (text) => moment(Date.parse(text), run);
      const ofOperation = (o) => run.operations_lately.find((l) => dash(l.operation) === dash(o.operation) && dash(l.component) === dash(o.component));
      const ofModel = (m) => run.models_lately.find((l) => l.model === m.model);
      all.items.section.hidden = items.length === 0;
      const told = (i, value) => (i.inferred ? "–" : format.count(value));
      all.items.fill(items, () => items.map((i) => [plural(i.kind), format.count(i.started), format.count(i.accepted), told(i, i.rejected), failed(i.failed, i.finished),
        told(i, i.open), told(i, i.abandoned), format.percent(i.yield), format.compact(i.calls_per_accepted), format.compact(i.tokens_per_accepted), format.rate(i.per_s), format.seconds(i.time_s.p50), format.seconds(i.time_s.p99)]));
      const reasons = items.flatMap((i) => i.reasons.map((r) => [r.reason || "(none given)", i.kind, r.outcome, format.count(r.count), format.percent(r.share)]));
      all.reasons.section.hidden = reasons.length === 0;
      all.reasons.fill(items, () => reasons);
      all.alerts.fill(alerts, () => alerts.map((a) => [a.name, h("span", { class: `state ${a.firing ? "firing" : "resolved"}` }, a.firing ? "firing" : "resolved"), a.level,
        a.message, `${a.aggregate} of ${a.metric} ${COMPARED[a.comparison] ?? a.comparison} ${format.compact(a.limit)}`, when(a.first), when(a.resolved ?? a.last), format.seconds(a.held_s), format.count(a.passes)]));
      all.failures.fill(failures, () => failures.map((f) => [dash(f.operation), f.error_type || "(none given)", f.status == null ? "–" : String(f.status),
        h("span", { title: f.example ?? "" }, dash(f.message)), format.count(f.count), format.percent(f.share), format.count(f.items), when(f.last)]));
      all.operations.fill([operations, run.operations_lately], () => operations.map((o) => [dash(o.operation), dash(o.component), format.count(o.count),
        format.rate(ofOperation(o)?.per_s), failed(o.failed, o.count), format.seconds(o.duration_s.p50), format.seconds(o.duration_s.p95)]));
      all.models.fill([models, run.models_lately], () => models.map((m) => [m.model, format.count(m.calls), m.latency_s.count || m.failed ? failed(m.failed, m.calls) : "–", format.compact(m.prompt_tokens),
        format.compact(m.completion_tokens), format.seconds(m.latency_s.p50), format.rate(ofModel(m)?.tokens_per_s)]));
      all.cost.section.hidden = run.summary.cost == null;
      all.cost.fill([run.summary.cost, items, models], () => costRows(run.summary));
      all.finishes.fill(finishes, () => finishes.map((f) => [f.reason, format.count(f.count), format.percent(f.share)]));
    },
  };
}

function showFacts(facts, run) {
  const { lately, summary } = run;
  const { items, calls, tokens } = summary;
  const now = run.state === "running";
  const made = sum(items, "finished");
  const lost = sum(items, "failed");
  facts.Made.set(items.length ? format.count(made) : "–", items.map((i) => `${format.count(i.finished)} ${plural(i.kind)}`).join(", ") + (now && items.length ? `, ${format.rate(lately.items_per_s)} in the last minute` : ""));
  const refused = sum(items, "rejected");
  facts.Failed.set(items.length ? format.percent(made ? lost / made : null) : "–", items.length ? `${format.count(lost)} of ${format.count(made)} made${refused ? `, ${format.count(refused)} rejected` : ""}` : "");
  facts.Calls.set(format.count(calls.count), now ? `${format.rate(lately.calls_per_s)} in the last minute` : "");
  facts["Calls failed"].set(format.percent(calls.count ? calls.failed / calls.count : null), `${format.count(calls.failed)} of ${format.count(calls.count)} calls`);
  facts["Call latency p50"].set(format.seconds(calls.latency_s.p50), `p99 ${format.seconds(calls.latency_s.p99)}, max ${format.seconds(calls.latency_s.max)}`);
  facts.Tokens.set(format.compact(tokens.total_tokens || tokens.prompt_tokens + tokens.completion_tokens),
    `${format.compact(tokens.prompt_tokens)} prompt, ${format.compact(tokens.completion_tokens)} completion`);
  showCost(facts.Cost, summary);
}

function showCost(fact, { cost, items }) {
  fact.element.hidden = cost == null;
  if (cost == null) return;
  const priced = items.filter((i) => i.cost_per_accepted_usd != null).sort((a, b) => b.started - a.started)[0];
  const notes = [cost.items_left > 0 && cost.projected_usd != null ? `about ${format.dollars(cost.projected_usd)} in all`
    : priced ? `${format.dollars(priced.cost_per_accepted_usd)} an accepted ${priced.kind}` : "", cost.unpriced_calls > 0 ? `${calls(cost.unpriced_calls)} unpriced` : ""];
  fact.set(format.dollars(cost.total_usd), notes.filter(Boolean).join(", "));
}

function span(run) {
  if (run.first_ms == null) return "no samples yet";
  return `${format.time(run.first_ms)} to ${format.time(run.last_ms)} (${format.seconds((run.last_ms - run.first_ms) / 1000)})`;
}

// took: called with each picture. Level of its heading: 1 for a page of its own, 2 beside another, with whose charts its
// own share the scales.
export function runPanel(id, level, took = () => {}, scales = null) {
  const title = h(`h${level}`, {}, "Loading");
  const verdict = h("span", {});
  const problem = h("p", { class: "problem", hidden: true });
  const reasons = h("ul", { class: "reasons" });
  const when = h("p", { class: "lead" });
  const called = h("p", { class: "called", hidden: true });
  const facts = Object.fromEntries(FACTS.map((name) => [name, fact(name)]));
  const bars = [planBar(), loading()];
  const plots = chartsPanel(level + 1, scales);
  const rest = tables(level + 1);
  const links = h("span", { class: "links" }, h("a", { href: `${API}/runs/${id}/report`, target: "_blank", rel: "noopener" }, "Report"),
    ...["json", "csv"].map((kind) => h("a", { href: `${API}/runs/${id}/export?format=${kind}`, download: true, "aria-label": `Samples as ${kind.toUpperCase()}` }, kind.toUpperCase())));
  const root = h("article", { class: "run" },
    h("div", { class: "title" }, title, verdict, h("span", { class: "fill" }), links), called, when, ...bars.map((bar) => bar.element), problem, reasons,
    h("dl", { class: "facts" }, ...Object.values(facts).map((f) => f.element)), rest.first, plots.root, ...rest.root);
  let drawn = "";
  listen(`/runs/${id}/stream`, "run", (run) => {
    const { about } = run.summary;
    say(title, about.name ?? run.name);
    if (level === 1) document.title = `${about.name ?? run.name}: afmon`;
    const said = JSON.stringify([run.verdict, run.summary.reasons, run.summary.warnings, about]);
    if (said !== drawn) {
      called.hidden = !about.name && !about.note && Object.keys(about.tags).length === 0;
      set(called, ...[about.name ? h("span", { class: "note" }, run.name) : null, ...tagList(about), about.note].filter((one) => one != null));
      set(verdict, badge(run.verdict));
      set(reasons, ...run.summary.reasons.map((one) => h("li", {}, one.text)), ...run.summary.warnings.map((one) => h("li", { class: "note" }, one.text)));
    }
    drawn = said;
    problem.hidden = !run.problem;
    say(problem, run.problem ?? "");
    say(when, `${run.state} · ${span(run)} · ${format.compact(run.samples)} samples${run.summary.unreadable_lines ? ` · ${format.count(run.summary.unreadable_lines)} unreadable lines` : ""}`);
    bars.forEach((bar) => bar.show(run));
    showFacts(facts, run);
    rest.show(run);
    plots.show(run);
    took(run);
  });
  return { root, redraw: plots.redraw, close: plots.close };
}

export function oneRun(main, id) {
  const log = logPanel(id);
  const panel = runPanel(id, 1, log.show);
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), panel.root, log.section);
  return [panel];
}
