// Numbers and times as `afmon show` prints them.

export const count = (n) => (n == null ? "–" : Math.round(n).toLocaleString("en-US"));

export const percent = (x) => (x == null ? "–" : `${(x * 100).toFixed(1)}%`);

// Three or four significant digits without an exponent where that can be.
function significant(x, digits) {
  if (x === 0) return "0";
  const size = Math.floor(Math.log10(Math.abs(x))) + 1;
  return x.toFixed(Math.max(0, digits - size));
}

export function seconds(s) {
  if (s == null) return "–";
  if (s === 0) return "0s";
  if (s < 1e-3) return `${significant(s * 1e6, 3)}µs`;
  if (s < 1) return `${significant(s * 1e3, 3)}ms`;
  if (s < 60) return `${significant(s, 3)}s`;
  const whole = Math.round(s);
  const two = (n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}m${two(whole % 60)}s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)}h${two(Math.floor(whole / 60) % 60)}m`;
  return `${Math.floor(whole / 86400)}d${two(Math.floor(whole / 3600) % 24)}h`;
}

export function compact(n) {
  if (n == null) return "–";
  for (const [size, letter] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]])
    if (Math.abs(n) >= size) return `${significant(n / size, 3)}${letter}`;
  return Number.isInteger(n) ? String(n) : significant(n, 3);
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

export const ago = (ms) => {
  if (ms == null) return "";
  const s = Math.round((Date.now() - ms) / 1000);
  if (s < 2) return "just now";
  if (s < 60) return `${s}s ago`;
  if (s < 3600) return `${Math.floor(s / 60)}m ago`;
  return s < 86400 ? `${Math.floor(s / 3600)}h ago` : `${Math.floor(s / 86400)}d ago`;
};
