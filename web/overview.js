// All runs.
import { badge, h, say, set, table, tagList, tags } from "./dom.js";
import * as format from "./format.js";
import { listen } from "./streams.js";

const COLUMNS = [["Run"], ["Verdict"], ["State"], ["Made", "number"], ["Failed", "number"], ["Calls", "number wide"], ["Calls failed", "number wide"], ["Last sample", "number wide"], ["Compare", "choice"]];

// As the server searches: each word stands somewhere.
const textOf = (run) => [run.name, run.about?.name, run.about?.note, ...tags(run.about)].join("\n").toLowerCase();
const isWanted = (run, text) => text.toLowerCase().split(" ").every((word) => textOf(run).includes(word));

const state = (run) => h("span", { class: `dot ${run.state}` },
  run.verdict == null || run.loaded === 0 ? run.state : run.loaded < 1 ? `${run.state}, loading ${Math.floor(run.loaded * 100)}%` : run.state);

const made = (run) => (run.verdict == null || !run.items ? "–" : format.count(run.items));
const share = (failed, all) => format.percent(all ? failed / all : null);

export function overview(main) {
  document.title = "Runs: afmon";
  const chosen = new Set();
  const list = table("Runs", COLUMNS, 2);
  list.section.classList.add("runs");
  const go = h("button", { type: "button", disabled: true, onclick: () => { location.hash = `#/compare/${[...chosen].join("/")}`; } }, "Compare two runs");
  const note = h("p", { class: "lead" }, "Looking for runs");
  const search = h("input", { type: "search", "aria-label": "Search runs by name, tag or note", placeholder: "Name, tag or note", oninput: () => draw() });
  let runs = null;
  const choose = (run) => {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${run.name}`, "data-run": run.id, onchange: () => {
      if (box.checked) chosen.add(run.id); else chosen.delete(run.id);
      go.disabled = chosen.size !== 2;
    } });
    box.checked = chosen.has(run.id);
    return box;
  };
  const draw = () => {
    if (!runs || !main.isConnected || !list.section.isConnected) return;
    const focused = document.activeElement?.dataset?.run;
    const kind = document.activeElement?.tagName;
    const shown = runs.filter((run) => isWanted(run, search.value));
    list.fill(shown.map((run) => [run, format.ago(run.last_ms)]), () => shown.map((run) => [
      h("span", { class: "called", title: run.about?.note ?? "" }, h("a", { href: `#/run/${run.id}`, title: run.folder, "data-run": run.id }, run.about?.name ?? run.name),
        run.about?.name ? h("span", { class: "note" }, ` ${run.name}`) : null, ...tagList(run.about)),
      h("span", {}, badge(run.verdict), run.problem ? h("span", { class: "note" }, ` ${run.problem}`) : null),
      state(run), made(run), share(run.items_failed, run.items), format.count(run.verdict == null ? null : run.calls), share(run.calls_failed, run.calls),
      h("span", { title: format.time(run.last_ms ?? run.modified_ms) }, format.ago(run.last_ms) || "–"), choose(run)]));
    if (focused) [...list.section.querySelectorAll(kind)].find((one) => one.dataset.run === focused)?.focus();
  };
  set(main, h("div", { class: "title" }, h("h1", {}, "Runs"), h("span", { class: "fill" }), search, go), note, list.section);
  list.section.hidden = true;
  listen("/stream", "runs", (all) => {
    runs = all.runs.sort((a, b) => (b.last_ms ?? b.modified_ms) - (a.last_ms ?? a.modified_ms) || b.name.localeCompare(a.name));
    list.section.hidden = runs.length === 0;
    go.hidden = search.hidden = runs.length < 2;
    const more = all.left_out ? ` ${format.count(all.left_out)} more are not shown.` : "";
    say(note, runs.length ? `${format.count(runs.length)} in the folders that are served; new ones appear by themselves.${more}`
      : "There is no run yet in the folders that are served. It appears here by itself when one begins.");
    draw();
  });
  const clock = setInterval(() => (list.section.isConnected ? draw() : clearInterval(clock)), 5000);
}
