// The page: a file in, results out; everything stays in this browser.
import { data } from "./data.js";
import { formatInterval, formatValue, general, rounded, shown, whole } from "./text.js";
import { CannotCompute, derive, isKnown, kaplanMeier, logRank } from "./statistics.js";
import { medianOf, remission, stillObserved, survivalAt } from "./statistics.js";
import { problem } from "./reading.js";
import { check } from "./checks.js";
import { judgeClaims } from "./claims.js";
import { el, legend, plot, table, ticks } from "./drawing.js";

const at = (id) => document.getElementById(`try-${id}`);
const parts = ["drop", "file", "status", "by", "cutoff", "hint"];
const [drop, fileField, status, byField, cutoffField, hint] = parts.map(at);

let given = null; // {name, command, checked}
let newest = null; // a large file may take longer than the one chosen after it
let cutoff = null;

const interval = (row, unit) => formatInterval(row.lower, row.upper, unit);
const plural = (n, word) => `${whole(n)} ${word}${n === 1 ? "" : "s"}`;
const upper = (words) => words[0].toUpperCase() + words.slice(1);
const labelOf = (by) => [...byField.options].find((option) => option.value === by).text;
const COVERAGE = `${100 * data.confidence} % interval`;

function orWhy(compute) {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof CannotCompute)) throw error;
    return el("p", { class: "cart-missing" }, upper(`${error.message.replaceAll("`", "")}.`));
  }
}

function quoted(name) {
  const safe = name.startsWith("-") ? `./${name}` : name;
  return /^[\w./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

async function take(file) {
  newest = file;
  status.textContent = `Reading ${file.name} …`;
  const refuse = (what, remedy) => open(file.name, { problems: [problem(what, remedy)], notes: [] });
  const { endings, limits } = data;
  const isText = endings.some((ending) => file.name.toLowerCase().endsWith(ending));
  if (!isText || file.size > limits.bytes) {
    const what = `the file is not plain text by its name, or larger than ${limits.bytes / 2 ** 20} MB`;
    return refuse(what, "Save one table as CSV, with a row per patient");
  }
  try {
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (file === newest) open(file.name, check(bytes));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    refuse(`the file cannot be read (${error.name})`, "Check that you may read it");
  }
}

function open(name, checked, line = `cartanalysis publish ${quoted(name)} --out my-site`) {
  given = { name, checked, command: line };
  cutoff = null;
  byField.value = "";
  cutoffField.value = "";
  const { columns, problems, n } = checked;
  showChecks(checked);
  at("results").hidden = problems.length > 0;
  if (problems.length) {
    status.textContent = `${name}: ${plural(problems.length, "problem")} found. Nothing was computed.`;
    return;
  }
  for (const option of [...byField.options].slice(1)) {
    const source = data.derived[option.value]?.from[0] ?? option.value;
    option.disabled = !(columns[source] ?? []).some(isKnown);
  }
  showResults();
  status.textContent = `${name}: ${plural(n, "patient")}, no problem found. The results are below.`;
}

function showChecks({ problems, notes }) {
  const told = problems.slice(0, data.limits.told).map(({ row, column, value, what, remedy }) => {
    const written = value === null ? "–" : shown(String(value));
    return [row ?? "–", column ?? "–", written, upper(what), remedy];
  });
  const more = problems.length - told.length;
  const heads = ["Row", "Column", "Value", "What is wrong", "What to do"];
  const handled = notes.map((note) => el("li", {}, note));
  at("found").replaceChildren(
    told.length
      ? table("Problems found; rows count from the header, which is row 1", heads, told)
      : el("p", {}, "The file follows every rule of the table."),
    more ? el("p", {}, `There are ${plural(more, "more problem")}.`) : "",
    notes.length ? el("div", {}, el("p", {}, "Handled while reading:"), el("ul", {}, ...handled)) : "",
  );
  at("validate").textContent = `cartanalysis validate ${quoted(given.name)}`;
  at("refused").hidden = !told.length;
  at("checks").hidden = false;
}

function showResults() {
  const patients = derive(given.checked, cutoff);
  const by = byField.value || null;
  // the cut-off matters to its own groups and to two claims, so its field is always there
  hint.textContent =
    patients.cutoff === null
      ? "This cohort has no regulatory T cells."
      : `High is above ${general(patients.cutoff)} % of CD4⁺ T cells` +
        (cutoff === null ? ", the median of this cohort." : ".");
  const fill = (id, part) => at(id).replaceChildren(orWhy(part));
  for (const key of Object.keys(data.endpoints)) fill(key, () => survivalPart(patients, key, by));
  fill("remission", () => remissionPart(patients, by));
  fill("claims", () => claimsPart(patients));
  at("command").textContent = given.command + (cutoff === null ? "" : ` -p treg_cutoff=${cutoff}`);
}

function survivalPart(patients, key, by) {
  const end = data.endpoints[key];
  const curves = kaplanMeier(patients, key, by);
  const label = upper(end.name) + (by ? ` by ${labelOf(by)}` : "");
  const rows = curves.map((curve) => {
    const { group, n, events, estimate, ...median } = medianOf(curve);
    const numbers = [formatValue(estimate, "days"), interval(median, "days")];
    return [group, n, events, ...numbers, ...oneYear(curve.rows)];
  });
  const says = rows.map(([group, n, events, median, bounds, year]) => {
    return `${group}: ${events} events in ${n} patients, median ${median} (${bounds}), at 1 year ${year}.`;
  });
  const times = ticks(Math.max(...curves.map((curve) => curve.rows.at(-1).time)));
  const counts = curves.map((c) => [c.group, ...times.map((time) => stillObserved(c.rows, time))]);
  const heads = ["Group", "Patients", "Events", "Median", COVERAGE, "At 1 year", COVERAGE];
  const about = { origin: end.origin, state: `patients ${end.state}`, id: `try-${key}` };
  const picture = plot(curves, { ...about, label, says: says.join(" ") });
  const atRisk = `${label}: number at risk, by days since ${end.origin}`;
  return el(
    "div",
    {},
    el("figure", { class: "try-card" }, legend(curves.map((curve) => curve.group)), picture),
    table(atRisk, ["Group", ...times.map(general)], counts),
    table(`${label}: medians and survival at 1 year`, heads, rows),
    by ? orWhy(() => logRankLine(patients, key, by)) : "",
  );
}

function oneYear(rows) {
  const year = survivalAt(rows, data.one_year);
  if (year.why) return [`– (${year.why})`, "–"];
  return [formatValue(year.estimate, "fraction"), interval(year, "fraction")];
}

function logRankLine(patients, key, by) {
  const { group, estimate, df, p, few } = logRank(patients, key, by);
  const numbers = [formatValue(estimate, "statistic"), plural(df, "degree"), formatValue(p, "p")];
  const words = [`Log-rank test, ${group}: χ² ${numbers[0]}, ${numbers[1]} of freedom, ${numbers[2]}.`];
  if (few) words.push("Few patients or events: the command compares by permutation, and its p differs.");
  const waits = "Groups formed by the response are known only later: comparing them from infusion favours";
  if (by === "response") words.push(`${waits} responders.`);
  return el("p", {}, words.join(" "));
}

function remissionPart(patients, by) {
  const heads = ["Group", "In remission", "Rate", `${COVERAGE} (Clopper–Pearson)`];
  const tableOf = (label, grouping) => {
    const rows = remission(patients, grouping).map((r) => {
      const rate = formatValue(r.estimate, "fraction");
      return [r.group, `${r.events} of ${r.n}`, rate, interval(r, "fraction")];
    });
    return table(label, heads, rows);
  };
  const overall = tableOf("Remission (CR or CRi)", null);
  // by response there is nothing to compare
  if (!by || by === "response") return overall;
  return el("div", {}, overall, orWhy(() => tableOf(`Remission by ${labelOf(by)}`, by)));
}

function points(x) {
  const size = rounded(100 * x, 1, 0);
  return size.startsWith("-") ? size.replace("-", "−") : `+${size}`;
}

function claimsPart(patients) {
  const judged = judgeClaims(patients);
  const p = (c) => (c.p === undefined ? "–" : formatValue(c.p, "p"));
  const verdict = (c) => (c.why ? `${c.verdict} (${c.why.replaceAll("`", "")})` : c.verdict);
  const values = judged.filter((c) => c.family === "value").map((c) => {
    if (c.estimate === undefined) return [c.short, c.published, "–", "–", "–", "–", verdict(c)];
    const range = formatInterval(c.expected_lower, c.expected_upper, "fraction");
    return [
      c.short,
      c.published,
      `${formatValue(c.estimate, c.unit)} (${interval(c, c.unit)})`,
      `${c.judged}: ${range}`,
      `${points(c.difference)} (${points(c.difference_lower)} to ${points(c.difference_upper)})`,
      p(c),
      verdict(c),
    ];
  });
  const others = judged.filter((c) => c.family !== "value");
  const tests = others.map((c) => [c.short, c.published, p(c), verdict(c)]);
  const heads = ["Claim", "Published", "This cohort", "Predicted range", "Difference, percentage points"];
  const label = "Published directions, by the log-rank test (remission: Fisher's exact test)";
  const published = table("Published values and this cohort", [...heads, "p", "Verdict"], values);
  return el("div", {}, published, table(label, ["Claim", "Published", "p", "Verdict"], tests));
}

drop.hidden = false;
for (const button of drop.querySelectorAll("button")) {
  button.addEventListener("click", () => {
    const { name, command: line } = button.dataset;
    fileField.value = "";
    newest = null;
    open(name, check(new TextEncoder().encode(data.examples[name])), line);
  });
}
fileField.addEventListener("change", () => fileField.files.length && take(fileField.files[0]));
byField.addEventListener("change", () => {
  showResults();
  const label = byField.value ? `by ${labelOf(byField.value)}` : "of all patients together";
  status.textContent = `Results ${label} are below.`;
});
cutoffField.addEventListener("change", () => {
  if (!cutoffField.checkValidity()) {
    status.textContent = "The cut-off is a percentage from 0 to 100.";
    return;
  }
  cutoff = cutoffField.value === "" ? null : Number(cutoffField.value);
  showResults();
  status.textContent = hint.textContent;
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  // beside the field as well: a file that misses it must not replace the page
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("try-over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });
}
