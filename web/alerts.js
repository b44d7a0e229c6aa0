// Alerts as intervals: one row a name, unfolded into its intervals; each leads to its time in the charts.
import { h, table } from "./dom.js";
import * as format from "./format.js";

const COMPARED = { below: "<", above: ">", "at most": "≤", "at least": "≥" };
const limit = (a) => `${a.aggregate} of ${a.metric} ${COMPARED[a.comparison] ?? a.comparison} ${format.compact(a.limit)}`;
const end = (a) => a.resolved ?? a.last;

// The one of them that is farthest beyond its limit.
const worst = (all) => all.reduce((one, other) => ((one.comparison.startsWith("below") || one.comparison === "at most" ? other.worst < one.worst : other.worst > one.worst) ? other : one));

function grouped(alerts) {
  const names = new Map();
  for (const a of alerts) names.set(a.name, [...(names.get(a.name) ?? []), a]);
  return [...names.values()];
}

export function alertTable(level, time) {
  const unfolded = new Set();
  const one = table("Alerts", [["Alert"], ["State"], ["Level"], ["Worst", "text"], ["Limit", "text"], ["First", "number"], ["Last", "number"], ["Held", "number"], ["Passes", "number"]], level);
  let shown = null;
  const see = (from, to) => time?.set(from - Math.max(1000, (to - from) * 0.3), to + Math.max(1000, (to - from) * 0.3));
  const button = (text, label, does, open = null) => h("button", { type: "button", class: "quiet inline", "aria-label": `${text}: ${label}`, "aria-expanded": open == null ? null : String(open), onclick: does }, text);
  const when = (text, run) => h("span", { title: format.time(Date.parse(text)) }, format.days(run.last_ms - run.first_ms) ? format.time(Date.parse(text)) : format.clock(Date.parse(text)));
  const row = (name, all, run) => {
    const gravest = worst(all), firing = all.some((a) => a.firing);
    const held = all.reduce((sum, a) => sum + a.held_s, 0), passes = all.reduce((sum, a) => sum + a.passes, 0);
    return [h("span", {}, ...name), h("span", { class: `state ${firing ? "firing" : "resolved"}` }, firing ? "firing" : "resolved"), h("span", { class: `level ${gravest.level}` }, gravest.level),
      gravest.message, limit(gravest), when(all[0].first, run), when(end(all.at(-1)), run), format.seconds(held), format.count(passes)];
  };
  const chart = (all, label) => (time ? [" ", button("in charts", label, () => see(Date.parse(all[0].first), Date.parse(end(all.at(-1)))))] : []);
  const draw = () => one.fill([shown.summary.alerts, [...unfolded]], () => grouped(shown.summary.alerts).flatMap((all) => {
    const [{ name }] = all, open = unfolded.has(name);
    const fold = all.length > 1 ? [" ", button(`${all.length} intervals`, name, () => { if (open) unfolded.delete(name); else unfolded.add(name); draw(); }, open)] : [];
    const rows = [row([name, ...fold, ...chart(all, name)], all, shown)];
    return open ? [...rows, ...all.map((a, i) => row([`– interval ${i + 1}`, ...chart([a], `interval ${i + 1} of ${name}`)], [a], shown))] : rows;
  }));
  return { section: one.section, show(run) { shown = run; draw(); } };
}
