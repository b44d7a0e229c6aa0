// Every metric of a run, found by its name: a chart each, by an aggregate of choice. What is pinned is kept in the browser.
import { choose, read } from "./address.js";
import { bandsOf, windowOf } from "./charts.js";
import { h, say, set } from "./dom.js";
import * as format from "./format.js";
import { crumbs } from "./items.js";
import * as plot from "./plot.js";
import { ask, listen } from "./streams.js";
import { timeline } from "./timeline.js";

const AGGREGATES = ["mean", "sum", "n", "min", "max", "p50", "p90", "p99"];
const NAMES = { n: "count" };
const SMOOTH = [["1", "none"], ["5", "5 pieces"], ["15", "15 pieces"]];
const AT_ONCE = 12;
const AGAIN_MS = 5000;
const KEPT = "afmon-pinned";

function pinned() {
  try { return new Set(JSON.parse(localStorage.getItem(KEPT) ?? "[]")); } catch { return new Set(); }
}

function keep(names) {
  try { localStorage.setItem(KEPT, JSON.stringify([...names])); } catch { /* they hold until the page is closed */ }
}

// The mean of so many pieces of time around each, of those that have values.
export function smooth(values, width) {
  const half = Math.floor(width / 2);
  return values.map((value, i) => {
    if (value == null) return null;
    const near = values.slice(Math.max(0, i - half), i + half + 1).filter((x) => x != null);
    return near.reduce((a, b) => a + b, 0) / near.length;
  });
}

const shows = (name, aggregate) => (aggregate === "n" ? format.compact : name.endsWith("_time") || name === "time_to_first_token" ? format.seconds : name === "cost_usd" ? format.dollars : (x) => (x == null ? "–" : format.number(x)));

// The lines of a metric: smoothed in front, and as they are behind.
function lines(series, { aggregate, width }) {
  const by = series[aggregate] ? aggregate : "mean"; // quantiles of a piece of time are kept of durations alone
  const front = { name: NAMES[by] ?? by, values: width > 1 ? smooth(series[by], width) : series[by], total: series.whole[by], colour: 0 };
  return width > 1 ? [front, { name: "not smoothed", values: series[by], total: undefined, colour: 0, thin: true }] : [front];
}

function panel(name, pins, toggled) {
  const box = h("div", { class: "plot" }), legend = h("figcaption", { class: "legend" });
  const pin = h("button", { type: "button", class: "quiet inline", "aria-pressed": String(pins.has(name)), onclick: () => toggled(name) }, pins.has(name) ? "Unpin" : "Pin");
  return { box, legend, figure: h("figure", { class: "card", "data-chart": name }, h("h2", { class: "heading" }, name, " ", pin), legend, box) };
}

export function explorePage(main, id) {
  const plots = h("div", { class: "charts" }), place = h("div", {}), note = h("p", { class: "lead", role: "status" }, "Looking for metrics");
  const search = h("input", { type: "search", id: "metric", maxlength: "200", oninput: () => changed({ find: search.value }, false) });
  const select = (name, values) => h("select", { id: `by-${name}`, onchange: (event) => changed({ [name]: event.target.value }, true) }, ...values.map(([value, text]) => h("option", { value }, text)));
  const aggregate = select("aggregate", AGGREGATES.map((one) => [one, NAMES[one] ?? one]));
  const width = select("smooth", SMOOTH);
  const log = h("input", { type: "checkbox", onchange: () => changed({ log: log.checked ? "yes" : null }, true) });
  const more = h("button", { type: "button", hidden: true, onclick: () => { most += AT_ONCE; draw(); } }, "More metrics");
  const drawn = new Map();
  const time = timeline(() => draw());
  let run = null, most = AT_ONCE, pins = pinned(), asked = 0, number = 0, closed = false;
  const words = () => {
    const { query } = read();
    return { find: query.get("find") ?? "", aggregate: query.get("aggregate") ?? "mean", width: Number(query.get("smooth") ?? 1), log: query.get("log") === "yes" };
  };
  const changed = (next, step) => { choose(next, step); fill(); drop(); draw(); };
  const fill = () => {
    const now = words();
    if (document.activeElement !== search) search.value = now.find;
    aggregate.value = now.aggregate;
    width.value = String(now.width);
    log.checked = now.log;
  };
  const drop = () => { drawn.forEach((one) => one.chart?.destroy()); drawn.clear(); set(plots); };
  const toggled = (name) => { if (pins.has(name)) pins.delete(name); else pins.add(name); keep(pins); drop(); draw(); };
  const wanted = () => {
    const find = words().find.toLowerCase().split(" ");
    const found = run.summary.metrics.map((one) => one.name).filter((name) => find.every((word) => name.toLowerCase().includes(word)));
    return [...found.filter((name) => pins.has(name)), ...found.filter((name) => !pins.has(name))];
  };
  const one = async (uPlot, name, mine) => {
    if (!drawn.has(name)) {
      const made = panel(name, pins, toggled);
      plots.append(made.figure);
      drawn.set(name, made);
    }
    const made = drawn.get(name), series = await ask(`/runs/${id}/series`, { metric: name, ...windowOf(time.range) });
    if (closed || mine !== number || !series?.n || drawn.get(name) !== made) return;
    const now = words();
    const kind = { key: name, of: (c) => lines(c, words()), show: shows(name, now.aggregate), log: now.log, negative: series.whole.min < 0 };
    made.chart ??= plot.chart(uPlot, made.box, made.legend, kind, time, { sync: `metrics ${id}` });
    made.chart.update(series, bandsOf(run));
  };
  const draw = async () => {
    const uPlot = await plot.load();
    if (!uPlot || !run || closed) return;
    const mine = ++number, names = wanted();
    asked = Date.now();
    more.hidden = names.length <= most;
    say(note, names.length ? `${format.count(names.length)} of ${format.count(run.summary.metrics.length)} metrics` : "No metric has that name.");
    for (const [name, made] of drawn) if (!names.includes(name)) { made.chart?.destroy(); made.figure.remove(); drawn.delete(name); }
    for (const name of names.slice(0, most)) await one(uPlot, name, mine);
  };
  set(main, place, h("h1", {}, "Metrics"), note, h("form", { class: "search", role: "search", onsubmit: (event) => event.preventDefault() },
    h("label", { class: "box", for: "metric" }, "name", search), h("label", { class: "box", for: "by-aggregate" }, "aggregate", aggregate),
    h("label", { class: "box", for: "by-smooth" }, "smoothing", width), h("label", { class: "box" }, log, "log axis")), time.bar, plots, more);
  fill();
  listen(`/runs/${id}/stream`, "run", (next) => {
    const first = !run, grown = run && run.loaded < 1;
    run = next;
    document.title = `Metrics of ${run.about?.name ?? run.name}: afmon`;
    if (first) set(place, crumbs(id, run.about?.name ?? run.name, "Metrics"));
    time.know(run);
    if (first || grown || (run.state === "running" && Date.now() - asked > AGAIN_MS)) draw();
  });
  return [{ time, redraw() { drawn.forEach((made) => made.chart?.redraw()); }, readdress() { fill(); time.read(); }, close() { closed = true; drop(); } }];
}
