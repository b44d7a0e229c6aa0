// All runs: a table that is searched, filtered and sorted by what its heads say, and from which runs are chosen.
import { choose, link, read } from "./address.js";
import { badge, h, say, set, tagList, tags } from "./dom.js";
import * as format from "./format.js";
import { listen } from "./streams.js";

const known = (run, value) => (run.verdict == null ? null : value);
const part = (of, all) => (all ? of / all : null);
const STATES = ["waiting", "running", "stalled", "ended"];

const state = (run) => h("span", { class: `dot ${run.state}` },
  run.verdict == null || run.loaded === 0 ? run.state : run.loaded < 1 ? `${run.state}, loading ${Math.floor(run.loaded * 100)}%` : run.state);

// title, key in the address, class, what it is sorted by, what is shown of that
const COLUMNS = [
  ["Run", "name", "", (run) => run.about?.name ?? run.name, null],
  ["Verdict", "verdict", "", (run) => ["failed", "degraded", "healthy", "no_data"].indexOf(run.verdict), null],
  ["State", "state", "", (run) => STATES.indexOf(run.state), null],
  ["Started", "started", "number wide", (run) => run.first_ms, format.time],
  ["Took", "took", "number wide", (run) => (run.first_ms == null ? null : (run.last_ms - run.first_ms) / 1000), format.seconds],
  ["Made", "made", "number", (run) => known(run, run.items || null), format.count],
  ["Yield", "yield", "number wide", (run) => part(run.items_accepted, run.items), format.percent],
  ["Failed", "failed", "number", (run) => part(run.items_failed, run.items), format.percent],
  ["Calls", "calls", "number wide", (run) => known(run, run.calls), format.count],
  ["Calls failed", "calls-failed", "number wide", (run) => part(run.calls_failed, run.calls), format.percent],
  ["Call p50", "p50", "number wide", (run) => run.latency_p50_s, format.seconds],
  ["Cost", "cost", "number wide", (run) => run.cost_usd, format.dollars],
  ["Score", "score", "number wide", (run) => run.score, format.score],
  ["Last sample", "last", "number wide", (run) => run.last_ms ?? run.modified_ms, null],
];

// As the server searches: each word stands somewhere.
const textOf = (run) => [run.name, run.about?.name, run.about?.note, ...tags(run.about)].join("\n").toLowerCase();

const nameCell = (run) => h("span", { class: "called", title: run.about?.note ?? "" }, h("a", { href: `#/run/${run.id}`, title: run.folder, "data-run": run.id }, run.about?.name ?? run.name),
  run.about?.name ? h("span", { class: "note" }, ` ${run.name}`) : null, ...tagList(run.about));

const CELLS = {
  name: nameCell, state,
  verdict: (run) => h("span", {}, badge(run.verdict), run.problem ? h("span", { class: "note" }, ` ${run.problem}`) : null),
  last: (run) => h("span", { title: format.time(run.last_ms ?? run.modified_ms) }, format.ago(run.last_ms) || "–"),
};

function compare(a, b) {
  if (a == null || b == null) return (a == null) - (b == null); // what is not known comes last, whichever way
  return typeof a === "string" ? a.localeCompare(b) : a - b;
}

// The words of the address: what is searched, which states and verdicts are wanted, what is sorted by.
function words() {
  const { query } = read();
  const sort = query.get("sort") ?? "-last", down = sort.startsWith("-");
  return { text: query.get("text") ?? "", state: query.get("state") ?? "", key: down ? sort.slice(1) : sort, down };
}

function wanted(runs) {
  const { text, state: only, key, down } = words();
  const [, , , of] = COLUMNS.find((one) => one[1] === key) ?? COLUMNS.at(-1);
  const found = runs.filter((run) => (!only || run.state === only || run.verdict === only) && text.toLowerCase().split(" ").every((word) => textOf(run).includes(word)));
  return found.sort((a, b) => {
    const [x, y] = [of(a), of(b)];
    return (x == null || y == null || !down ? compare(x, y) : compare(y, x)) || b.name.localeCompare(a.name);
  });
}

// Rows are kept, and only those whose run has changed are made anew: 500 of them are looked at each second.
function runTable(choice, sorted) {
  const heads = COLUMNS.map(([title, key, kind]) => h("th", { scope: "col", class: kind }, h("button", { type: "button", class: "sort", "data-sort": key, onclick: () => sorted(key) }, title)));
  const body = h("tbody");
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Runs" }, h("table", {}, h("caption", { class: "hidden" }, "Runs"), h("thead", {}, h("tr", {}, ...heads, h("th", { scope: "col", class: "choice" }, "Compare"))), body));
  const section = h("section", { class: "card runs", hidden: true }, h("h2", { class: "heading" }, "Runs"), scroll);
  const rows = new Map();
  const row = (run) => {
    const key = JSON.stringify([run, format.ago(run.last_ms)]), old = rows.get(run.id);
    if (old?.key === key) return old.row;
    const cells = COLUMNS.map(([, name, kind, of, show]) => h(name === "name" ? "th" : "td", { scope: name === "name" ? "row" : null, class: kind }, CELLS[name]?.(run) ?? show(of(run))));
    const focused = old?.row.contains(document.activeElement) ? document.activeElement.tagName : null;
    const made = old?.row ?? h("tr", {});
    set(made, ...cells, h("td", { class: "choice" }, choice(run)));
    if (focused) made.querySelector(focused)?.focus();
    rows.set(run.id, { key, row: made });
    return made;
  };
  return {
    section,
    fill(runs) {
      const { key, down } = words();
      heads.forEach((head, i) => { if (COLUMNS[i][1] === key) head.setAttribute("aria-sort", down ? "descending" : "ascending"); else head.removeAttribute("aria-sort"); });
      const next = runs.map(row), now = [...body.children];
      if (next.length !== now.length || next.some((one, i) => one !== now[i])) {
        const active = document.activeElement;
        set(body, ...next);
        if (body.contains(active)) active.focus();
      }
      for (const id of rows.keys()) if (!runs.some((run) => run.id === id)) rows.delete(id);
    },
  };
}

export function overview(main) {
  document.title = "Runs: afmon";
  const chosen = new Set();
  let runs = null, left = 0;
  const go = h("button", { type: "button", disabled: true, onclick: () => { location.hash = link(["compare", ...chosen]); } }, "Compare runs");
  const note = h("p", { class: "lead" }, "Looking for runs");
  const search = h("input", { type: "search", "aria-label": "Search runs by name, tag or note", placeholder: "Name, tag or note", oninput: () => { choose({ text: search.value }); draw(); } });
  const only = h("select", { "aria-label": "Which runs", onchange: () => { choose({ state: only.value }, true); draw(); } }, h("option", { value: "" }, "all runs"),
    ...[...STATES, "healthy", "degraded", "failed"].map((one) => h("option", { value: one }, one)));
  const choice = (run) => {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${run.name}`, "data-run": run.id, onchange: () => {
      if (box.checked) chosen.add(run.id); else chosen.delete(run.id);
      go.disabled = chosen.size < 2;
      say(go, chosen.size < 2 ? "Compare runs" : `Compare ${chosen.size === 2 ? "two" : chosen.size} runs`);
    } });
    box.checked = chosen.has(run.id);
    return box;
  };
  const list = runTable(choice, (key) => {
    const now = words();
    choose({ sort: now.key === key && !now.down ? `-${key}` : key }, true);
    draw();
  });
  const draw = () => {
    if (!runs || !list.section.isConnected) return;
    const found = wanted(runs);
    list.fill(found);
    const shown = found.length < runs.length ? `${format.count(found.length)} of ` : "";
    say(note, runs.length ? `${shown}${format.count(runs.length)} in the folders that are served; new ones appear by themselves.${left ? ` ${format.count(left)} more are not shown.` : ""}`
      : "There is no run yet in the folders that are served. It appears here by itself when one begins: afmon demo --log-dir FOLDER/demo makes one to look at; FOLDER is one that is served.");
  };
  const fill = () => { const now = words(); if (document.activeElement !== search) search.value = now.text; only.value = now.state; };
  set(main, h("div", { class: "title" }, h("h1", {}, "Runs"), h("span", { class: "fill" }), search, only, go), note, list.section);
  fill();
  listen("/stream", "runs", (all) => {
    runs = all.runs;
    left = all.left_out;
    list.section.hidden = runs.length === 0;
    go.hidden = search.hidden = only.hidden = runs.length < 2;
    draw();
  });
  const clock = setInterval(draw, 5000);
  return [{ redraw() {}, readdress() { fill(); draw(); }, close() { clearInterval(clock); } }];
}
