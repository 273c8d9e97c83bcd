// Numbers and quotations as readers of the book see them.

// exact halves go to the even digit, as in the rest of the book
export function fixed(x, decimals) {
  const long = x.toFixed(decimals + 30);
  const shown = x.toFixed(decimals);
  if (!long.endsWith("5" + "0".repeat(29))) return shown;
  const down = long.slice(0, long.length - 30).replace(/\.$/, "");
  return "02468".includes(down[down.length - 1]) ? down : shown;
}

// six digits without trailing zeros, for cut-offs and days
export const general = (x) => String(Number(x.toPrecision(6)));

export const whole = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

// rounds, but never onto or across a limit that the value is not on
export function rounded(x, decimals, ...limits) {
  const on = limits.find((limit) => Math.abs(x - limit) <= 1e-9);
  if (on !== undefined) return fixed(on, decimals);
  for (let places = decimals; places <= 6; places++) {
    const shown = fixed(x, places);
    const apart = (limit) => x < limit === Number(shown) < limit && Number(shown) !== limit;
    if (limits.every(apart)) return shown;
  }
  const [limit] = [...limits].sort((a, b) => Math.abs(x - a) - Math.abs(x - b));
  return `${x < limit ? "<" : ">"}${limit}`;
}

function pValue(p) {
  if (p < 0.001) return "p < 0.001";
  if (p >= 0.995 && p < 1) return "p > 0.99";
  const text = rounded(p, p >= 0.1 ? 2 : 3, 0.001, 0.01, 0.05, 0.1);
  return /^[<>]/.test(text) ? `p ${text[0]} ${text.slice(1)}` : `p = ${text}`;
}

export function formatValue(value, unit) {
  if (Number.isNaN(value)) return unit === "days" ? "not reached" : "not available";
  if (unit === "fraction") return `${rounded(100 * value, 1, 0, 100)} %`;
  if (unit === "days") return `${fixed(value, Number.isInteger(value) ? 0 : 1)} days`;
  return unit === "p" ? pValue(value) : fixed(value, 2);
}

export const formatPower = (power) => (power >= 0.995 ? "over 99 %" : `${fixed(100 * power, 0)} %`);

export function formatInterval(lower, upper, unit) {
  if (Number.isNaN(lower) && Number.isNaN(upper)) return "no interval";
  let low = formatValue(lower, unit);
  if (unit === "days" && !Number.isNaN(lower) && !Number.isNaN(upper)) low = low.replace(/ days$/, "");
  return `${low} to ${formatValue(upper, unit)}`;
}

export const isPrintable = (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text);

// text from a file, quoted so that it is harmless and short
export function shown(text) {
  const signs = [...text].map((sign) => (isPrintable(sign) ? sign : "�"));
  return `“${signs.length > 60 ? `${signs.slice(0, 59).join("")}…` : signs.join("")}”`;
}
