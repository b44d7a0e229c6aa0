// The standard charts, drawn by uPlot where this build has it.
import { h, say, set } from "./dom.js";
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

const perSecond = (x) => (x == null ? "–" : `${format.compact(x)}/s`);

const isEmpty = (values) => values.every((x) => x == null);

// hides: where there is nothing of it in a run there is no chart of it
export const kinds = [
  { key: "rates", title: "Success and error rate", of: (c) => [["success", c.success, "green"], ["error", c.error, "red"]], show: format.percent, range: [0, 1] },
  { key: "items", title: "Item yield", of: (c) => [["accepted", c.accepted, "green"], ["rejected", c.rejected, 1], ["failed", c.failed, "red"]], show: format.percent, range: [0, 1], hides: (c) => isEmpty(c.accepted) },
  { key: "latency", title: "Generation time", of: (c) => [["p50", c.p50, 0], ["p90", c.p90, 1], ["p99", c.p99, "red"]], show: format.seconds },
  { key: "throughput", title: "Generations a second", of: (c) => [["generations", c.throughput, 0]], show: perSecond, fill: true },
  { key: "tokens", title: "Tokens a second", of: (c) => [["prompt", c.prompt, 0], ["completion", c.completion, 1]], show: perSecond },
  { key: "cost", title: "Spent, in US dollars", of: (c) => [["spent", c.spent_usd, 2]], show: format.dollars, fill: true, hides: (c) => isEmpty(c.spent_usd) },
  { key: "scores", title: "Evaluation scores", of: (c) => c.scores.map((s, i) => [s.name, s.values, i]), show: (x) => (x == null ? "–" : x.toFixed(2)), hides: (c) => c.scores.length === 0 },
  { key: "evaluation", title: "Evaluation time", of: (c) => [["p50", c.evaluation_p50, 0], ["p90", c.evaluation_p90, 1], ["p99", c.evaluation_p99, "red"]], show: format.seconds, hides: (c) => isEmpty(c.evaluation_p50) },
];

const times = (charts) => Array.from({ length: charts.count }, (_, i) => (charts.start_ms + i * charts.step_ms) / 1000);

const latest = (values) => values.findLast((x) => x != null);

// Of charts that are looked at side by side: one axis for all of them.
export function sharedScale() {
  const needs = new Map();
  const extent = () => [Math.min(...[...needs.values()].map(([min]) => min)), Math.max(...[...needs.values()].map(([, max]) => max))];
  return {
    extent,
    // What a chart needs; the others are drawn again where that is news to them.
    need(chart, min, max) {
      const before = String(extent());
      needs.set(chart, [min, max]);
      if (String(extent()) !== before) for (const other of needs.keys()) if (other !== chart) other.refit();
    },
  };
}

function options(kind, series, width, colours, hover, scale) {
  const fit = (min, max) => [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : 1];
  const axis = { stroke: colours.text, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width, height: HEIGHT, padding: [10, 26, 0, 0],
    legend: { show: false },
    cursor: { points: { size: 7 }, y: false },
    hooks: { setCursor: [hover] },
    scales: { y: { range: kind.range ? () => kind.range : (_, min, max) => (scale ? fit(...scale.extent()) : fit(min, max)) } },
    axes: [
      { ...axis, grid: { show: false }, values: (_, splits) => splits.map((s) => format.clock(s * 1000)), space: 84, size: 28 },
      { ...axis, values: (_, splits) => splits.map((y) => (kind.range ? `${Math.round(y * 100)}%` : kind.show(y))), size: 60 },
    ],
    series: [
      {},
      ...series.map(([label, , name]) => ({
        label, stroke: colour(colours, name), width: 2, points: { show: false, size: 5 }, spanGaps: true,
        fill: kind.fill ? `${colour(colours, name)}22` : undefined,
      })),
    ],
  };
}

const colour = (colours, name) => (typeof name === "number" ? colours.more[name % colours.more.length] : colours[name]);

// Draws into box, names and values of the series into legend; with the axis of others where a shared scale is given.
// Returns { update(charts), redraw(), refit(), destroy() }.
export function chart(uPlot, box, legend, kind, scale = null) {
  let plot = null, shape = "", last = null, series = [], values = [];
  const tell = (index) => {
    const at = index == null ? "" : format.clock((last.start_ms + index * last.step_ms));
    series.forEach(([, all], i) => say(values[i], kind.show(index == null ? latest(all) ?? null : all[index])));
    say(legend.lastChild, at);
  };
  const draw_legend = (colours) => {
    values = series.map(() => h("b", {}, ""));
    set(legend, ...series.map(([name, , of], i) => {
      const swatch = h("i", {});
      swatch.style.background = colour(colours, of);
      return h("span", {}, swatch, name, " ", values[i]);
    }), h("span", { class: "at" }, ""));
  };
  const make = () => {
    const colours = FAMILY[isDark() ? "dark" : "light"];
    plot?.destroy();
    shape = series.map((s) => s[0]).join("\n");
    draw_legend(colours);
    plot = new uPlot(options(kind, series, Math.max(200, box.clientWidth), colours, (u) => tell(u.cursor.idx), scale), data(), box);
    plot.root.setAttribute("aria-hidden", "true"); // the legend says what matters
    tell(null);
  };
  const data = () => [times(last), ...series.map((s) => s[1])];
  const resize = new ResizeObserver(() => plot?.setSize({ width: Math.max(200, box.clientWidth), height: HEIGHT }));
  resize.observe(box);
  const known = () => series.flatMap(([, all]) => all).filter((x) => x != null);
  const self = {
    update(charts) {
      last = charts;
      series = kind.of(charts);
      scale?.need(self, known().reduce((a, b) => Math.min(a, b), 0), known().reduce((a, b) => Math.max(a, b), 0));
      if (!plot || series.map((s) => s[0]).join("\n") !== shape) make();
      else plot.setData(data());
      tell(plot.cursor.idx);
    },
    redraw() { if (last) make(); },
    refit() { plot?.setData(data()); },
    destroy() { resize.disconnect(); plot?.destroy(); },
  };
  return self;
}
