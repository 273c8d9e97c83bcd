// From text cells to a checked cohort: privacy, columns, cells, and the rules across columns. What
// the command might refuse or ask about is refused here; what it reads in more ways than one, too.
import { data } from "./data.js";
import { general, shown } from "./text.js";
import { isKnown, levelsOf, median } from "./statistics.js";
import { Unreadable, problem, read } from "./reading.js";

const { fields, pairs, limits, privacy, numbers, suspicious } = data;

const NUMBER = /^(\d{1,12}(\.\d{1,20})?|\.\d{1,20})$/;
const WHOLE_OR_DOTTED = /^(\d+|[1-9]\d{0,2}\.\d{3})$/; // 730 and 1.095
const PLAIN_ID = /^[!-~][ -~]*$/;
const ONE_WORD = /^[^\s=()*]+$/;
const OTHERS = /^(record_id|redcap_.*|.*_complete|usubjid)$/i;

const isMissing = (text) => data.missing.includes(text.toLowerCase());
const fieldOf = (name) => fields.find((f) => f.name === name);

// --- privacy: a column identifies people by its name, or by any cell that looks like it

// patientLastName and PATIENT_LAST_NAME alike
function words(text) {
  const split = text.normalize("NFKC").replace(/([a-z])(?=[A-Z])/g, "$1 ").toLowerCase();
  return ` ${split.replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;
}

function fits({ pattern, digits, unless }, text) {
  const count = (text.match(/\p{Nd}/gu) ?? []).length;
  return pattern.test(text) && count >= digits && !unless.some((other) => other.test(text));
}

function whyIdentifying(name, cells) {
  const kind = fieldOf(name)?.kind ?? "unused";
  const isNamed = (n) => n.pattern.test(words(name)) && (!n.cells || cells.some((c) => n.cells.test(c)));
  const named = kind === "unused" && privacy.names.find(isNamed);
  if (named) return `by its name it holds ${named.kind}`;
  if (!["unused", "id", "label"].includes(kind)) return ""; // no text of it is kept
  const texts = [...new Set(cells)].filter((text) => !isMissing(text));
  for (const one of privacy.values.filter((v) => !v.not_in.includes(kind))) {
    const isLong = (text) => text.length > (one.longer ?? Infinity);
    const found = texts.find((text) => isLong(text) || one.patterns.some((p) => fits(p, text)));
    if (found !== undefined) return `${shown(found)} looks like ${one.kind}`;
  }
  const isRemark = (text) => privacy.remark.test(words(text));
  const isTold = kind === "label" && (areNames(texts) || texts.some(isRemark));
  return isTold ? "its groups look like names of people, or like remarks on them" : "";
}

// groups such as Müller Hans: two words each, none of them shared; or by usual surnames
function areNames(texts) {
  const groups = texts.map((text) => text.split(/ +/));
  const all = groups.flat();
  const areTwo = groups.every((group) => group.length === 2) && new Set(all).size === all.length;
  const areTitles = all.every((word) => /^[\p{Lu}\p{Lt}\p{Lo}]\p{L}*$/u.test(word));
  const areUsual = texts.every((text) => privacy.surname.test(text));
  return texts.length > 1 && (areUsual || (areTwo && areTitles));
}

// --- columns

// letters that both have, in any order: at least what Python's difflib finds alike
function likeness(a, b) {
  const left = [...b];
  const size = a.length + left.length;
  for (const letter of a) if (left.includes(letter)) left.splice(left.indexOf(letter), 1);
  return 2 * (size - a.length - left.length) / size;
}

// what may tell deaths, or patients never infused, otherwise than our columns do
function mayContradict(name, cells) {
  const { words: asked, names } = data.asked;
  const plain = words(name.replace(/[([{].*?([)\]}]|$)/g, " ")).replace(/ (in|at)(?= )| /g, "");
  const isAsked = (text) => words(text).split(" ").some((word) => asked.includes(word));
  return names.some((parts) => parts.every((part) => plain.includes(part))) ||
    [name, ...new Set(cells)].some(isAsked);
}

function checkColumns({ columns, cells }, found, notes) {
  const wrong = (column, what, remedy) => found.push(problem(what, remedy, null, column));
  const unused = columns.filter((name) => !fieldOf(name));
  for (const name of columns) {
    const why = whyIdentifying(name, cells.get(name));
    if (why) wrong(name, `the column identifies people: ${why}`, "Remove it from the file");
  }
  for (const name of unused) {
    const lower = name.toLowerCase();
    const isNear = (f) => f.name === lower || !columns.includes(f.name);
    const near = fields.find((f) => likeness(f.name, lower) >= data.close && isNear(f));
    if (near) wrong(name, `the name is much like ${near.name}`, "Rename or delete the column");
    else if (OTHERS.test(name)) wrong(name, "a column of REDCap or ADaM exports", "Delete it");
    else if (mayContradict(name, cells.get(name))) {
      wrong(name, "may tell of deaths, CNS disease or infusion, but is not used here", "Delete it");
    }
  }
  const halves = pairs.filter(([a, b]) => columns.includes(a) !== columns.includes(b));
  const missing = ["patient_id", ...halves.flat()].filter((name) => !columns.includes(name));
  for (const name of missing) wrong(name, "the column is missing", `Add it: ${fieldOf(name).meaning}`);
  if (unused.length) notes.push(`Columns not used: ${unused.map(shown).join(", ")}.`);
}

// --- cells

function valueOf(spec, text) {
  if (spec.kind === "id") return PLAIN_ID.test(text) ? text : undefined;
  if (spec.kind === "label") {
    // letters with accents may be stored in two ways
    const composed = text.normalize("NFC");
    const isPlain = text.normalize("NFKC") === composed && !data.unseen.test(text);
    return isPlain ? composed : undefined;
  }
  const lower = text.toLowerCase();
  // own entries only: a cell may hold “constructor”
  const word = Object.hasOwn(spec.words, lower) ? spec.words[lower] : undefined;
  const value = word ?? (NUMBER.test(text) ? Number(text) : NaN);
  const isAllowed = spec.values?.includes(value) ?? (value >= spec.low && value <= spec.high);
  return isAllowed ? value : undefined;
}

function parseColumn(spec, cells, rows, found, notes) {
  const readAs = new Map();
  const values = cells.map((text, i) => {
    if (spec.kind !== "id" && isMissing(text)) {
      if (text) readAs.set(text, "missing");
      return null;
    }
    const value = valueOf(spec, text);
    if (value === undefined) {
      found.push(problem("cannot be read here", spec.remedy, rows[i], spec.name, text));
    } else if (value !== text && !NUMBER.test(text)) readAs.set(text, value);
    return value ?? null;
  });
  const isAccent = ([text, value]) => text.normalize("NFC") === value;
  const told = [...readAs].filter((r) => !isAccent(r)).map(([text, value]) => `${shown(text)} as ${value}`);
  if ([...readAs].some(isAccent)) {
    notes.push(`Column ${spec.name}: letters with accents were stored in two ways.`);
  }
  if (told.length) notes.push(`Column ${spec.name}: read ${told.join(", ")}.`);
  return values;
}

// Why numbers may have been written as something else, and an example.
function misread({ unit }, texts, hasCodes) {
  if (unit === "days") {
    // where all have decimals, 999.0 says no more than 999
    const areDecimal = texts.every((text) => text.includes("."));
    const codeOf = (text) => (areDecimal ? text.replace(/^(\d+)\.0+$/, "$1") : text);
    const isNines = (text) => codeOf(text) === String(numbers.code);
    const isKnown = (text) => numbers.codes.includes(codeOf(text));
    const areApart = texts.every((text) => isNines(text) || isKnown(text) || Number(text) <= numbers.gap);
    const asked = areApart && texts.filter(isNines).length >= numbers.few;
    const code = texts.find((text) => isKnown(text) || (asked && isNines(text)));
    if (code) return [`looks like a code for missing; a time would be ${code.split(".")[0]}.0`, code];
    const dotted = texts.find((text) => text.includes("."));
    const isClear = !dotted || !texts.every((text) => WHOLE_OR_DOTTED.test(text));
    return isClear ? null : ["the point can mark decimals or thousands", dotted];
  }
  if (!unit.startsWith("%")) return null;
  const values = texts.map(Number).sort((a, b) => a - b);
  const small = values.filter((v) => v > 0 && v <= 1);
  const large = values.filter((v) => v > 1);
  const isShare = !large.length && small.length;
  const areBoth = Math.min(small.length, large.length) >= numbers.few;
  if (isShare || (areBoth && large[0] >= numbers.mixed * small.at(-1))) {
    return ["fractions where percentages are meant, or both: write 7 for 7 %", null];
  }
  const others = values.filter((v) => v !== numbers.code);
  const isCode = hasCodes || others.every((v) => v <= numbers.gap);
  const isRepeated = values.length - others.length >= numbers.few;
  const code = texts.find((text) => Number(text) === numbers.code);
  return isCode && isRepeated ? ["99 comes repeatedly, as a code for missing would", code] : null;
}

// --- groups and identifiers

// the same for groups that differ by case, blanks, hyphens or letters that look the same
function lookOf(label) {
  const latin = [...label].map((letter) => data.look_alikes[letter] ?? letter).join("");
  return latin.replace(/[\s_\p{Pd}\u2043\u2212]+/gu, "").toLowerCase().toUpperCase();
}

function checkGroups(name, values, rows, found) {
  const labels = [...new Set(values.filter(isKnown))];
  const looks = labels.map(lookOf);
  labels.forEach((label, i) => {
    const first = looks.indexOf(looks[i]);
    if (first === i) return;
    const remedy = "Write both alike, or give two groups different names";
    const what = `the group looks like ${shown(labels[first])}`;
    found.push(problem(what, remedy, rows[values.indexOf(label)], name, label));
  });
  if (labels.length <= limits.groups) return;
  const remedy = `Join them into at most ${limits.groups}`;
  found.push(problem(`${labels.length} different groups`, remedy, null, name));
}

// case, blanks, leading zeros and what a spreadsheet makes of 1 do not count
function sameId(id) {
  const bare = id.toLowerCase().replaceAll(" ", "").replace(/^(\d+)\.0+$/, "$1");
  return bare.replace(/(?<!\d)0+(?=\d)/g, "");
}

// identifiers that are there twice, summaries, and remarks below the table
function checkIds({ cells, rows }, found) {
  const others = fields.slice(1).flatMap((f) => (cells.has(f.name) ? [cells.get(f.name)] : []));
  const first = new Map();
  (cells.get("patient_id") ?? []).forEach((id, i) => {
    const wrong = (what, remedy) => found.push(problem(what, remedy, rows[i], "patient_id", id));
    const isSummary = data.summaries.includes(id.toLowerCase().replace(/^[ :=]+|[ :=]+$/g, ""));
    const isEmpty = others.length && others.every((texts) => isMissing(texts[i]));
    if (isSummary || (isEmpty && !ONE_WORD.test(id))) {
      wrong("the row looks like a summary or a remark, not like a patient", "Delete the row");
    }
    const same = sameId(id);
    if (first.has(same)) {
      const remedy = "Keep one row per patient, or give two patients different identifiers";
      wrong(`the identifier is already in row ${first.get(same)}`, remedy);
    } else first.set(same, rows[i]);
  });
}

// Rules come from the package as tests of a patient, all of which hold where one is broken.
const SIGNS = {
  isna: (a) => !isKnown(a),
  notna: (a) => isKnown(a),
  "==": (a, b) => isKnown(a) && a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => isKnown(a) && isKnown(b) && a > b,
};

function isMet(tests, patient) {
  const right = ({ other, value }) => (other ? patient[other] : value);
  return tests.every((t) => t.column in patient && SIGNS[t.sign](patient[t.column], right(t)));
}

function checkRules(patients, rows, found) {
  for (const { tests, what, remedy, column } of data.rules) {
    patients.forEach((patient, i) => {
      if (!isMet(tests, patient)) return;
      const told = what.replace(/\{(\w+):g\}/g, (_, name) => general(patient[name]));
      found.push(problem(told, remedy, rows[i], column, patient[column]));
    });
  }
  for (const { of, enough, tests, what, remedy, column } of data.of_all) {
    const meant = patients.filter((patient) => of.some((kind) => isMet(kind, patient)));
    if (meant.length < enough || !meant.every((patient) => isMet(tests, patient))) continue;
    found.push(problem(what, remedy, null, column));
  }
}

// What is allowed, but rare; in the command's words.
function remarks(columns, patients) {
  const { few, short_follow_up: short, short_with_decimals: decimals } = suspicious;
  const said = data.remarks.filter(({ tests }) => patients.some((p) => isMet(tests, p))).map((r) => r.words);
  for (const name of ["os_days", "rfs_days"].filter((n) => columns[n])) {
    const times = columns[name].filter(isKnown);
    const longest = times.reduce((a, b) => Math.max(a, b), 0);
    if (times.length < few || !longest) continue;
    if (name === "os_days" && longest < short) {
      const words = `The longest follow-up is below ${short} days. If these are months, say `;
      said.push(`${words}“unit: months” in a mapping file.`);
    } else if (longest < decimals && !times.every(Number.isInteger)) {
      const words = `Times in ${name} have decimals, and all are below ${decimals} days. `;
      said.push(`${words}If these are months or years, say so in a mapping file (“unit: months”).`);
    }
    const [least, most] = medianArms(columns.arm, columns[name]);
    if (least?.median > 0 && least.median < most.median / suspicious.months_apart) {
      const words = `The median of ${name} is far shorter in ${least.arm} than in ${most.arm}. `;
      said.push(`${words}Are both in days?`);
    }
  }
  return said;
}

// the arms of the shortest and longest median: a site that writes months has a thirtieth
function medianArms(arms = [], times = []) {
  const medians = levelsOf(arms).flatMap((arm) => {
    const own = times.filter((time, i) => arms[i] === arm && isKnown(time));
    return own.length < suspicious.few ? [] : [{ arm, median: median(own) }];
  });
  medians.sort((a, b) => a.median - b.median);
  return [medians[0], medians.at(-1)];
}

// Gives {problems, notes, columns, levels, n}; columns only where there is no problem.
export function check(bytes) {
  let source;
  try {
    source = read(bytes);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { problems: error.problems, notes: [], columns: null };
  }
  const { rows, cells, notes } = source;
  const found = [];
  checkColumns(source, found, notes);
  const specs = fields.filter((f) => cells.has(f.name));
  const hasCodes = [...cells.values()].some((texts) => texts.some((t) => numbers.codes.includes(t)));
  const columns = {};
  for (const spec of specs) {
    const { name } = spec;
    const texts = cells.get(name);
    columns[name] = parseColumn(spec, texts, rows, found, notes);
    const fault = misread(spec, texts.filter((text) => !isMissing(text)), hasCodes);
    if (fault) {
      const [what, example] = fault;
      const row = rows[texts.indexOf(example)] ?? null;
      found.push(problem(what, "Write what is meant", row, name, example));
    }
    if (spec.kind === "label") checkGroups(name, columns[name], rows, found);
  }
  checkIds(source, found);
  const patients = rows.map((_, i) => Object.fromEntries(specs.map(({ name }) => [name, columns[name][i]])));
  checkRules(patients, rows, found);
  // of several problems of a cell the first is told
  const places = new Map();
  for (const p of [...found].reverse()) places.set(p.row === null ? p : `${p.row} ${p.column}`, p);
  const problems = [...places.values()].reverse();
  if (problems.length) {
    const columnOf = (p) => p.column ?? "";
    problems.sort((a, b) => (a.row ?? 0) - (b.row ?? 0) || columnOf(a).localeCompare(columnOf(b)));
    return { problems, notes, columns: null };
  }
  notes.push(...remarks(columns, patients));
  const levels = Object.fromEntries(specs.map((f) => [f.name, f.kind === "level" ? f.values : null]));
  return { problems, notes, columns, levels, n: rows.length };
}
