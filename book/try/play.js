// Controls within the chapters, by which a reader plays with one idea on the cohort of the book.
import { data } from "./data.js";
import { formatInterval, formatValue, general } from "./text.js";
import { derive, kaplanMeier, landmark, survivalAt } from "./statistics.js";
import { compare } from "./permutation.js";
import { dayAt, dots, el, legend, plot } from "./drawing.js";

const { play } = data;
const cohort = derive({ columns: play.cohort, levels: {} }, null);
const sizeOf = (curve) => curve.rows[0].at_risk;
const atOneYear = (curve) => survivalAt(curve.rows, data.one_year);
const percent = (share) => formatValue(share, "fraction");
const patientsIn = (n) => `${n} ${n === 1 ? "patient" : "patients"}`;

function field(label, input) {
  return el("p", { class: "play-field" }, el("label", { for: input.id }, label), input);
}

function slider(id, limits) {
  return el("input", { type: "range", id: `play-${id}`, step: 1, ...limits });
}

// overall survival, each group under the name that readers know
function curvesBy(patients, by, names) {
  return kaplanMeier(patients, "os", by).map((c) => ({ ...c, group: names[c.group] }));
}

function picture(curves, id, label, more = {}) {
  const { origin, state } = data.endpoints.os;
  const says = curves.map((c) => `${c.group}: at 1 year ${percent(atOneYear(c).estimate)}`).join("; ");
  const about = { origin, state: `patients ${state}`, id: `play-${id}`, label, says: `${says}.` };
  return [legend(curves.map((c) => c.group)), plot(curves, { ...about, ...more })];
}

// Each idea gives a title, its fields, a note, and show(): {parts, told, value}; value is the slider's
// place in words.
const ideas = {
  censored() {
    const { patient_id: ids, os_days: days, os_event: events } = cohort.columns;
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
      const columns = { ...cohort.columns, os_days: changed(days, day) };
      columns.os_event = changed(events, died.checked ? 1 : 0);
      curves = [cohort, { ...cohort, columns }].map((patients, i) => {
        return { ...kaplanMeier(patients, "os")[0], group: names[i] };
      });
      const [before, after] = curves.map(atOneYear);
      const height = curves[1].rows.filter((r) => r.time <= day).at(-1).estimate;
      const points = [{ time: day, estimate: height, r: 9, class: "try-handle" }];
      const bounds = formatInterval(after.lower, after.upper, "fraction");
      const what = died.checked ? "died" : "was last seen alive";
      const told =
        `${ids[one]} ${what} on day ${day}. Survival at 1 year: ${percent(after.estimate)} ` +
        `(${100 * data.confidence} % interval ${bounds}); as recorded, ${percent(before.estimate)}.`;
      const parts = picture(curves, "censored", "Overall survival with one patient changed", { points });
      return { parts, told, value: `day ${day}` };
    };
    return {
      title: "Move a censored patient",
      fields: [field("Patient", who), field("Day", end), field("died on that day", died)],
      slider: end,
      note:
        "Drag the round handle, or move the slider. A censored patient counts as at risk up to the last " +
        "day seen: the curve changes only where that day passes a death.",
      reset: [who, reset],
      drag: (place, svg) => (end.value = Math.round(dayAt(place, svg, curves))),
      show,
    };
  },

  "cut-off"() {
    const measured = [...cohort.columns.treg_pct].sort((a, b) => a - b);
    const shareBelow = (cut) => measured.filter((v) => v <= cut).length / measured.length;
    const isAllowed = (cut) => shareBelow(cut) >= play.side && shareBelow(cut) <= 1 - play.side;
    const cuts = [...new Set(measured)].filter(isAllowed);
    const start = cuts.filter((cut) => cut <= cohort.cutoff).length - 1;
    const place = slider("cut", { min: 0, max: cuts.length - 1, value: start });
    const show = () => {
      const cut = cuts[place.value];
      const patients = derive({ columns: play.cohort, levels: {} }, cut);
      const curves = curvesBy(patients, "treg_group", { low: "low Tregs", high: "high Tregs" });
      const { p, test } = compare(patients, "os", "treg_group");
      const [low, high] = curves.map(sizeOf);
      const told =
        `${patientsIn(high)} above ${general(cut)} %, ${low} not above. ${test}: ${formatValue(p, "p")}; ` +
        `corrected for a search among ${cuts.length} cut-offs: ${formatValue(Math.min(1, p * cuts.length), "p")}.`;
      const parts = picture(curves, "cut-off", "Overall survival by regulatory T cells");
      return { parts, told, value: `${general(cut)} % of CD4⁺ T cells` };
    };
    return {
      title: "Slide the cut-off",
      fields: [field("Cut-off for high Tregs", place)],
      slider: place,
      note:
        "The correction is Bonferroni’s: p times the number of cut-offs on this slider, at most 1. It is " +
        "simple, and strict, because neighbouring cut-offs divide the patients almost alike.",
      show,
    };
  },

  landmark() {
    const all = kaplanMeier(cohort, "os", "responder").reduce((sum, c) => sum + sizeOf(c), 0);
    const { step, last } = play.landmark;
    const start = slider("landmark", { min: 0, max: last, step, value: 0 });
    const show = () => {
      const day = Number(start.value);
      const patients = landmark(cohort, "os", day);
      const curves = curvesBy(patients, "responder", { no: "no remission", yes: "remission" });
      const { p, test } = compare(patients, "os", "responder");
      const [without, remission] = curves.map(sizeOf);
      const told =
        `From day ${day}: ${patientsIn(remission)} in remission, ${without} without; ` +
        `${all - remission - without} left out. ${test}: ${formatValue(p, "p")}.`;
      const label = `Overall survival from day ${day}, by response`;
      const parts = picture(curves, "landmark", label, { origin: "the landmark" });
      return { parts, told, value: `day ${day}` };
    };
    return {
      title: "Slide the landmark",
      fields: [field("Landmark", start)],
      slider: start,
      note:
        "Day 0 is the unfair comparison: patients who died early had no time to respond. Left out is who " +
        "had died or was no longer observed by the landmark. Where p comes from a random part of all " +
        "permutations, its last digit may differ from the chapter’s.",
      show,
    };
  },

  cohorts() {
    const { cohorts } = play;
    const ratios = cohorts.map((c) => c.ratio);
    const chosen = cohorts.findIndex((c) => c.is_default) + 1;
    const place = slider("cohort", { min: 1, max: cohorts.length, value: chosen });
    const show = () => {
      const { columns, ratio, is_default: isDefault } = cohorts[place.value - 1];
      const patients = derive({ columns, levels: {} }, null);
      const curves = curvesBy(patients, "emd_any", { none: "without EMD", any: "with EMD" });
      const [without, emd] = curves.map((c) => percent(atOneYear(c).estimate));
      const told =
        `Cohort ${place.value} of ${cohorts.length}: hazard ratio ${formatValue(ratio, "ratio")}, patients ` +
        `with EMD against those without. Alive at 1 year: ${emd} with EMD, ${without} without.` +
        (isDefault ? " The book computes on this cohort." : "");
      const parts = picture(curves, "cohorts", "Overall survival by extramedullary disease");
      return { parts: [...parts, dots(ratios, place.value - 1, "hazard ratio")], told, value: `cohort ${place.value}` };
    };
    return {
      title: "Step through the cohorts",
      fields: [field("Cohort", place)],
      slider: place,
      note:
        "All of them agree with everything that was published; the hazard ratio was not. They are in order " +
        `of their hazard ratios, ${play.range}; each is a dot below the curves.`,
      show,
    };
  },
};

function start(box) {
  const idea = ideas[box.dataset.play]();
  const card = el("figure", { class: "try-card" });
  const value = el("span", { class: "play-value", "aria-hidden": "true" });
  const status = el("p", { role: "status", class: "play-told" });
  const note = el("p", { class: "try-hint" }, idea.note);
  idea.slider.parentElement.append(value);
  const parts = [el("legend", {}, idea.title), ...idea.fields, card, status, note];
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
