// The dashboard: which page is shown, and in which theme.
import { read } from "./address.js";
import { keys } from "./keys.js";
import { nowhere } from "./nowhere.js";
import { overview } from "./overview.js";
import { oneRun } from "./run.js";
import { closeAll } from "./streams.js";

const main = document.getElementById("main");
const ID = /^[0-9a-f]+$/;
let panels = [];
let shown = null;

function plain(word) {
  try { return decodeURIComponent(word); } catch { return word; }
}

// What makes the page of an address. Pages that few look at are fetched when they are wanted.
async function pageOf([view, ...words]) {
  const [id, part, item] = words;
  if (view === "run" && ID.test(id ?? "")) {
    if (words.length === 1) return () => oneRun(main, id);
    if (part === "items" && words.length === 2) { const page = await import("./items.js"); return () => page.itemsPage(main, id); }
    if (part === "metrics" && words.length === 2) { const page = await import("./explore.js"); return () => page.explorePage(main, id); }
    if (part === "item" && words.length === 3) { const page = await import("./item.js"); return () => page.itemPage(main, id, plain(item)); }
  }
  if (view === "compare" && words.length > 1 && words.every((word) => ID.test(word))) { const page = await import("./compare.js"); return () => page.compare(main, words); }
  if (view === undefined) return () => overview(main);
  return () => nowhere(main, "There is no such page.");
}

// Another query of the same page is told to the page, which stays.
async function route() {
  if (location.hash === "#main") return;
  const { parts } = read();
  const path = parts.join("/");
  if (path === shown) { panels.forEach((panel) => panel.readdress?.()); return; }
  const first = shown === null;
  shown = path;
  closeAll();
  panels.forEach((panel) => panel.close());
  panels = [];
  const make = await pageOf(parts);
  if (path !== shown) return; // somebody went on while it was fetched
  panels = make();
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
keys(() => panels[0]?.time ?? null, nextTheme);
showTheme();
route();
