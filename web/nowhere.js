// What is shown where an address leads nowhere.
import { h, set } from "./dom.js";

export function nowhere(main, what) {
  document.title = "Not found: afmon";
  set(main, h("h1", {}, "Not found"), h("p", { class: "lead", role: "alert" }, what), h("p", {}, h("a", { href: "#/" }, "All runs")));
  return [];
}
