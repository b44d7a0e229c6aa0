// The address: which page, and what is chosen on it. "#/run/ID?from=...&to=...": what people see can be sent to others.

export function read() {
  const [path, query = ""] = location.hash.slice(1).split("?");
  return { parts: path.split("/").filter(Boolean), query: new URLSearchParams(query) };
}

export const link = (parts, query = {}) => {
  const words = new URLSearchParams(Object.entries(query).filter(([, value]) => value != null && value !== ""));
  return `#/${parts.join("/")}${words.size ? `?${words}` : ""}`;
};

// Changes the query of the page that is shown; null takes a word out. A step can be gone back.
export function choose(changes, step = false) {
  const { parts, query } = read();
  const next = link(parts, { ...Object.fromEntries(query), ...changes });
  if (next === location.hash) return;
  if (step) history.pushState({ steps: steps() + 1 }, "", next);
  else history.replaceState(history.state, "", next);
}

// How many steps of this page can be gone back.
export const steps = () => history.state?.steps ?? 0;
