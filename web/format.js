// Numbers and times as `afmon show` prints them.

export const count = (n) => (n == null ? "–" : Math.round(n).toLocaleString("en-US"));

// Never "100%" or "0%" for what is not quite that.
export function percent(x) {
  if (x == null) return "–";
  const p = Math.abs(x) * 100, sign = x < 0 ? "-" : "";
  if (p > 0 && p < 0.05) return `${sign}<0.1%`;
  if (p < 100 && p >= 99.95) return `${sign}>99.9%`;
  return `${sign}${p.toFixed(p === 0 || p === 100 ? 0 : 1)}%`;
}

// Three significant digits of a number from 1 to 1000.
function three(x) {
  const size = Math.abs(x);
  return x.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

export function seconds(s) {
  if (s == null) return "–";
  if (s < 0) return `-${seconds(-s)}`;
  if (s === 0) return "0 s";
  for (const [below, times, unit] of [[999.5e-9, 1e9, "ns"], [999.5e-6, 1e6, "µs"], [999.5e-3, 1e3, "ms"]])
    if (s < below) return `${three(s * times)} ${unit}`;
  if (s < 99.95) return `${three(s)} s`;
  const two = (big, small, bigName, smallName) => {
    const whole = Math.round(s / small) * small;
    return `${Math.floor(whole / big)} ${bigName} ${String((whole % big) / small).padStart(2, "0")} ${smallName}`;
  };
  if (s < 3599.5) return two(60, 1, "min", "s");
  return s < 86370 ? two(3600, 60, "h", "min") : two(86400, 3600, "d", "h");
}

// The time that something takes yet, p50 (p10 to p90), in one unit; and what it waits for.
const unitOf = (s) => (s < 99.5 ? [1, "s"] : s < 5970 ? [60, "min"] : s < 172800 ? [3600, "h"] : [86400, "d"]);
const inUnit = (s, size) => (s / size).toFixed(s / size < 9.95 ? 1 : 0);

export function band(p10, p50, p90) {
  const [size, unit] = unitOf(p50);
  return `${inUnit(p10, size)} to ${inUnit(p90, size)} ${unit}`;
}

export function left(p10, p50, p90) {
  const [size, unit] = unitOf(p50);
  return `${inUnit(p50, size)} ${unit}${p10 != null && p90 != null ? ` (${band(p10, p50, p90)})` : ""}`;
}

export function open(number, oldest) {
  return `${count(number)} open, ${number === 1 ? "for" : "the oldest for"} ${left(null, oldest, null)}`;
}

export const score = (x) => (x == null ? "–" : x.toFixed(2));

export function compact(n) {
  if (n == null) return "–";
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(n) >= 0.9995 * size) return `${three(n / size)}${letter}`;
  return Number.isInteger(n) ? String(n) : three(n);
}

// Of a metric of the program's own: whatever size it has.
export const number = (x) => (x == null ? "–" : x !== 0 && Math.abs(x) < 0.001 ? x.toExponential(2) : Math.abs(x) < 1 ? String(Number(x.toPrecision(3))) : compact(x));

// Of three significant digits, but never fewer than cents.
export function dollars(usd) {
  if (usd == null) return "–";
  const size = Math.abs(usd);
  let decimals = 2;
  for (let at = 0.9995; size > 0 && size < at && decimals < 12; at /= 10) decimals++;
  return `${usd < 0 ? "-" : ""}$${size >= 999.995 ? count(size) : size.toFixed(decimals)}`;
}

// Below one a second, a minute or an hour says more.
export function rate(perS) {
  if (perS == null) return "–";
  if (perS === 0 || perS >= 1) return `${compact(perS)}/s`;
  return perS * 60 >= 1 ? `${compact(perS * 60)}/min` : `${compact(perS * 3600)}/h`;
}

const pad = (n) => String(n).padStart(2, "0");

export const clock = (ms) => {
  const t = new Date(ms);
  return `${pad(t.getHours())}:${pad(t.getMinutes())}:${pad(t.getSeconds())}`;
};

export const time = (ms) => {
  if (ms == null) return "–";
  const t = new Date(ms);
  return `${t.getFullYear()}-${pad(t.getMonth() + 1)}-${pad(t.getDate())} ${clock(ms)}`;
};

// Whether so many milliseconds need dates beside their times.
export const days = (ms) => ms >= 86_400_000;

export const ago = (ms) => {
  if (ms == null) return "";
  const s = Math.round((Date.now() - ms) / 1000);
  if (s < 2) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  return s < 86400 ? `${Math.floor(s / 3600)} h ago` : `${Math.floor(s / 86400)} d ago`;
};
