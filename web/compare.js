// Any number of runs: their figures beside each other, their charts over each other, from the start of each.
import { badge, h, set, table } from "./dom.js";
import * as format from "./format.js";
import { kinds } from "./kinds.js";
import * as plot from "./plot.js";
import { listen } from "./streams.js";

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

// Of a standard chart the series that are compared, each in a chart of its own.
const LINES = [["rates", "error"], ["items", "accepted"], ["latency", "p50"], ["latency", "p99"], ["throughput", "generations"], ["tokens", "completion"], ["cost", "spent"]];

// Where in its run a moment is, from its start.
const since = (ms) => format.seconds(Math.max(0, ms / 1000));

function overlays(runs) {
  const names = new Set(runs.flatMap((run) => run.charts.scores.map((score) => score.name)));
  return [...LINES, ...[...names].map((name) => ["scores", name])].map(([key, name]) => ({ key: `${key} ${name}`, name, kind: kinds.find((one) => one.key === key) }));
}

// One line a run, over the time since its start.
function lines(uPlot, runs, { name, kind }) {
  const found = runs.map((run) => kind.of(run.charts).find((one) => one.name === name));
  const own = runs.map((run, i) => [plot.times(run.charts).map((t) => t - run.charts.start_ms / 1000), found[i]?.values ?? run.charts.p50.map(() => null)]);
  const [x, ...values] = uPlot.join(own);
  const joined = values.map((all, i) => ({ name: runs[i].about?.name ?? runs[i].name, values: all, total: found[i]?.total ?? null, colour: i }));
  return { x, count: x.length, joined };
}

function overlayPanel() {
  const plots = h("div", { class: "charts" });
  const drawn = new Map();
  const time = { shown: null, set(from, to) { time.shown = [from, to]; refit(); }, reset() { time.shown = null; refit(); } };
  const refit = () => drawn.forEach((one) => one.redraw());
  return {
    element: plots,
    async show(runs) {
      const uPlot = await plot.load();
      if (!uPlot || !plots.isConnected) return;
      for (const one of overlays(runs)) {
        const charts = lines(uPlot, runs, one);
        if (!drawn.has(one.key) && charts.joined.every((line) => line.values.every((y) => y == null))) continue;
        if (!drawn.has(one.key)) {
          const box = h("div", { class: "plot" }), legend = h("figcaption", { class: "legend" });
          plots.append(h("figure", { class: "card" }, h("h2", { class: "heading" }, `${one.kind.title}: ${one.name}`), legend, box));
          const kind = { ...one.kind, of: (c) => c.joined, fill: false, at: since, ticks: (splits) => splits.map((s) => since(s * 1000)) };
          drawn.set(one.key, plot.chart(uPlot, box, legend, kind, time, { sync: "compare" }));
        }
        drawn.get(one.key).update(charts);
      }
    },
    redraw() { refit(); },
    close() { drawn.forEach((one) => one.destroy()); },
  };
}

function figuresTable(count) {
  const two = count === 2;
  const figures = table("Figures", [["Figure"], ...Array.from({ length: count }, (_, i) => [`Run ${i + 1}`, "number"]), ...(two ? [["Difference", "number"]] : [])], 2);
  const heads = figures.section.querySelectorAll("thead th");
  return {
    section: figures.section,
    show(runs) {
      runs.forEach((run, i) => set(heads[i + 1], h("a", { href: `#/run/${run.id}` }, run.about?.name ?? run.name)));
      const values = ROWS.map(([, of]) => runs.map(of));
      const verdicts = runs.map((run) => run.verdict);
      figures.fill([values, verdicts], () => [["Verdict", ...verdicts.map(badge), ...(two ? [verdicts[0] === verdicts[1] ? "same" : "other"] : [])],
        ...ROWS.map(([name, , show, size], i) => [name, ...values[i].map(show), ...(two ? [difference(...values[i], size)] : [])])]);
    },
  };
}

export function compare(main, ids) {
  const title = ids.length === 2 ? "Two runs side by side" : `${ids.length} runs side by side`;
  document.title = `${title}: afmon`;
  const figures = figuresTable(ids.length);
  const overlay = overlayPanel();
  const runs = ids.map(() => null);
  ids.forEach((id, at) => listen(`/runs/${id}/stream`, "run", (run) => {
    runs[at] = run;
    if (!runs.every(Boolean)) return;
    figures.show(runs);
    overlay.show(runs);
  }));
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), h("h1", {}, title),
    h("div", { class: "figures" }, figures.section), overlay.element);
  return [overlay];
}
