// The dashboard: an overview of runs, one run, two runs side by side. What comes from a run is only ever set as text.
import * as format from "./format.js";
import * as charts from "./charts.js";

const API = "/api/v1";
const main = document.getElementById("main");
const connection = document.getElementById("connection");
const VERDICTS = { healthy: "Healthy", degraded: "Degraded", failed: "Failed", no_data: "No data" };

// h("p", { class: "x" }, "text", node ...)
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

const set = (element, ...children) => { element.replaceChildren(...children); return element; };

// ---- The connection: one stream for each thing that is shown; it comes back by itself --------------------------------

let streams = [];

function say(text, state) {
  if (connection.textContent !== text) connection.textContent = text;
  connection.dataset.state = state;
}

function listen(path, name, take) {
  let source, timer, closed = false, wait = 500;
  const open = () => {
    source = new EventSource(`${API}${path}`);
    source.onopen = () => { wait = 500; say("Live", "live"); };
    source.addEventListener(name, (event) => take(JSON.parse(event.data)));
    source.onerror = () => {
      source.close();
      if (closed) return;
      say("Reconnecting", "lost");
      timer = setTimeout(retry, wait);
      wait = Math.min(wait * 1.6, 5000);
    };
  };
  // A stream cannot tell why it failed; a token that is not taken any more leads to the login.
  const retry = async () => {
    const answer = await fetch(`${API}/status`).catch(() => null);
    if (closed) return;
    if (answer?.status === 401) location.assign("/login");
    else open();
  };
  open();
  streams.push(() => { closed = true; clearTimeout(timer); source.close(); });
}

// ---- Pieces ----------------------------------------------------------------------------------------------------------

const badge = (verdict) => h("span", { class: `badge ${verdict ?? "loading"}` }, VERDICTS[verdict] ?? "Loading");

function table(caption, columns, level = 3) {
  const body = h("tbody");
  const note = h("p", { class: "empty" }, "None");
  const head = h("tr", {}, ...columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title)));
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body));
  const section = h("section", { class: "card" }, h(`h${level}`, { class: "heading" }, caption), scroll, note);
  return {
    section,
    fill(rows) {
      scroll.hidden = rows.length === 0;
      note.hidden = rows.length > 0;
      set(body, ...rows.map((cells) => h("tr", {}, ...cells.map((cell, i) =>
        (i === 0 ? h("th", { scope: "row", class: columns[i][1] }, cell) : h("td", { class: columns[i][1] }, cell))))));
    },
  };
}

function fact(label) {
  const value = h("dd", {}, "–");
  const note = h("dd", { class: "note" }, "");
  return { element: h("div", { class: "fact" }, h("dt", {}, label), value, note), set(text, more = "") { value.textContent = text; note.textContent = more; } };
}

// ---- The overview ----------------------------------------------------------------------------------------------------

function overview() {
  document.title = "Runs: afmon";
  const list = table("Runs", [["Run"], ["Verdict"], ["State"], ["Generations", "number"], ["Success", "number"], ["Last sample", "number"], ["Compare"]], 2);
  const chosen = new Set();
  const go = h("button", { type: "button", disabled: true, onclick: () => { location.hash = `#/compare/${[...chosen].join("/")}`; } }, "Compare two runs");
  set(main, h("h1", {}, "Runs"), h("p", { class: "lead" }, "Every run in the folders that are served; new ones appear by themselves."), list.section, go);
  const choose = (run) => {
    const box = h("input", { type: "checkbox", "aria-label": `Compare ${run.name}`, onchange: () => {
      if (box.checked) chosen.add(run.id); else chosen.delete(run.id);
      go.disabled = chosen.size !== 2;
    } });
    box.checked = chosen.has(run.id);
    return box;
  };
  const state = (run) => (run.loaded < 1 ? `loading ${Math.round(run.loaded * 100)} %` : run.state);
  listen("/stream", "runs", ({ runs }) => {
    const focused = document.activeElement?.getAttribute("aria-label");
    runs.sort((a, b) => (b.last_ms ?? Infinity) - (a.last_ms ?? Infinity) || b.name.localeCompare(a.name));
    list.fill(runs.map((run) => [
      h("a", { href: `#/run/${run.id}` }, run.name),
      h("span", {}, badge(run.verdict), run.problem ? h("span", { class: "note" }, ` ${run.problem}`) : null),
      state(run), format.count(run.generations), format.percent(run.success_rate),
      h("span", { title: format.time(run.last_ms) }, format.ago(run.last_ms) || "–"), choose(run)]));
    if (focused) [...main.querySelectorAll("input")].find((box) => box.getAttribute("aria-label") === focused)?.focus();
  });
}

// ---- One run -----------------------------------------------------------------------------------------------------------

function runPanel(id, level) {
  const title = h(`h${level}`, {}, "Loading");
  const verdict = h("span", {});
  const reasons = h("ul", { class: "reasons" });
  const when = h("p", { class: "lead" });
  const facts = Object.fromEntries(["Success rate", "Generations", "Latency p50", "Latency p99", "Tokens", "Samples"].map((name) => [name, fact(name)]));
  const plots = h("div", { class: "charts" });
  const alerts = table("Alerts", [["Alert"], ["State"], ["Message"], ["First", "number"], ["Last", "number"], ["Passes", "number"]], level + 1);
  const operations = table("Operations", [["Operation"], ["Component"], ["Calls", "number"], ["Failed", "number"], ["Mean", "number"]], level + 1);
  const models = table("Models", [["Model"], ["Prompt", "number"], ["Completion", "number"], ["Total tokens", "number"]], level + 1);
  const errors = table("Error types", [["Error"], ["Count", "number"]], level + 1);
  const finishes = table("Finish reasons", [["Reason"], ["Count", "number"]], level + 1);
  const root = h("article", { class: "run" },
    h("div", { class: "title" }, title, verdict), when, reasons,
    h("dl", { class: "facts" }, ...Object.values(facts).map((f) => f.element)),
    plots, alerts.section, operations.section, h("div", { class: "pair" }, models.section, errors.section, finishes.section));
  const drawn = new Map();
  let last = null;

  const draw = (run) => charts.load().then((uPlot) => {
    if (!root.isConnected) return;
    if (!uPlot) {
      set(plots, h("p", { class: "card empty" }, "This build of afmon has no charts: run tools/fetch uplot and build it again."));
      return;
    }
    for (const kind of charts.kinds) {
      if (kind.key === "scores" && run.charts.scores.length === 0) continue;
      if (!drawn.has(kind.key)) {
        const box = h("div", { class: "plot" });
        const caption = h("figcaption", { class: "note" });
        plots.append(h("figure", { class: "card" }, h(`h${level + 1}`, { class: "heading" }, kind.title), box, caption));
        drawn.set(kind.key, { ...charts.chart(uPlot, box, kind), caption });
      }
      const one = drawn.get(kind.key);
      one.update(run.charts);
      one.caption.textContent = charts.describe(kind, run.charts);
    }
  });

  const show = (run) => {
    last = run;
    title.textContent = run.name;
    if (level === 1) document.title = `${run.name}: afmon`;
    set(verdict, badge(run.verdict));
    set(reasons, ...run.reasons.map((text) => h("li", {}, text)));
    const span = run.first_ms == null ? "no samples yet" : `${format.time(run.first_ms)} to ${format.time(run.last_ms)} (${format.seconds((run.last_ms - run.first_ms) / 1000)})`;
    when.textContent = `${run.state} · ${span}${run.unreadable_lines ? ` · ${format.count(run.unreadable_lines)} unreadable lines` : ""}`;
    facts["Success rate"].set(format.percent(run.success_rate));
    facts.Generations.set(format.count(run.generations));
    facts["Latency p50"].set(format.seconds(run.generation_time.p50), `p90 ${format.seconds(run.generation_time.p90)}`);
    facts["Latency p99"].set(format.seconds(run.generation_time.p99), `max ${format.seconds(run.generation_time.max)}`);
    facts.Tokens.set(format.compact(run.tokens.total), `${format.compact(run.tokens.prompt)} prompt, ${format.compact(run.tokens.completion)} completion`);
    facts.Samples.set(format.compact(run.samples), `${run.metrics} metrics`);
    alerts.fill(run.alerts.map((a) => [a.name, h("span", { class: `state ${a.state}` }, a.state), a.message, format.time(a.first_ms), format.time(a.last_ms), format.count(a.passes_held)]));
    operations.fill(run.operations.map((o) => [o.operation || "–", o.component || "–", format.count(o.count), `${format.count(o.failures)} (${format.percent(o.count ? o.failures / o.count : null)})`, format.seconds(o.mean_s)]));
    models.fill(run.models.map((m) => [m.model, format.count(m.prompt), format.count(m.completion), format.count(m.total)]));
    errors.fill(run.errors.map((e) => [e.name || "(none given)", format.count(e.count)]));
    finishes.fill(run.finish_reasons.map((f) => [f.name, format.count(f.count)]));
    draw(run);
  };
  listen(`/runs/${id}/stream`, "run", show);
  return { root, redraw() { drawn.forEach((one) => one.redraw()); }, close() { drawn.forEach((one) => one.destroy()); }, get last() { return last; } };
}

function logPanel(id) {
  const lines = h("ol", { class: "log", tabindex: "0", "aria-label": "Log lines, the latest first" });
  const status = h("p", { class: "note", role: "status" });
  const text = h("input", { id: "log-text", type: "search", maxlength: "200" });
  const level = h("select", { id: "log-level" }, ...["info", "warning", "error"].map((name) => h("option", { value: name }, name === "info" ? "all levels" : name === "warning" ? "warnings and errors" : "errors")));
  const search = async (event) => {
    event?.preventDefault();
    const answer = await fetch(`${API}/runs/${id}/log?${new URLSearchParams({ level: level.value, text: text.value })}`).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (!found) { status.textContent = "The log cannot be read now."; return; }
    status.textContent = `${format.count(found.lines.length)} lines${found.complete ? "" : ", older ones left out"}`;
    set(lines, ...found.lines.map((line) => h("li", { class: line.level },
      h("time", {}, line.time ?? ""), h("span", { class: "level" }, line.level), h("span", { class: "message" }, line.message), h("code", {}, line.data === "{}" ? "" : line.data))));
  };
  level.addEventListener("change", search);
  const form = h("form", { class: "search", role: "search", onsubmit: search },
    h("label", { for: "log-text" }, "Text"), text, h("label", { for: "log-level" }, "Level"), level, h("button", { type: "submit" }, "Search"));
  search();
  return h("section", { class: "card" }, h("h2", { class: "heading" }, "Log"), form, status, lines);
}

let panels = [];

function oneRun(id) {
  const panel = runPanel(id, 1);
  const download = (format_) => h("a", { href: `${API}/runs/${id}/export?format=${format_}`, download: true }, format_.toUpperCase());
  panels = [panel];
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), panel.root, logPanel(id),
    h("p", { class: "lead" }, h("a", { href: `${API}/runs/${id}/report`, target: "_blank", rel: "noopener" }, "Report of this run"),
      " · its samples: ", download("json"), " · ", download("csv")));
}

function compare(a, b) {
  document.title = "Two runs: afmon";
  panels = [runPanel(a, 2), runPanel(b, 2)];
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), h("h1", {}, "Two runs side by side"),
    h("div", { class: "side" }, panels[0].root, panels[1].root));
}

// ---- Addresses and the theme --------------------------------------------------------------------------------------------

function route() {
  streams.forEach((close) => close());
  panels.forEach((panel) => panel.close());
  streams = [];
  panels = [];
  const [, view, a, b] = location.hash.match(/^#\/(run|compare)\/([0-9a-f]+)(?:\/([0-9a-f]+))?$/) ?? [];
  if (view === "run") oneRun(a);
  else if (view === "compare" && b) compare(a, b);
  else if (location.hash === "#main") return;
  else overview();
}

function nextTheme() {
  const order = ["system", "light", "dark"];
  const now = document.documentElement.dataset.theme ?? "system";
  const next = order[(order.indexOf(now) + 1) % 3];
  if (next === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  try { localStorage.setItem("afmon-theme", next); } catch { /* it holds until the page is closed */ }
  showTheme();
}

function showTheme() {
  document.getElementById("theme").textContent = `Theme: ${document.documentElement.dataset.theme ?? "system"}`;
  panels.forEach((panel) => panel.redraw());
}

document.getElementById("theme").addEventListener("click", nextTheme);
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showTheme);
addEventListener("hashchange", () => { route(); main.focus(); });
showTheme();
route();
