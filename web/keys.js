// The keyboard map: what a key does where nothing is being typed. "?" shows it.
import { h } from "./dom.js";

const KEYS = [["?", "this map"], ["g r", "all runs"], ["g i", "items of the run"], ["g m", "metrics of the run"], ["g o", "the run itself"], ["/", "search"],
  ["+ −", "zoom in, zoom out"], ["[ ]", "earlier, later"], ["b", "the time before"], ["0", "the whole run"], ["t", "another theme"]];

const map = h("dialog", { class: "keys", "aria-labelledby": "keys-title" }, h("h2", { id: "keys-title" }, "Keys"),
  h("dl", {}, ...KEYS.flatMap(([key, what]) => [h("dt", {}, ...key.split(" ").flatMap((one, i) => [i ? " " : "", h("kbd", {}, one)])), h("dd", {}, what)])),
  h("form", { method: "dialog" }, h("button", {}, "Close")));

const isTyping = (element) => element.matches?.("input:not([type=checkbox]):not([type=radio]), select, textarea") || element.isContentEditable;

// time(): the time line of the page that is shown, or null.
export function keys(time, theme) {
  document.body.append(map);
  let before = "";
  const go = (part) => {
    const [, id] = location.hash.match(/^#\/run\/([0-9a-f]+)/) ?? [];
    if (part === "runs") location.hash = "#/";
    else if (id) location.hash = `#/run/${id}${part}`;
  };
  const does = {
    "?": () => map.showModal(), "/": () => document.querySelector("main input[type=search]")?.focus(), t: theme, b: () => history.back(),
    "+": () => time()?.zoom(0.5), "-": () => time()?.zoom(2), "[": () => time()?.move(-0.5), "]": () => time()?.move(0.5), 0: () => time()?.reset(),
    gr: () => go("runs"), go: () => go(""), gi: () => go("/items"), gm: () => go("/metrics"),
  };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || map.open) return;
    const key = before + event.key;
    before = event.key === "g" && before === "" ? "g" : "";
    if (!does[key]) return;
    event.preventDefault();
    does[key]();
  });
}
