// The time that all charts of a page share: all of the run, its last minutes, or what was chosen. It is in the address.
import { choose, read, steps } from "./address.js";
import { h, say } from "./dom.js";
import * as format from "./format.js";

const LEAST_MS = 500;

// changed is called when another stretch is chosen; links(range) gives what leads to what is behind it.
export function timeline(changed, links = () => []) {
  let whole = null, recent = null, range = null, period = "charts";
  const name = `period-${Math.random().toString(36).slice(2)}`;
  const radio = (value, text) => h("label", {}, h("input", { type: "radio", name, value, onchange: () => take({ from: null, to: null, period: value === "recent" ? value : null }) }), text);
  const button = (text, does, label) => h("button", { type: "button", class: "quiet", "aria-label": label ?? null, title: label ?? null, onclick: does }, text);
  const choice = h("span", { class: "period" }, radio("charts", "Whole run"), radio("recent", "Last 5 minutes"));
  const text = h("span", { class: "range", role: "status" });
  const behind = h("span", { class: "links" });
  const back = button("Back", () => history.back(), "Back to the time before (b)");
  const out = button("−", () => self.zoom(2), "Zoom out (-)");
  const bar = h("fieldset", { class: "time", hidden: true }, h("legend", { class: "hidden" }, "Period of the charts"), choice,
    button("‹", () => self.move(-0.5), "Earlier ([)"), button("+", () => self.zoom(0.5), "Zoom in (+)"), out, button("›", () => self.move(0.5), "Later (])"), back, text, behind);

  const shown = () => range ?? (period === "recent" && recent ? recent : whole);
  const show = () => {
    bar.hidden = whole == null;
    choice.lastChild.hidden = recent == null;
    for (const input of choice.querySelectorAll("input")) input.checked = range == null && input.value === (recent ? period : "charts");
    back.hidden = steps() === 0;
    const days = range && format.days(range[1] - range[0]);
    say(text, range ? `${days ? format.time(range[0]) : format.clock(range[0])} to ${days ? format.time(range[1]) : format.clock(range[1])} (${format.seconds((range[1] - range[0]) / 1000)})` : "");
    const made = range ? links({ from: Math.floor(range[0]), to: Math.ceil(range[1]) }) : [];
    const key = made.map((one) => one.href).join();
    if (behind.dataset.key !== key) behind.replaceChildren(...made);
    behind.dataset.key = key;
  };
  const fromAddress = () => {
    const { query } = read();
    const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
    range = query.get("from") && query.get("to") && Number.isFinite(from) && to > from ? [from, to] : null;
    period = query.get("period") === "recent" ? "recent" : "charts";
  };
  const take = (words) => { choose(words, true); self.read(); };
  const self = {
    bar,
    // null: the charts that come with the run are those that are wanted.
    get range() { return range; },
    get recent() { return range == null && period === "recent" && recent != null; },
    // What the x axis shows, in milliseconds.
    get shown() { return shown(); },
    know(run) {
      whole = run.charts.count ? [run.charts.start_ms, Math.max(run.charts.end_ms, run.charts.start_ms + run.charts.step_ms)] : null;
      recent = run.recent?.count ? [run.recent.start_ms, run.recent.end_ms] : null;
      show();
    },
    set(from, to) {
      if (!(to > from)) return;
      const more = Math.max(0, LEAST_MS - (to - from)) / 2;
      take({ from: Math.round(from - more), to: Math.round(to + more), period: null });
    },
    zoom(factor) {
      const now = shown();
      if (!now) return;
      const half = ((now[1] - now[0]) * factor) / 2, middle = (now[0] + now[1]) / 2;
      if (whole && half * 2 >= whole[1] - whole[0]) self.reset();
      else self.set(middle - half, middle + half);
    },
    move(part) {
      const now = shown();
      if (!now || !whole) return;
      const width = now[1] - now[0], from = Math.min(Math.max(now[0] + part * width, whole[0]), Math.max(whole[0], whole[1] - width));
      self.set(from, from + width);
    },
    reset() { if (range) take({ from: null, to: null, period: null }); },
    // The address was changed, by us or by the browser's own keys.
    read() { fromAddress(); show(); changed(); },
  };
  fromAddress();
  return self;
}
