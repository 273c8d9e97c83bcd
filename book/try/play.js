// Controls within the chapters, by which a reader plays with one idea on the cohort of the book.
import { data } from "./data.js";
import { formatInterval, formatValue } from "./text.js";
import { kaplanMeier, survivalAt } from "./statistics.js";
import { dayAt, dots, el, legend, plot } from "./drawing.js";

const { play } = data;
const atOneYear = (curve) => survivalAt(curve.rows, data.one_year);
const percent = (share) => formatValue(share, "fraction");

function field(label, input) {
  return el("p", { class: "play-field" }, el("label", { for: input.id }, label), input);
}

function slider(id, limits) {
  return el("input", { type: "range", id: `play-${id}`, step: 1, ...limits });
}

function picture(curves, id, more) {
  const { origin, state } = data.endpoints.os;
  const says = curves.map((c) => `${c.group}: at 1 year ${percent(atOneYear(c).estimate)}`).join("; ");
  const about = { origin, state: `patients ${state}`, id: `play-${id}`, says: `${says}.` };
  return [legend(curves.map((c) => c.group)), plot(curves, { ...about, ...more })];
}

// An idea has fields, and show(): {parts, told, value}; value is the slider's place in words.
function censored({ columns: recorded, label }) {
  const { patient_id: ids, os_days: days, os_event: events } = recorded;
  const places = ids.map((_, i) => i).filter((i) => events[i] === 0);
  const censored = places.sort((a, b) => days[a] - days[b]);
  const options = censored.map((i) => el("option", { value: i }, `${ids[i]}, censored on day ${days[i]}`));
  const who = el("select", { id: "play-who" }, ...options);
  const end = slider("day", { min: 1, max: Math.max(...days), value: days[censored[0]] });
  const died = el("input", { type: "checkbox", id: "play-died" });
  const names = ["as recorded", "as changed"];
  let curves = [];
  const reset = () => {
    end.value = days[who.value];
    died.checked = false;
  };
  const show = () => {
    const [one, day] = [Number(who.value), Number(end.value)];
    const changed = (values, value) => values.map((old, i) => (i === one ? value : old));
    const moved = { os_days: changed(days, day), os_event: changed(events, died.checked ? 1 : 0) };
    curves = [recorded, moved].map((columns, i) => {
      return { ...kaplanMeier({ columns }, "os")[0], group: names[i] };
    });
    const [before, after] = curves.map(atOneYear);
    const height = curves[1].rows.filter((r) => r.time <= day).at(-1).estimate;
    const points = [{ time: day, estimate: height, r: 9, class: "try-handle" }];
    const bounds = formatInterval(after.lower, after.upper, "fraction");
    const what = died.checked ? "died" : "was last seen alive";
    const told =
      `${ids[one]} ${what} on day ${day}. Survival at 1 year: ${percent(after.estimate)} ` +
      `(${100 * data.confidence} % interval ${bounds}); as recorded, ${percent(before.estimate)}.`;
    const parts = picture(curves, "censored", { label, points });
    return { parts, told, value: `day ${day}` };
  };
  return {
    fields: [field("Patient", who), field("Day", end), field("died on that day", died)],
    slider: end,
    reset: [who, reset],
    drag: (place, svg) => (end.value = Math.round(dayAt(place, svg, curves))),
    show,
  };
}

// an idea of which the package computed every step
function stepped({ field: name, steps, groups, start, dots: below, values, ...about }, id) {
  const place = slider(id, { min: 0, max: steps.length - 1, value: start });
  const show = () => {
    const { columns, told, value } = steps[place.value];
    const curves = kaplanMeier({ columns, levels: { group: groups } }, "os", "group");
    const parts = picture(curves, id, about);
    if (values) parts.push(dots(values, Number(place.value), below));
    return { parts, told, value };
  };
  return { fields: [field(name, place)], slider: place, show };
}

function start(box) {
  const { play: name } = box.dataset;
  const words = play[name];
  const idea = (name === "censored" ? censored : stepped)(words, name);
  const card = el("figure", { class: "try-card" });
  const value = el("span", { class: "play-value", "aria-hidden": "true" });
  const status = el("p", { role: "status", class: "play-told" });
  const note = el("p", { class: "try-hint" }, words.note);
  idea.slider.parentElement.append(value);
  const parts = [el("legend", {}, words.title), ...idea.fields, card, status, note];
  const draw = () => {
    const shown = idea.show();
    card.replaceChildren(...shown.parts);
    value.textContent = shown.value;
    idea.slider.setAttribute("aria-valuetext", shown.value);
    status.textContent = shown.told.replaceAll(" %", "\u00a0%");
  };
  box.append(el("fieldset", {}, ...parts));
  if (idea.reset) idea.reset[0].addEventListener("input", idea.reset[1]);
  if (idea.drag) followPointer(card, idea.drag, draw);
  box.addEventListener("input", draw);
  draw();
  box.hidden = false;
}

// a touch moves the page up and down, and the patient sideways
function followPointer(card, drag, draw) {
  card.classList.add("play-drag");
  const picture = () => card.querySelector("svg[role=img]");
  const follow = (event) => {
    drag(event.clientX, picture());
    draw();
  };
  card.addEventListener("pointerdown", (event) => {
    if (!picture().contains(event.target)) return;
    card.setPointerCapture(event.pointerId);
    if (event.pointerType === "mouse") follow(event);
  });
  card.addEventListener("pointermove", (event) => card.hasPointerCapture(event.pointerId) && follow(event));
}

document.querySelectorAll("[data-play]").forEach(start);
