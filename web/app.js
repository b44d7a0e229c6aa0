// The dashboard: which page is shown, and in which theme.
import { read } from "./address.js";
import { compare } from "./compare.js";
import { itemPage } from "./item.js";
import { itemsPage } from "./items.js";
import { overview } from "./overview.js";
import { oneRun } from "./run.js";
import { closeAll } from "./streams.js";

const main = document.getElementById("main");
const ID = /^[0-9a-f]+$/;
let panels = [];
let shown = null;

function pageOf([view, ...words]) {
  const [id, part, item] = words;
  if (view === "run" && ID.test(id ?? "")) {
    if (words.length === 1) return () => oneRun(main, id);
    if (part === "items" && words.length === 2) return () => itemsPage(main, id);
    if (part === "item" && words.length === 3) return () => itemPage(main, id, decodeURIComponent(item));
  }
  if (view === "compare" && words.length > 1 && words.every((word) => ID.test(word))) return () => compare(main, words);
  return () => { overview(main); return []; };
}

// Another query of the same page is told to the page, which stays.
function route() {
  if (location.hash === "#main") return;
  const { parts } = read();
  const path = parts.join("/");
  if (path === shown) { panels.forEach((panel) => panel.readdress?.()); return; }
  const first = shown === null;
  shown = path;
  closeAll();
  panels.forEach((panel) => panel.close());
  panels = pageOf(parts)();
  if (first) return;
  main.focus({ preventScroll: true });
  scrollTo(0, 0);
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
addEventListener("hashchange", route);
showTheme();
route();
