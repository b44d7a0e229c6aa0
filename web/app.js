// The dashboard: which page is shown, and in which theme.
import { compare } from "./compare.js";
import { overview } from "./overview.js";
import { oneRun } from "./run.js";
import { closeAll } from "./streams.js";

const main = document.getElementById("main");
let panels = [];

function route() {
  if (location.hash === "#main") return;
  closeAll();
  panels.forEach((panel) => panel.close());
  const [, view, a, b] = location.hash.match(/^#\/(run|compare)\/([0-9a-f]+)(?:\/([0-9a-f]+))?$/) ?? [];
  panels = view === "run" ? oneRun(main, a) : view === "compare" && b ? compare(main, [a, b]) : (overview(main), []);
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
addEventListener("hashchange", () => { route(); main.focus(); scrollTo(0, 0); });
showTheme();
route();
