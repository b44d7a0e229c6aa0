// Two runs side by side, and the difference in figures.
import * as charts from "./charts.js";
import { badge, h, set, table } from "./dom.js";
import * as format from "./format.js";
import { runPanel } from "./run.js";

const perGeneration = (run, n) => (run.generations ? n / run.generations : null);
const seconds = (run) => (run.last_ms - run.first_ms) / 1000;

// Of shares the difference is in percentage points: from 80% to 90% is 10 points, not an eighth more.
const points = (a, b) => `${(Math.abs(b - a) * 100).toFixed(1)} points`;
const part = (a, b) => (a === 0 ? null : format.percent(Math.abs((b - a) / a)));

// what, value, how it is shown, how its difference is
const ROWS = [
  ["Success rate", (run) => run.success_rate, format.percent, points],
  ["Generations", (run) => run.generations, format.count],
  ["Generations a second", (run) => (seconds(run) > 0 ? run.generations / seconds(run) : null), format.compact],
  ["Latency mean", (run) => run.generation_time.mean, format.seconds],
  ["Latency p50", (run) => run.generation_time.p50, format.seconds],
  ["Latency p90", (run) => run.generation_time.p90, format.seconds],
  ["Latency p99", (run) => run.generation_time.p99, format.seconds],
  ["Prompt tokens a generation", (run) => perGeneration(run, run.tokens.prompt), format.compact],
  ["Completion tokens a generation", (run) => perGeneration(run, run.tokens.completion), format.compact],
  ["Evaluations", (run) => run.evaluations, format.count],
  ["Alerts", (run) => run.alerts.length, format.count],
];

function difference(a, b, size = part) {
  if (a == null || b == null) return "–";
  if (a === b) return "same";
  const text = size(a, b);
  if (text == null) return "–";
  return parseFloat(text) === 0 ? "about the same" : `${b > a ? "+" : "−"}${text}`;
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
