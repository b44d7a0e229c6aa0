// The five standard charts, drawn by uPlot where this build has it.
import * as format from "./format.js";

const FAMILY = {
  light: { green: "#2e9e5b", red: "#d1495b", more: ["#3b6fb6", "#e08a2e", "#2f9e77", "#c8553d", "#7a5ea8", "#5b7083", "#a8793b", "#4a90a4"], grid: "#e9ecef", text: "#5b6472" },
  dark: { green: "#4cc27e", red: "#ef6f80", more: ["#7aa7e6", "#f0a95a", "#55c9a0", "#ea8570", "#b39ddb", "#9fb3c8", "#d0a867", "#7fc4d8"], grid: "#273141", text: "#a3adbb" },
};
const HEIGHT = 210;

let library;

// The chart library, or null where the build is without it.
export function load() {
  library ??= new Promise((resolve) => {
    const style = document.createElement("link");
    const script = document.createElement("script");
    style.rel = "stylesheet";
    style.href = "/assets/uPlot.min.css";
    script.src = "/assets/uPlot.iife.min.js";
    script.onload = () => resolve(window.uPlot);
    script.onerror = () => resolve(null);
    document.head.append(style, script);
  });
  return library;
}

const isDark = () => {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
};

export const kinds = [
  { key: "rates", title: "Success and error rate", of: (c) => [["success", c.success, "green"], ["error", c.error, "red"]], show: format.percent, range: [0, 1] },
  { key: "latency", title: "Generation time", of: (c) => [["p50", c.p50, 0], ["p90", c.p90, 1], ["p99", c.p99, "red"]], show: format.seconds },
  { key: "throughput", title: "Generations a second", of: (c) => [["generations", c.throughput, 0]], show: (x) => (x == null ? "–" : `${format.compact(x)}/s`), fill: true },
  { key: "tokens", title: "Tokens a second", of: (c) => [["prompt", rate(c.prompt, c), 0], ["completion", rate(c.completion, c), 1]], show: (x) => (x == null ? "–" : `${format.compact(x)}/s`) },
  { key: "scores", title: "Evaluation scores", of: (c) => c.scores.map((s, i) => [s.name, s.values, i]), show: (x) => (x == null ? "–" : x.toFixed(2)) },
];

const rate = (sums, charts) => sums.map((x) => (x == null ? null : x / (charts.step_ms / 1000)));

const times = (charts) => Array.from({ length: charts.count }, (_, i) => (charts.start_ms + i * charts.step_ms) / 1000);

function options(kind, series, width, colours) {
  const axis = { stroke: colours.text, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  const colour = (name) => (typeof name === "number" ? colours.more[name % colours.more.length] : colours[name]);
  return {
    width, height: HEIGHT, padding: [10, 26, 0, 0],
    legend: { live: true, markers: { fill: (u, i) => u.series[i].stroke() } },
    cursor: { points: { size: 7 } },
    scales: { y: { range: kind.range ? () => kind.range : (_, min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1] } },
    axes: [
      { ...axis, grid: { show: false }, values: (_, splits) => splits.map((s) => format.clock(s * 1000)), space: 84, size: 28 },
      { ...axis, values: (_, splits) => splits.map((y) => (kind.range ? `${Math.round(y * 100)}%` : kind.show(y))), size: 60 },
    ],
    series: [
      { label: "time", value: (_, s) => (s == null ? "–" : format.time(s * 1000)) },
      ...series.map(([label, , name]) => ({
        label, stroke: colour(name), width: 2, points: { show: false, size: 5 }, spanGaps: true,
        fill: kind.fill ? `${colour(name)}22` : undefined, value: (_, y) => kind.show(y),
      })),
    ],
  };
}

// Draws into box and returns { update(charts), redraw(), destroy() }.
export function chart(uPlot, box, kind) {
  let plot = null, shape = "", last = null;
  const make = (charts) => {
    const series = kind.of(charts);
    plot?.destroy();
    shape = series.map((s) => s[0]).join("\n");
    plot = new uPlot(options(kind, series, Math.max(200, box.clientWidth), FAMILY[isDark() ? "dark" : "light"]), data(charts), box);
    plot.root.setAttribute("aria-hidden", "true"); // the figure's caption says what matters
  };
  const data = (charts) => [times(charts), ...kind.of(charts).map((s) => s[1])];
  const resize = new ResizeObserver(() => plot?.setSize({ width: Math.max(200, box.clientWidth), height: HEIGHT }));
  resize.observe(box);
  return {
    update(charts) {
      last = charts;
      if (!plot || kind.of(charts).map((s) => s[0]).join("\n") !== shape) make(charts);
      else plot.setData(data(charts));
    },
    redraw() { if (last) make(last); },
    destroy() { resize.disconnect(); plot?.destroy(); },
  };
}

// What a chart says, in a sentence.
export function describe(kind, charts) {
  const parts = kind.of(charts).map(([name, values]) => {
    const known = values.filter((x) => x != null);
    return known.length ? `${name} ${kind.show(known[known.length - 1])}` : null;
  }).filter(Boolean);
  return parts.length ? `Latest: ${parts.join(", ")}` : "Nothing was recorded yet";
}
