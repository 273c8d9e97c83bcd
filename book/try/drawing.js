// Elements of the page and the Kaplan–Meier picture. Text from a file is only ever text content.
import { data } from "./data.js";
import { general } from "./text.js";

const SVG = "http://www.w3.org/2000/svg";
const DASHES = ["", "8 4", "3 3", "9 3 3 3", "1 3", "12 3"];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 330, 86, 14, 12, 52];

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export const el = (name, attributes, ...children) =>
  fill(document.createElement(name), attributes, children);
const svg = (name, attributes, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);

// rows of cells; the first cell of a row heads it
export function table(caption, headings, rows) {
  const head = el("tr", {}, ...headings.map((h) => el("th", { scope: "col" }, h)));
  const body = rows.map(([first, ...rest]) =>
    el("tr", {}, el("th", { scope: "row" }, first), ...rest.map((cell) => el("td", {}, cell))),
  );
  return el(
    "div",
    { class: "cart-table", role: "region", tabindex: "0", "aria-label": caption },
    el("table", { class: "table" }, el("caption", {}, caption), el("thead", {}, head), el("tbody", {}, ...body)),
  );
}

// Days at which the axis is labelled and patients at risk are counted, as in the book's figures.
export function ticks(longest) {
  const { steps, ticks: most } = data;
  const step =
    steps.find((s) => longest / s <= most - 1) ?? 10 ** Math.ceil(Math.log10(longest / (most - 1)));
  return Array.from({ length: Math.floor(longest / step) + 1 }, (_, i) => i * step);
}

function colours(names) {
  const { colours: fixed, spare } = data;
  const known = names.every((name) => Object.hasOwn(fixed, name));
  return names.map((name, i) => (known ? fixed[name] : spare[i % spare.length]));
}

const longestOf = (curves) => Math.max(...curves.map((c) => c.rows.at(-1).time));
const endOf = (longest) => Math.max(longest, ticks(longest).at(-1)) * 1.02;

// the day at a place of the screen, on a picture of these curves
export function dayAt(place, picture, curves) {
  const { left, width } = picture.getBoundingClientRect();
  const along = ((place - left) / width) * WIDTH - LEFT;
  return (along / (WIDTH - LEFT - RIGHT)) * endOf(longestOf(curves));
}

// curves: [{group, rows}]; label: what the picture shows; says: the same in numbers; points: on a curve
export function plot(curves, { state, origin, id, label, says, points = [] }) {
  const longest = longestOf(curves);
  const marks = ticks(longest);
  const last = endOf(longest);
  const x = (t) => +(LEFT + (t / last) * (WIDTH - LEFT - RIGHT)).toFixed(2);
  const y = (s) => +(TOP + (1 - s) * (HEIGHT - TOP - BOTTOM)).toFixed(2);
  const hue = colours(curves.map((c) => c.group));
  const layers = curves.flatMap(({ rows }, i) => {
    const dash = DASHES[i % DASHES.length];
    const line = { d: stairs(rows, "estimate"), fill: "none", stroke: hue[i], "stroke-dasharray": dash };
    const band = `${stairs(rows, "upper")}L${stairs(rows, "lower", true).slice(1)}Z`;
    return [
      svg("path", { d: band, fill: hue[i], opacity: "0.14" }),
      svg("path", { ...line, "stroke-width": "2.2" }),
      svg("path", { d: lost(rows), stroke: hue[i], "stroke-width": "1.4" }),
    ];
  });
  return svg(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-labelledby": `${id}-title ${id}-says` },
    svg("title", { id: `${id}-title` }, label),
    svg("desc", { id: `${id}-says` }, says),
    ...axes(),
    ...layers,
    ...points.map((p) => svg("circle", { cx: x(p.time), cy: y(p.estimate), r: p.r, class: p.class })),
  );

  // a step curve; an open interval keeps its last bound, and is the curve itself before the first
  function stairs(rows, what, backwards) {
    let held = 1;
    const points = [];
    rows.forEach((row, i) => {
      const next = Number.isNaN(row[what]) ? held : row[what];
      if (i) points.push([row.time, held]);
      points.push([row.time, (held = next)]);
    });
    if (backwards) points.reverse();
    return `M${points.map(([t, s]) => `${x(t)} ${y(s)}`).join("L")}`;
  }

  function lost(rows) {
    const some = rows.filter((r) => r.censored);
    // hundreds of marks would be a smear
    return some.length > 80 ? "" : some.map((r) => `M${x(r.time)} ${y(r.estimate) - 5}v10`).join("");
  }

  function axes() {
    const centred = (at, height, words) => svg("text", { x: at, y: height, "text-anchor": "middle" }, words);
    const lines = [0, 0.25, 0.5, 0.75, 1].flatMap((s) => [
      svg("path", { d: `M${LEFT} ${y(s)}H${WIDTH - RIGHT}`, class: "try-grid" }),
      svg("text", { x: LEFT - 8, y: y(s) + 5, "text-anchor": "end" }, `${100 * s} %`),
    ]);
    const days = marks.flatMap((t) => [
      svg("path", { d: `M${x(t)} ${y(0)}v6`, class: "try-tick" }),
      centred(x(t), y(0) + 22, general(t)),
    ]);
    const below = centred(LEFT + (WIDTH - LEFT - RIGHT) / 2, HEIGHT - 5, `days since ${origin}`);
    const beside = centred(18, y(0.5), state);
    beside.setAttribute("transform", `rotate(-90 18 ${y(0.5)})`);
    return [...lines, ...days, below, beside];
  }
}

export function legend(names) {
  const hue = colours(names);
  const items = names.map((name, i) => {
    const line = { d: "M0 6H32", stroke: hue[i], "stroke-dasharray": DASHES[i % DASHES.length] };
    const path = svg("path", { ...line, "stroke-width": "2.5" });
    return el("li", {}, svg("svg", { width: 32, height: 12, "aria-hidden": "true" }, path), name);
  });
  return el("ul", { class: "try-legend" }, ...items);
}

const ROUND = [1, 2, 5, 10, 20, 50, 100];

// values on a logarithmic axis, one of them chosen
export function dots(values, chosen, label) {
  const from = ROUND.filter((v) => v <= Math.min(...values)).at(-1);
  const to = ROUND.find((v) => v >= Math.max(...values));
  const x = (v) => +(LEFT + (Math.log(v / from) / Math.log(to / from)) * (WIDTH - LEFT - RIGHT)).toFixed(2);
  const marks = ROUND.filter((v) => v >= from && v <= to).flatMap((v) => [
    svg("path", { d: `M${x(v)} 30v8`, class: "try-tick" }),
    svg("text", { x: x(v), y: 58, "text-anchor": "middle" }, String(v)),
  ]);
  const placed = values.map((v) => svg("circle", { cx: x(v), cy: 18, r: 5, class: "try-dot" }));
  const own = svg("circle", { cx: x(values[chosen]), cy: 18, r: 9, class: "try-handle" });
  const axis = svg("path", { d: `M${LEFT} 30H${WIDTH - RIGHT}`, class: "try-tick" });
  const below = svg("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: 84, "text-anchor": "middle" }, label);
  const parts = [axis, ...marks, ...placed, own, below];
  return svg("svg", { viewBox: `0 0 ${WIDTH} 92`, "aria-hidden": "true" }, ...parts);
}
