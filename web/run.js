// One run: what it came to, its charts and tables.
import { link } from "./address.js";
import { chartsPanel } from "./charts.js";
import { badge, h, loading, say, set, tagList } from "./dom.js";
import { factsPanel, planBar } from "./facts.js";
import * as format from "./format.js";
import { logPanel } from "./log.js";
import { nowhere } from "./nowhere.js";
import { API, listen } from "./streams.js";
import { tables } from "./tables.js";

function span(run) {
  if (run.first_ms == null) return "no samples yet";
  return `${format.time(run.first_ms)} to ${format.time(run.last_ms)} (${format.seconds((run.last_ms - run.first_ms) / 1000)})`;
}

// took: called with each picture; gone where there is no such run.
function runPanel(id, took, gone) {
  const title = h("h1", {}, "Loading");
  const verdict = h("span", {});
  const problem = h("p", { class: "problem", hidden: true });
  const reasons = h("ul", { class: "reasons" });
  const when = h("p", { class: "lead" });
  const called = h("p", { class: "called", hidden: true });
  const facts = factsPanel();
  const bars = [planBar(), loading()];
  const plots = chartsPanel(id, 2);
  const rest = tables(2, id, plots.time);
  const links = h("span", { class: "links" }, h("a", { href: link(["run", id, "items"]) }, "Items"), h("a", { href: link(["run", id, "metrics"]) }, "Metrics"), h("a", { href: `${API}/runs/${id}/report`, target: "_blank", rel: "noopener" }, "Report"),
    ...["json", "csv"].map((kind) => h("a", { href: `${API}/runs/${id}/export?format=${kind}`, download: true, "aria-label": `Samples as ${kind.toUpperCase()}` }, kind.toUpperCase())));
  const root = h("article", { class: "run" },
    h("div", { class: "title" }, title, verdict, h("span", { class: "fill" }), links), called, when, ...bars.map((bar) => bar.element), problem, reasons,
    facts.element, rest.first, plots.root, ...rest.root);
  let drawn = "";
  listen(`/runs/${id}/stream`, "run", (run) => {
    const { about } = run.summary;
    say(title, about.name ?? run.name);
    document.title = `${about.name ?? run.name}: afmon`;
    const said = JSON.stringify([run.verdict, run.summary.reasons, run.summary.warnings, about]);
    if (said !== drawn) {
      called.hidden = !about.name && !about.note && Object.keys(about.tags).length === 0;
      set(called, ...[about.name ? h("span", { class: "note" }, run.name) : null, ...tagList(about), about.note].filter((one) => one != null));
      set(verdict, badge(run.verdict));
      set(reasons, ...run.summary.reasons.map((one) => h("li", { class: one.level }, one.text)), ...run.summary.warnings.map((one) => h("li", { class: "note" }, one.text)));
    }
    drawn = said;
    problem.hidden = !run.problem;
    say(problem, run.problem ?? "");
    say(when, `${run.state} · ${span(run)} · ${format.compact(run.samples)} samples${run.summary.unreadable_lines ? ` · ${format.count(run.summary.unreadable_lines)} unreadable lines` : ""}`);
    bars.forEach((bar) => bar.show(run));
    facts.show(run);
    rest.show(run);
    plots.show(run);
    took(run);
  }, gone);
  return { root, time: plots.time, redraw: plots.redraw, close: plots.close, readdress: plots.readdress };
}

export function oneRun(main, id) {
  const log = logPanel(id);
  const panel = runPanel(id, log.show, () => nowhere(main, "There is no such run in the folders that are served: the address is wrong, or its folder has gone."));
  set(main, h("nav", { "aria-label": "Breadcrumb", class: "crumbs" }, h("a", { href: "#/" }, "Runs")), panel.root, log.section);
  return [panel];
}
