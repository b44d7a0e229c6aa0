// One run: what it came to, its charts and tables.
import * as charts from "./charts.js";
import { badge, fact, h, loading, say, set, table } from "./dom.js";
import * as format from "./format.js";
import { logPanel } from "./log.js";
import { API, listen } from "./streams.js";

const FACTS = ["Success rate", "Generations", "Latency p50", "Latency p99", "Tokens", "Samples"];
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
      const { planned, done, per_s, eta_s } = run.plan;
      bar.value = planned > 0 ? Math.min(1, done / planned) : 1;
      const ends = run.state === "ended" ? "" : eta_s == null ? "" : eta_s === 0 ? ", done" : `, about ${format.seconds(Math.max(1, Math.round(eta_s)))} left`;
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

function tables(level) {
  const all = {
    alerts: table("Alerts", [["Alert"], ["State"], ["Message", "text"], ["First", "number"], ["Last", "number"], ["Passes", "number"]], level),
    operations: table("Operations", [["Operation"], ["Component"], ["Calls", "number"], ["Calls/s", "number"], ["Failed", "number"], ["Median", "number"], ["p95", "number"]], level),
    models: table("Models", [["Model"], ["Calls", "number"], ["Prompt", "number"], ["Completion", "number"], ["Tokens/s", "number"]], level),
    errors: table("Error types", [["Error"], ["Count", "number"]], level),
    finishes: table("Finish reasons", [["Reason"], ["Count", "number"]], level),
  };
  const failed = (o) => `${format.count(o.failures)} (${format.percent(o.count ? o.failures / o.count : null)})`;
  return {
    root: [all.alerts.section, all.operations.section, h("div", { class: "pair" }, all.models.section, all.errors.section, all.finishes.section)],
    show(run) {
      all.alerts.fill(run.alerts, () => run.alerts.map((a) => [a.name, h("span", { class: `state ${a.state}` }, a.state), a.message,
        moment(a.first_ms, run), moment(a.resolved_ms ?? a.last_ms, run), format.count(a.passes_held)]));
      all.operations.fill(run.operations, () => run.operations.map((o) => [dash(o.operation), dash(o.component), format.count(o.count),
        format.compact(o.per_s), failed(o), format.seconds(o.p50_s), format.seconds(o.p95_s)]));
      all.models.fill(run.models, () => run.models.map((m) => [m.model, format.count(m.calls), format.compact(m.prompt), format.compact(m.completion), format.compact(m.tokens_per_s)]));
      all.errors.fill(run.errors, () => run.errors.map((e) => [e.name || "(none given)", format.count(e.count)]));
      all.finishes.fill(run.finish_reasons, () => run.finish_reasons.map((f) => [f.name, format.count(f.count)]));
    },
  };
}

function showFacts(facts, run) {
  const { lately, generation_time: time, tokens } = run;
  const now = run.state === "running";
  facts["Success rate"].set(format.percent(run.success_rate), now ? `${format.percent(lately.success_rate)} in the last minute` : "");
  facts.Generations.set(format.count(run.generations), now ? `${format.compact(lately.generations_per_s)}/s in the last minute` : "");
  facts["Latency p50"].set(format.seconds(time.p50), `p90 ${format.seconds(time.p90)}`);
  facts["Latency p99"].set(format.seconds(time.p99), `max ${format.seconds(time.max)}`);
  facts.Tokens.set(format.compact(tokens.total || tokens.prompt + tokens.completion), `${format.compact(tokens.prompt)} prompt, ${format.compact(tokens.completion)} completion`);
  facts.Samples.set(format.compact(run.samples), `${run.metrics} metrics`);
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
  const facts = Object.fromEntries(FACTS.map((name) => [name, fact(name)]));
  const bars = [planBar(), loading()];
  const plots = chartsPanel(level + 1, scales);
  const rest = tables(level + 1);
  const links = h("span", { class: "links" }, h("a", { href: `${API}/runs/${id}/report`, target: "_blank", rel: "noopener" }, "Report"),
    ...["json", "csv"].map((kind) => h("a", { href: `${API}/runs/${id}/export?format=${kind}`, download: true, "aria-label": `Samples as ${kind.toUpperCase()}` }, kind.toUpperCase())));
  const root = h("article", { class: "run" },
    h("div", { class: "title" }, title, verdict, h("span", { class: "fill" }), links), when, ...bars.map((bar) => bar.element), problem, reasons,
    h("dl", { class: "facts" }, ...Object.values(facts).map((f) => f.element)), plots.root, ...rest.root);
  let drawn = "";
  listen(`/runs/${id}/stream`, "run", (run) => {
    say(title, run.name);
    if (level === 1) document.title = `${run.name}: afmon`;
    const said = JSON.stringify([run.verdict, run.reasons, run.warnings]);
    if (said !== drawn) {
      set(verdict, badge(run.verdict));
      set(reasons, ...run.reasons.map((text) => h("li", {}, text)), ...run.warnings.map((text) => h("li", { class: "note" }, text)));
    }
    drawn = said;
    problem.hidden = !run.problem;
    say(problem, run.problem ?? "");
    say(when, `${run.state} · ${span(run)}${run.unreadable_lines ? ` · ${format.count(run.unreadable_lines)} unreadable lines` : ""}`);
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
