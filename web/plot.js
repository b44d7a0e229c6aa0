// Charts over time, drawn by uPlot where this build has it: one time axis for all of a page, with what must not be
// overlooked: gaps, single points, stretches in which an alert held, and the last piece of time, which is not over.
import { h, say, set } from "./dom.js";
import * as format from "./format.js";

const FAMILY = {
  light: { green: "#2e9e5b", red: "#d1495b", more: ["#3b6fb6", "#e08a2e", "#2f9e77", "#c8553d", "#7a5ea8", "#5b7083", "#a8793b", "#4a90a4"], grid: "#e9ecef", text: "#5b6472", warning: "#e08a2e", error: "#d1495b" },
  dark: { green: "#4cc27e", red: "#ef6f80", more: ["#7aa7e6", "#f0a95a", "#55c9a0", "#ea8570", "#b39ddb", "#9fb3c8", "#d0a867", "#7fc4d8"], grid: "#273141", text: "#a3adbb", warning: "#f0a95a", error: "#ef6f80" },
};
export const HEIGHT = 210;
const BAND_LEAST = 3; // pixels of an alert, however short it was
const CLICK = 4; // pixels: what is narrower was no brush

let library;

// The chart library, or null where the build is without it.
export function load() {
  library ??= new Promise((resolve) => {
    const style = document.createElement("link");
    const script = document.createElement("script");
    style.rel = "stylesheet";
    style.href = "assets/uPlot.min.css";
    script.src = "assets/uPlot.iife.min.js";
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
export const palette = () => FAMILY[isDark() ? "dark" : "light"];
export const colour = (colours, name) => (typeof name === "number" ? colours.more[name % colours.more.length] : colours[name]);

// Middles of the pieces of time, in seconds; the last one ends now.
export const times = (c) => c.x ?? Array.from({ length: c.count }, (_, i) => {
  const from = c.start_ms + i * c.step_ms;
  return (from + Math.max(0, Math.min(c.step_ms, (c.end_ms ?? Infinity) - from)) / 2) / 1000;
});

// From when on the last piece of time is not over, in milliseconds; null: it is.
export const partial = (c) => {
  const from = c.start_ms + (c.count - 1) * c.step_ms;
  return !c.x && c.count > 1 && c.end_ms < from + c.step_ms ? from : null;
};

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const day = (t) => `${MONTHS[t.getMonth()]} ${t.getDate()}`;

// More than half a day: times have their day below them.
const longer = (time) => time.shown && time.shown[1] - time.shown[0] > 43_200_000;

// Times on the axis, with the day below them where more than one can be meant.
export function ticks(splits, step, span) {
  let before = "";
  return splits.map((s) => {
    const t = new Date(s * 1000), date = day(t);
    if (step >= 86400) return date;
    const clock = step < 60 ? format.clock(s * 1000) : format.clock(s * 1000).slice(0, 5);
    const told = span > 43200 && date !== before;
    before = date;
    return told ? `${clock}\n${date}` : clock;
  });
}

// Only what stands alone: a line through it cannot be seen.
function lonely(u, index) {
  const values = u.data[index], found = [];
  for (let i = 0; i < values.length; i++)
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) found.push(i);
  return found;
}

function rangeOf(kind, min, max) {
  if (kind.log) {
    if (!(min > 0)) min = max > 0 ? max / 100 : 0.1;
    if (!(max > 0)) max = min * 10;
    return [min / 1.25, max * 1.25];
  }
  if (kind.range) return [kind.range.low, Math.min(kind.range.most, Math.max(kind.range.least, (max ?? 0) * 1.15))];
  if (!kind.negative) return [Math.min(0, min ?? 0), max > 0 ? max * 1.08 : min < 0 ? 0 : 1];
  const pad = (max - min || Math.abs(max) || 1) * 0.08;
  return [min - pad, max + pad];
}

function drawBands(u, bands, colours) {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  // All of a level at once, so that what overlaps is no darker.
  for (const level of ["warning", "error"]) {
    const places = bands.filter((band) => band.level === level).map((band) => {
      const from = u.valToPos(band.from / 1000, "x", true), to = u.valToPos(band.to / 1000, "x", true);
      return [from, Math.max(to - from, BAND_LEAST * devicePixelRatio)];
    });
    for (const [height, alpha] of [[bbox.height, "1f"], [2 * devicePixelRatio, ""]]) {
      ctx.fillStyle = `${colours[level]}${alpha}`;
      ctx.beginPath();
      places.forEach(([from, width]) => ctx.rect(from, bbox.top, width, height));
      ctx.fill();
    }
  }
  ctx.restore();
}

function drawPartial(u, from, colours) {
  if (from == null) return;
  const { ctx, bbox } = u;
  const at = Math.max(bbox.left, u.valToPos(from / 1000, "x", true)), end = bbox.left + bbox.width;
  if (at >= end) return;
  ctx.save();
  ctx.strokeStyle = `${colours.text}80`;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(at, bbox.top);
  ctx.lineTo(at, bbox.top + bbox.height);
  ctx.stroke();
  ctx.fillStyle = `${colours.text}1a`;
  ctx.fillRect(at, bbox.top, end - at, bbox.height);
  ctx.restore();
}

// What a canvas over time has in common, whatever is drawn on it.
// time: { shown: [from, to] in milliseconds, set(from, to), reset() }; sync: charts of one name share the cursor.
export function frame(kind, width, colours, time, { hover, click, sync, draw, paint }) {
  const axis = { stroke: colours.text, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    width, height: kind.height ?? HEIGHT, padding: [10, 26, 0, 0],
    legend: { show: false },
    cursor: {
      points: { size: 7 }, y: false, drag: { x: true, y: false, setScale: false },
      sync: { key: sync, scales: ["x", null], filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
      bind: { dblclick: () => () => time.reset() },
    },
    hooks: {
      ready: [(u) => u.over.addEventListener("click", (event) => click?.(u.posToIdx(event.offsetX)))],
      setCursor: [hover], drawClear: [draw], draw: paint ? [paint] : [],
      setSelect: [(u) => {
        const { left, width: wide } = u.select;
        if (wide < CLICK) return;
        time.set(u.posToVal(left, "x") * 1000, u.posToVal(left + wide, "x") * 1000);
        u.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      }],
    },
    scales: {
      x: { range: (_, min, max) => { const now = time.shown; return now ? [now[0] / 1000, now[1] / 1000] : [min, max]; } },
      y: { distr: kind.log ? 3 : 1, range: (_, min, max) => rangeOf(kind, min, max) },
    },
    axes: [
      { ...axis, grid: { show: false }, values: (u, splits, _, __, step) => kind.ticks?.(splits) ?? ticks(splits, step, u.scales.x.max - u.scales.x.min), space: 84, size: () => (longer(time) ? 40 : 28) },
      { ...axis, values: (_, splits) => splits.map((y) => (y == null ? "" : kind.onAxis?.(y) ?? kind.show(y))), size: 64 },
    ],
  };
}

const latest = (values) => values.findLast((x) => x != null);

// Draws into box, names and figures of the series into legend. Returns { update(charts, bands), redraw(), destroy() }.
// open(from, to, kind): what is behind a piece of time is wanted.
export function chart(uPlot, box, legend, kind, time, { sync = null, open = null } = {}) {
  let plot = null, shape = "", last = null, series = [], bands = [], values = [];
  const begin = (index) => (last.x ? last.x[index] * 1000 : last.start_ms + index * last.step_ms);
  const drawn = () => series.filter((one) => !one.aside);
  const held = (ms) => bands.filter((band) => band.from < ms + last.step_ms && band.to >= ms).map((band) => band.name);
  const tell = (index) => {
    const ms = index == null ? null : begin(index);
    series.forEach((one, i) => say(values[i], kind.show(ms == null ? (one.total === undefined ? latest(one.values) ?? null : one.total) : one.values[index])));
    say(legend.lastChild, ms == null ? "" : [kind.at?.(ms) ?? (format.days((time.shown?.[1] ?? 0) - (time.shown?.[0] ?? 0)) ? format.time(ms) : format.clock(ms)), ...new Set(held(ms)), ms === partial(last) ? "not over" : ""].filter(Boolean).join(" · "));
  };
  const drawLegend = (colours) => {
    values = series.map(() => h("b", {}, ""));
    set(legend, ...series.map((one, i) => {
      const swatch = h("i", {});
      swatch.style.background = colour(colours, one.colour);
      return h("span", {}, swatch, one.name, " ", values[i]);
    }), h("span", { class: "at" }, ""));
  };
  const shapeOf = () => series.map((one) => one.name).join("\n");
  const data = () => [times(last), ...drawn().map((one) => one.values.map((x) => (kind.log && x <= 0 ? null : x)))];
  const click = (index) => open?.(begin(index), begin(index) + last.step_ms, kind);
  const make = () => {
    const colours = palette();
    plot?.destroy();
    shape = shapeOf();
    drawLegend(colours);
    const words = frame(kind, Math.max(200, box.clientWidth), colours, time, {
      hover: (u) => tell(u.cursor.idx), click: open && click, sync,
      draw: (u) => { drawPartial(u, partial(last), colours); drawBands(u, bands, colours); },
    });
    words.series = [{}, ...drawn().map((one) => ({
      label: one.name, stroke: colour(colours, one.colour), width: one.thin ? 1 : 2, dash: one.dash, alpha: one.thin ? 0.45 : 1,
      points: { show: true, size: 6, filter: lonely }, spanGaps: Boolean(one.spans), fill: kind.fill ? `${colour(colours, one.colour)}22` : undefined,
    }))];
    plot = new uPlot(words, data(), box);
    plot.root.setAttribute("aria-hidden", "true"); // the legend says what matters
    if (open) plot.over.style.cursor = "pointer";
    tell(null);
  };
  const resize = new ResizeObserver(() => plot?.setSize({ width: Math.max(200, box.clientWidth), height: kind.height ?? HEIGHT }));
  resize.observe(box);
  const self = {
    update(charts, held_ = []) {
      last = charts;
      bands = held_;
      series = kind.of(charts);
      if (!plot || shapeOf() !== shape) make();
      else plot.setData(data());
      tell(plot.cursor.idx);
    },
    redraw() { if (last) make(); },
    destroy() { resize.disconnect(); plot?.destroy(); },
  };
  return self;
}
