// Numbers and quotations as readers of the book see them.
(function (cart) {
  "use strict";

  // exact halves go to the even digit, as in the rest of the book
  function fixed(x, decimals) {
    const long = x.toFixed(decimals + 30);
    const shown = x.toFixed(decimals);
    if (!long.endsWith("5" + "0".repeat(29))) return shown;
    const down = long.slice(0, long.length - 30).replace(/\.$/, "");
    return "02468".includes(down[down.length - 1]) ? down : shown;
  }

  // six digits without trailing zeros
  function general(x) {
    if (x === 0) return "0";
    const [digits, exponent] = x.toExponential(5).split("e");
    const bare = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (exponent >= -4 && exponent < 6) return bare(x.toPrecision(6));
    return `${bare(digits)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }

  const whole = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ",");

  // rounds, but never onto or across a limit that the value is not on
  function rounded(x, decimals, ...limits) {
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

  function formatValue(value, unit) {
    if (value === null || Number.isNaN(value)) {
      return unit === "days" ? "not reached" : "not available";
    }
    if (unit === "fraction") return `${rounded(100 * value, 1, 0, 100)} %`;
    if (unit === "days") return `${fixed(value, Number.isInteger(value) ? 0 : 1)} days`;
    if (unit === "p") return pValue(value);
    if (unit === "ratio") return value > 0 && value < 0.005 ? "<0.01" : rounded(value, 2, 1);
    return fixed(value, 2);
  }

  const formatPower = (power) => (power >= 0.995 ? "over 99 %" : `${fixed(100 * power, 0)} %`);

  function formatInterval(lower, upper, unit) {
    if (Number.isNaN(lower) && Number.isNaN(upper)) return "no interval";
    let low = formatValue(lower, unit);
    if (unit === "days" && !Number.isNaN(lower) && !Number.isNaN(upper)) low = low.replace(/ days$/, "");
    return `${low} to ${formatValue(upper, unit)}`;
  }

  const isPrintable = (text) => !/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u.test(text);

  function escaped(text) {
    const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
    const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "'": "\\'" };
    if (quote === '"') delete named["'"];
    const inner = [...text].map((c) => {
      if (named[c]) return named[c];
      if (isPrintable(c)) return c;
      const code = c.codePointAt(0);
      if (code < 256) return `\\x${code.toString(16).padStart(2, "0")}`;
      const long = code > 65535;
      return `\\${long ? "U" : "u"}${code.toString(16).padStart(long ? 8 : 4, "0")}`;
    });
    return quote + inner.join("") + quote;
  }

  // text from a file, quoted so that it is harmless and short
  function shown(text) {
    const signs = [...text];
    const short = signs.length <= 60 ? text : `${signs.slice(0, 59).join("")}…`;
    return isPrintable(short) ? `“${short}”` : escaped(short);
  }

  const compiled = new Map();

  function regexp(pattern) {
    if (!compiled.has(pattern)) compiled.set(pattern, new RegExp(pattern.source, pattern.flags));
    return compiled.get(pattern);
  }

  Object.assign(cart, { regexp, fixed, rounded, general, whole, formatValue, formatPower, formatInterval, isPrintable, shown });
})((globalThis.cart ??= {}));
