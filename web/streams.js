// The connection: a stream for each thing that is shown. It comes back by itself, and rests while the page is hidden: a
// browser has six connections to a server, for all its tabs.
import { say } from "./dom.js";

export const API = "api/v1"; // beside the page, so that a proxy may have it under a path
const HIDDEN_MS = 10_000;
const connection = document.getElementById("connection");
let streams = [];

function tell(text, state) {
  say(connection, text);
  connection.dataset.state = state;
}

function make(path, name, take, gone) {
  let source = null, timer = 0, closed = false, wait = 500;
  const stop = () => { clearTimeout(timer); source?.close(); source = null; };
  const open = () => {
    source = new EventSource(`${API}${path}`);
    source.onopen = () => { wait = 500; tell("Connected", "live"); };
    source.addEventListener(name, (event) => take(JSON.parse(event.data)));
    source.onerror = () => {
      stop();
      if (closed) return;
      tell("Reconnecting", "lost");
      timer = setTimeout(retry, wait);
      wait = Math.min(wait * 1.6, 5000);
    };
  };
  // A stream cannot tell why it failed; a token that is not taken any more leads to the login, and a
  // run that has gone is said to have.
  const retry = async () => {
    const answer = await fetch(`${API}/runs?text=`).catch(() => null);
    const runs = answer?.ok ? (await answer.json()).runs : null;
    if (closed || source) return;
    const [, id] = path.match(/^\/runs\/([0-9a-f]+)\//) ?? [];
    if (answer?.status === 401) location.assign("login");
    else if (id && runs && !runs.some((run) => run.id === id)) gone?.();
    else open();
  };
  return {
    start() { if (!source && !closed) { stop(); open(); } },
    rest() { stop(); tell("Paused", "paused"); },
    close() { closed = true; stop(); },
  };
}

// An answer, or null where there is none.
export async function ask(path, query = {}) {
  const answer = await fetch(`${API}${path}?${new URLSearchParams(query)}`).catch(() => null);
  return answer?.ok ? answer.json() : null;
}

// Calls take with each event of that name, until closeAll; gone where the run is not there (any more).
export function listen(path, name, take, gone) {
  const stream = make(path, name, take, gone);
  streams.push(stream);
  stream.start();
}

export function closeAll() {
  streams.forEach((stream) => stream.close());
  streams = [];
  tell("", "none");
}

let hiding = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) hiding = setTimeout(() => streams.forEach((stream) => stream.rest()), HIDDEN_MS);
  else streams.forEach((stream) => stream.start());
});
