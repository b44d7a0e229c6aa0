// Two runs side by side, and the difference in figures.
import * as charts from "./charts.js";
import { badge, h, set, table } from "./dom.js";
import * as format from "./format.js";
import { runPanel } from "./run.js";

const per = (part, all) => (all ? part / all : null);
const made = (run) => (run.summary.items.length ? run.items : null);

// Of shares the difference is in percentage points: from 80% to 90% is 10 points, not an eighth more.
const points = (a, b) => `${(Math.abs(b - a) * 100).toFixed(1)} points`;
const part = (a, b) => (a === 0 ? null : format.percent(Math.abs((b - a) / a)));

// what, value, how it is shown, how its difference is
const ROWS = [
  ["Made", made, format.count],
  ["Made, failed", (run) => per(run.items_failed, run.items), format.percent, points],
  ["Made a second", (run) => (made(run) == null ? null : per(run.items, run.summary.duration_s)), format.compact],
  ["Calls", (run) => run.summary.calls.count, format.count],
  ["Calls failed", (run) => per(run.summary.calls.failed, run.summary.calls.count), format.percent, points],
  ["Rate of calls", (run) => run.summary.calls.per_s, format.rate],
  ["Call latency mean", (run) => run.summary.calls.latency_s.mean, format.seconds],
  ["Call latency p50", (run) => run.summary.calls.latency_s.p50, format.seconds],
  ["Call latency p90", (run) => run.summary.calls.latency_s.p90, format.seconds],
  ["Call latency p99", (run) => run.summary.calls.latency_s.p99, format.seconds],
  ["Prompt tokens a call", (run) => per(run.summary.tokens.prompt_tokens, run.summary.calls.count), format.compact],
  ["Completion tokens a call", (run) => per(run.summary.tokens.completion_tokens, run.summary.calls.count), format.compact],
  ["Evaluations", (run) => run.summary.evaluations.count, format.count],
  ["Cost", (run) => run.summary.cost?.total_usd, format.dollars],
  ["Alerts", (run) => run.summary.alerts.length, format.count],
];

function difference(a, b, size = part) {
  if (a == null || b == null) return "–";
  if (a === b) return "same";
  const text = size(a, b);
  if (text == null) return "–";
  return parseFloat(text) === 0 || text.startsWith("<") ? "about the same" : `${b > a ? "+" : "−"}${text}`;
}

export function compare(main, ids) {
  document.title = "Two runs: afmon";
  const figures = table("Figures", [["Figure"], ["First run", "number"], ["Second run", "number"], ["Difference", "number"]], 2);
  const heads = figures.section.querySelectorAll("thead th");
  const runs = [null, null];
  const took = (at) => (run) => {
    runs[at] = run;
    const [a, b] = runs;
    if (!a || !b) return;
    heads[1].textContent = a.name;
    heads[2].textContent = b.name;
    const values = ROWS.map(([, of]) => [of(a), of(b)]);
    figures.fill([values, a.verdict, b.verdict], () => [["Verdict", badge(a.verdict), badge(b.verdict), a.verdict === b.verdict ? "same" : "other"],
      ...ROWS.map(([name, , show, size], i) => [name, show(values[i][0]), show(values[i][1]), difference(...values[i], size)])]);
  };
  const scales = Object.fromEntries(charts.kinds.map((kind) => [kind.key, charts.sharedScale()]));
  const panels = ids.map((id, at) => runPanel(id, 2, took(at), scales));
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), h("h1", {}, "Two runs side by side"),
    h("div", { class: "figures" }, figures.section), h("div", { class: "side" }, ...panels.map((panel) => panel.root)));
  return panels;
}
