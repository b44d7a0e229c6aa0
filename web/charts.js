// The standard charts of a run, with the time that they share.
import { link } from "./address.js";
import { h, set } from "./dom.js";
import { heatMap } from "./heat.js";
import { kinds } from "./kinds.js";
import * as plot from "./plot.js";
import { ask } from "./streams.js";
import { timeline } from "./timeline.js";

// The stretches in which alerts held.
export const bandsOf = (run) => run.summary.alerts.map((a) => ({
  name: a.name, level: a.level, from: Date.parse(a.first), to: a.firing ? run.charts.end_ms : Date.parse(a.resolved ?? a.last),
}));

export const windowOf = (range) => (range ? { since_ms: Math.floor(range[0]), until_ms: Math.ceil(range[1]) } : {});

export function chartsPanel(id, level) {
  const plots = h("div", { class: "charts" });
  const drawn = new Map();
  const behind = (range) => [["Items", {}], ["Failures", { outcome: "failed" }]].map(([text, more]) => h("a", { href: link(["run", id, "items"], { ...more, ...range }) }, text));
  const time = timeline(() => draw(), behind);
  const root = h("div", {}, time.bar, plots);
  let run = null, zoomed = null, number = 0, closed = false;

  // A run that tells of no items has none behind its charts.
  const open = (from, to, kind) => { if (run.summary.items.some((i) => !i.inferred)) location.hash = link(["run", id, "items"], { ...kind.opens, from: Math.floor(from), to: Math.ceil(to) }); };
  const place = (key, title) => {
    const box = h("div", { class: "plot" });
    const legend = h("figcaption", { class: "legend" });
    const figure = h("figure", { class: "card", "data-chart": key }, h(`h${level}`, { class: "heading" }, title), legend, box);
    return { box, legend, figure };
  };
  const one = (uPlot, kind) => {
    if (!drawn.has(kind.key)) {
      const { box, legend, figure } = place(kind.key, kind.title);
      plots.append(figure);
      drawn.set(kind.key, plot.chart(uPlot, box, legend, kind, time, { sync: id, open: kind.opens && open }));
    }
    return drawn.get(kind.key);
  };
  const heat = (uPlot) => {
    if (!drawn.has("heat")) {
      const { box, legend, figure } = place("heat", "Generation time, spread");
      (plots.querySelector("[data-chart=latency]") ?? plots.lastChild).after(figure);
      drawn.set("heat", heatMap(uPlot, box, legend, time, { sync: id, open,
        ask: () => ask(`/runs/${id}/series`, { metric: "generation_time", heat: "yes", ...windowOf(time.range) }) }));
    }
    return drawn.get("heat");
  };
  // What of the run is shown: what came with it, or what was asked for.
  const data = async () => {
    if (!time.range) { zoomed = null; return time.recent ? run.recent : run.charts; }
    const key = String(time.range), over = zoomed?.key === key && zoomed.charts.loaded === 1 && time.range[1] < zoomed.charts.end_ms;
    if (!over) {
      const mine = ++number, charts = await ask(`/runs/${id}/charts`, windowOf(time.range));
      if (mine !== number || closed) return null;
      if (charts?.totals) zoomed = { key, charts };
    }
    return zoomed?.charts;
  };
  const draw = async () => {
    const uPlot = await plot.load();
    if (!root.isConnected || !run) return;
    if (!uPlot) {
      if (!plots.firstChild) set(plots, h("p", { class: "card empty" }, "This build of afmon has no charts: run tools/fetch uplot and build it again."));
      return;
    }
    const charts = await data();
    if (!charts || closed) return;
    const bands = bandsOf(run);
    for (const kind of kinds) if (drawn.has(kind.key) || !kind.hides?.(charts)) one(uPlot, kind).update(charts, bands);
    if (run.charts.p50.some((x) => x != null)) heat(uPlot).update(run.state === "running" && (!time.range || time.range[1] >= run.charts.end_ms));
  };
  return {
    root,
    time,
    show(next) { run = next; time.know(run); draw(); },
    readdress() { time.read(); },
    redraw() { drawn.forEach((chart) => chart.redraw()); },
    close() { closed = true; drawn.forEach((chart) => chart.destroy()); },
  };
}
