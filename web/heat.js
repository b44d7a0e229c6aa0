// How long calls took, as a heat map: each piece of time is a column, each row some times higher than the one below it.
import { h, set } from "./dom.js";
import * as format from "./format.js";
import { HEIGHT, frame, palette, times } from "./plot.js";

const LOADING_MS = 1000; // the same of one that is being read
const WAIT_MS = 10_000; // between two looks at a run that goes on: it is a bigger answer than a line

const bottom = (heat, row) => (row === 0 ? heat.low / heat.factor : heat.low * heat.factor ** (row - 1));

function paint(u, series, colours) {
  const { ctx, bbox } = u, { heat } = series;
  const most = heat.counts.flat().reduce((a, b) => Math.max(a, b), 1);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.fillStyle = colours.more[0];
  heat.counts.forEach((column, i) => {
    const from = u.valToPos((series.start_ms + i * series.step_ms) / 1000, "x", true);
    const to = u.valToPos((series.start_ms + (i + 1) * series.step_ms) / 1000, "x", true);
    column.forEach((n, row) => {
      if (!n) return;
      const y = u.valToPos(bottom(heat, row + 1), "y", true);
      ctx.globalAlpha = 0.12 + 0.88 * Math.sqrt(n / most); // few are seen beside many
      ctx.fillRect(from, y, Math.max(1, to - from), u.valToPos(bottom(heat, row), "y", true) - y);
    });
  });
  ctx.restore();
}

// ask(): the series with its heat, of the stretch that is shown.
export function heatMap(uPlot, box, legend, time, { ask, sync, open }) {
  let plot = null, series = null, asked = 0, timer = 0, number = 0, stretch = "";
  const kind = { log: true, show: format.seconds, key: "heat", opens: {} };
  const tell = (index) => {
    const n = index == null ? series.whole.n : series.n[index];
    const p = (q) => format.seconds(index == null ? series.whole[q] : series[q][index]);
    set(legend, h("span", {}, "durations ", h("b", {}, format.count(n))), ...["p50", "p90", "p99"].map((q) => h("span", {}, `${q} `, h("b", {}, p(q)))),
      h("span", { class: "at" }, index == null ? "" : format.clock(series.start_ms + index * series.step_ms)));
  };
  const make = () => {
    plot?.destroy();
    plot = null;
    if (!series?.heat || series.count === 0) { set(legend, "No durations in this stretch"); return; }
    const colours = palette(), { heat } = series;
    const words = frame(kind, Math.max(200, box.clientWidth), colours, time, {
      hover: (u) => tell(u.cursor.idx), sync, draw: () => {}, paint: (u) => paint(u, series, colours),
      click: (i) => open?.(series.start_ms + i * series.step_ms, series.start_ms + (i + 1) * series.step_ms, kind),
    });
    words.scales.y.range = () => [bottom(heat, 0), bottom(heat, heat.rows)];
    words.series = [{}, { stroke: "transparent", points: { show: false } }];
    plot = new uPlot(words, [times(series), series.p50], box);
    plot.root.setAttribute("aria-hidden", "true");
    plot.over.style.cursor = "pointer";
    tell(null);
  };
  const resize = new ResizeObserver(() => plot?.setSize({ width: Math.max(200, box.clientWidth), height: HEIGHT }));
  resize.observe(box);
  const self = {
    // live: the stretch that is shown goes on.
    async update(live) {
      const now = String(time.range), same = now === stretch;
      clearTimeout(timer);
      plot?.setData(plot.data); // in step with the others, until the answer is there
      if (same && Date.now() - asked < (series?.loaded === 1 ? WAIT_MS : LOADING_MS)) {
        if (series?.loaded !== 1) timer = setTimeout(self.update, LOADING_MS, live);
        return;
      }
      if (same && !live && series?.loaded === 1) return;
      stretch = now;
      asked = Date.now();
      const mine = ++number, found = await ask();
      if (mine !== number) return;
      if (found?.n) { series = found; make(); }
      if (found?.loaded !== 1) timer = setTimeout(self.update, LOADING_MS, live);
    },
    redraw() { if (series) make(); },
    destroy() { number++; clearTimeout(timer); resize.disconnect(); plot?.destroy(); },
  };
  return self;
}
