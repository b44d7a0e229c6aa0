// The log of a run: its latest lines as they come, and a search.
import { h, say, set } from "./dom.js";
import * as format from "./format.js";
import { API } from "./streams.js";

const LEVELS = [["info", "all levels"], ["warning", "warnings and errors"], ["error", "errors"]];

const show = (value) => (typeof value === "number" ? String(Number(value.toPrecision(5))) : typeof value === "string" ? value : JSON.stringify(value));

// The record's members, those of tracked calls without the brackets around them; as it stands where it is no JSON.
function members(data) {
  try {
    let record = JSON.parse(data);
    if (Object.keys(record).length === 1 && record.data && typeof record.data === "object") record = record.data;
    return Object.entries(record).filter(([key]) => key !== "timestamp").map(([key, value]) => [key, show(value)]);
  } catch {
    return data.length > 2 ? [["", data]] : [];
  }
}

const draw = (line) => h("li", { class: line.level },
  h("time", { title: line.time ?? "" }, line.time_ms ? format.clock(line.time_ms) : "–"), h("span", { class: "level" }, line.level),
  h("span", { class: "message" }, line.message),
  h("span", { class: "members" }, ...members(line.data).map(([key, value]) => h("span", {}, key ? h("b", {}, key) : null, value))));

export function logPanel(id) {
  const lines = h("ol", { class: "log", tabindex: "0", "aria-label": "Log lines, the latest first" });
  const status = h("p", { class: "note", role: "status" });
  const text = h("input", { id: "log-text", type: "search", maxlength: "200" });
  const level = h("select", { id: "log-level" }, ...LEVELS.map(([value, name]) => h("option", { value }, name)));
  const routine = h("input", { id: "log-routine", type: "checkbox" });
  let drawn = "", latest = [], number = 0;
  const fill = (found) => {
    const next = JSON.stringify(found);
    if (next !== drawn) set(lines, ...found.map(draw));
    drawn = next;
  };
  const follows = () => text.value === "" && !routine.checked;
  const follow = () => {
    const grave = LEVELS.findIndex(([name]) => name === level.value);
    fill(latest.filter((line) => LEVELS.findIndex(([name]) => name === line.level) >= grave));
    say(status, lines.children.length ? "The latest lines, as they come; those of generations and evaluations that went well are left out." : "No lines yet but those of generations and evaluations that went well.");
  };
  const search = async (event) => {
    event?.preventDefault();
    const asked = ++number;
    if (follows()) { follow(); return; }
    say(status, "Searching");
    const query = new URLSearchParams({ level: level.value, text: text.value, routine: routine.checked ? "yes" : "no" });
    const answer = await fetch(`${API}/runs/${id}/log?${query}`).catch(() => null);
    const found = answer?.ok ? await answer.json() : null;
    if (asked !== number) return;
    if (!found) { say(status, "The log cannot be read now."); return; }
    fill(found.lines);
    say(status, `${format.count(found.lines.length)} lines${found.complete ? "" : ", older ones left out"}`);
  };
  level.addEventListener("change", search);
  routine.addEventListener("change", search);
  text.addEventListener("input", () => { if (text.value === "") search(); });
  const form = h("form", { class: "search", role: "search", onsubmit: search },
    h("label", { for: "log-text" }, "Text"), text, h("label", { for: "log-level" }, "Level"), level,
    h("label", { class: "box" }, routine, "also what went well"), h("button", { type: "submit" }, "Search"));
  return {
    section: h("section", { class: "card" }, h("h2", { class: "heading" }, "Log"), form, status, lines),
    show(run) { latest = run.log; if (follows()) follow(); },
  };
}
