// Elements. What comes from a run is only ever set as text.

// h("p", { class: "x" }, "text", node ...)
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value != null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

export const set = (element, ...children) => { element.replaceChildren(...children); return element; };

// Texts are only set where they are others: what a screen reader reads is not taken away from it each second.
export const say = (element, text) => { if (element.textContent !== text) element.textContent = text; };

const VERDICTS = { healthy: "Healthy", degraded: "Degraded", failed: "Failed", no_data: "No data" };

export const badge = (verdict) => h("span", { class: `badge ${verdict ?? "loading"}` }, VERDICTS[verdict] ?? "Not read yet");

// What a run's makers call it; about is null until it is known.
export const tags = (about) => Object.entries(about?.tags ?? {}).map(([key, value]) => `${key}=${value}`);
export const tagList = (about) => tags(about).map((text) => h("span", { class: "tag" }, text));

// How much of a run has been read; hidden where all of it has.
export function loading() {
  const bar = h("progress", { max: "1", "aria-label": "Part of the run that has been read" });
  const text = h("span", {});
  const element = h("p", { class: "loading", hidden: true }, bar, text);
  return {
    element,
    show(run) {
      element.hidden = !(run.loaded < 1);
      bar.value = run.loaded;
      say(text, `Loading: ${Math.floor(run.loaded * 100)}% of the run has been read, its newest part first. Numbers are not final.`);
    },
  };
}

// A table that is filled again and again; rows that have not changed stay.
export function table(caption, columns, level = 3) {
  const body = h("tbody");
  const note = h("p", { class: "empty" }, "None");
  const head = h("tr", {}, ...columns.map(([title, kind]) => h("th", { scope: "col", class: kind }, title)));
  const scroll = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h("table", {}, h("caption", { class: "hidden" }, caption), h("thead", {}, head), body));
  const section = h("section", { class: "card" }, h(`h${level}`, { class: "heading" }, caption), scroll, note);
  let drawn = "";
  return {
    section,
    // key tells whether something has changed; make gives the rows' cells, texts or elements
    fill(key, make) {
      const next = JSON.stringify(key);
      if (next === drawn) return;
      drawn = next;
      const rows = make();
      scroll.hidden = rows.length === 0;
      note.hidden = rows.length > 0;
      set(body, ...rows.map((cells) => h("tr", {}, ...cells.map((cell, i) =>
        h(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, class: columns[i][1] }, cell)))));
    },
  };
}

// more: parts of the note, each of which stays on one line.
export function fact(label) {
  const value = h("dd", {}, "–");
  const note = h("dd", { class: "note" }, "");
  return {
    element: h("div", { class: "fact" }, h("dt", {}, label), value, note),
    set(text, more = []) {
      const parts = more.filter(Boolean);
      say(value, text);
      if (note.textContent !== parts.join(", ")) set(note, ...parts.flatMap((part, i) => (i < parts.length - 1 ? [h("span", { class: "part" }, `${part},`), " "] : [h("span", { class: "part" }, part)])));
    },
  };
}
