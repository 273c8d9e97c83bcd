// The page's scripts against the package: what they accept, it accepts, with the same numbers; what it
// refuses or asks about, they refuse or ask about. They may refuse more; the page then names the command.
// tests/publish/test_browser_module.py writes the cases and the modules, and names their file and folder.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { CART_CASES, CART_MODULES } = process.env;
const skip = CART_CASES ? false : "run by tests/publish/test_browser_module.py, which makes the cases";
const { cohorts, mutants, functions, texts } = skip
  ? { cohorts: [], mutants: [], functions: {}, texts: [] }
  : JSON.parse(readFileSync(CART_CASES, "utf8"));
const NAMES = ["data", "text", "distributions", "statistics", "reading", "checks", "claims", "drawing"];
const modules = skip ? [] : NAMES.map((name) => import(`${CART_MODULES}/${name}.js`));
const cart = Object.assign({}, ...(await Promise.all(modules)));

const RELATIVE = 1e-9;
// the package finds exact limits by bisection to 2e-12, which is much of a limit near 0
const ABSOLUTE = 1e-11;

// functions that stand on several others
const OTHERS = ["binomialInterval", "fisher", "fisherPower", "isEquivalent", "predicted", "difference"];

function same(found, wanted, where, relative = RELATIVE, absolute = 0) {
  if (wanted === null || wanted === undefined) {
    assert.ok(found === null || found === undefined || Number.isNaN(found), `${where}: ${found}, not empty`);
  } else if (typeof wanted === "number") {
    const off = Math.abs(found - wanted);
    assert.ok(off <= absolute + relative * Math.abs(wanted), `${where}: ${found}, not ${wanted}`);
  } else if (Array.isArray(wanted)) {
    assert.equal(found?.length, wanted.length, `${where}: ${JSON.stringify(found)}`);
    wanted.forEach((w, i) => same(found[i], w, `${where}[${i}]`, relative, absolute));
  } else if (typeof wanted === "object") {
    Object.keys(wanted).forEach((k) => same(found?.[k], wanted[k], `${where}.${k}`, relative, absolute));
  } else assert.equal(found, wanted, where);
}

// the page sorts groups by name and number, the package also knows ordered words
const byGroup = (rows) => [...rows].sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : 0));

function orWhy(compute) {
  try {
    return compute();
  } catch (error) {
    if (!(error instanceof cart.CannotCompute)) throw error;
    return { why: error.message };
  }
}

const bytes = (text) => new TextEncoder().encode(text);
const without = (row, ...names) =>
  Object.fromEntries(Object.entries(row).filter(([k]) => !names.includes(k)));

test("functions", { skip }, async (t) => {
  for (const [name, list] of Object.entries(functions)) {
    await t.test(name, () => {
      const isOwn = !OTHERS.includes(name);
      for (const values of list) {
        const wanted = values.pop();
        const found = cart[name](...values);
        const absolute = name === "binomialInterval" || name === "difference" ? ABSOLUTE : 1e-17;
        same(found, wanted, `${name}(${values})`, isOwn ? 1e-12 : RELATIVE, absolute);
      }
    });
  }
});

test("numbers in words", { skip }, () => {
  for (const [value, unit, text, interval] of texts) {
    const number = value ?? NaN;
    assert.equal(cart.formatValue(number, unit), text);
    assert.equal(cart.formatInterval(number, number + 1, unit), interval);
  }
});

function compareReading(wanted) {
  const { problems, notes, columns } = cart.check(bytes(wanted.csv));
  for (const { what, remedy } of problems) assert.ok(what && remedy, `${what}: no remedy`);
  if (wanted.problems.length) {
    assert.notEqual(problems.length, 0, `not refused: ${JSON.stringify(wanted.problems[0])}`);
    assert.equal(columns, null);
  }
  if (problems.length) return;
  same(columns, wanted.columns, "columns", 0);
  assert.deepEqual(Object.keys(columns).sort(), Object.keys(wanted.columns).sort());
  for (const remark of wanted.remarks) assert.ok(notes.includes(remark), `not asked: ${remark}`);
}

test("cells of every file", { skip }, async (t) => {
  for (const wanted of [...cohorts, ...mutants]) {
    await t.test(wanted.name, () => compareReading(wanted));
  }
});

test("files that people bring, in the columns of the book", { skip }, async (t) => {
  const ours = cohorts.filter((c) => c.name.startsWith("brought") && /^patient_id\b/.test(c.csv));
  assert.ok(ours.length >= 15, `only ${ours.length}`);
  const columnsOf = (problems) => [...new Set(problems.map((p) => p.column ?? "the file"))].sort();
  for (const { name, csv, problems } of ours) {
    await t.test(name, () => {
      const found = columnsOf(cart.check(bytes(csv)).problems);
      // with a column that might tell of deaths, the page does not go on
      if (name.includes("event_header_coding")) assert.match(found.join(), /Status at last FU/);
      else assert.deepEqual(found, columnsOf(problems));
    });
  }
});

test("cohorts without anything odd are read", { skip }, () => {
  const refused = (wanted) => cart.check(bytes(wanted.csv)).problems.length > 0;
  for (const wanted of cohorts.filter((c) => c.name.startsWith("random"))) {
    assert.equal(refused(wanted), wanted.problems.length > 0, wanted.name);
  }
  const read = cohorts.filter((c) => !c.name.startsWith("random") && !refused(c));
  assert.ok(read.length >= 60, `only ${read.length} of the others are read`);
  const changed = mutants.filter((c) => !refused(c));
  const sound = mutants.filter((c) => !c.problems.length);
  assert.ok(changed.length >= 0.6 * sound.length, `${changed.length} of ${sound.length} mutants`);
  assert.ok(mutants.length - sound.length >= 0.3 * mutants.length);
});

const clean = cohorts.filter((c) => !cart.check(bytes(c.csv)).problems.length);

test("there are enough cohorts", { skip }, () => {
  assert.ok(clean.length >= 200, `only ${clean.length} without problems`);
  assert.ok(cohorts.length - clean.length >= 60);
});

for (const part of ["survival", "remission", "claims"]) {
  test(part, { skip }, async (t) => {
    for (const wanted of clean) {
      await t.test(wanted.name, () => {
        const patients = cart.derive(cart.check(bytes(wanted.csv)), wanted.cutoff);
        for (const one of wanted[part]) compare[part](patients, one, wanted);
      });
    }
  });
}

// what the page does not show: its verdict says whether it can be judged
const BEFORE = ["size", "followed", "completeness", "seen_lower", "seen_upper"];

const compare = {
  survival(patients, wanted) {
    const { endpoint, by } = wanted;
    const where = `${endpoint} by ${by}`;
    const curves = orWhy(() => cart.kaplanMeier(patients, endpoint, by));
    if (!Array.isArray(wanted.curves)) return same(curves, wanted.curves, where);
    const rows = curves.flatMap(({ group, rows: r }) => r.map((row) => ({ group, ...row })));
    same(byGroup(rows), byGroup(wanted.curves), `${where} curve`, RELATIVE, 1e-15);
    const longest = Math.max(...rows.map((row) => row.time));
    same(cart.ticks(longest), wanted.ticks, `${where} ticks`);
    const medians = curves.map(cart.medianOf);
    same(byGroup(medians), byGroup(wanted.medians.map((row) => without(row, "method"))), `${where} median`);
    if (wanted.log_rank) {
      compareTests(orWhy(() => cart.logRank(patients, endpoint, by)), wanted.log_rank, `${where} log-rank`);
    }
    if (by !== null) return;
    const each = (read) =>
      curves.flatMap((c) => wanted.times.map((time) => ({ group: c.group, time, ...read(c, time) })));
    const atRisk = each((c, time) => ({ at_risk: cart.stillObserved(c.rows, time) }));
    same(atRisk, wanted.at_risk.map((row) => without(row, "events", "censored")), `${where} at risk`);
    const at = each((c, time) => cart.survivalAt(c.rows, time));
    same(at, wanted.at.map((row) => without(row, "method")), `${where} at`, RELATIVE, 1e-15);
  },

  remission(patients, { by, rows }) {
    const found = orWhy(() => cart.remission(patients, by));
    const wanted = Array.isArray(rows) ? byGroup(rows.map((row) => without(row, "method"))) : rows;
    same(Array.isArray(found) ? byGroup(found) : found, wanted, `remission by ${by}`, RELATIVE, ABSOLUTE);
  },

  claims(patients, wanted, { claims }) {
    const rows = cart.judgeClaims(patients);
    const row = rows.find((r) => r.id === wanted.id);
    if (wanted.log_rank) {
      const { p, why } = wanted.log_rank;
      if (why) return assert.equal(row.why, why);
      if (wanted.before) {
        assert.deepEqual([row.verdict, row.why, row.p], ["not interpretable", wanted.before, undefined], row.id);
        return;
      }
      assert.notEqual(row.verdict, "not interpretable", row.id);
      assert.equal(row.why.includes("by permutation"), wanted.permuted, row.id);
      return compareTests(row, without(wanted.log_rank, "group", "estimate", "df", "method"), row.id, p);
    }
    if (row.how === "ordering") {
      same(row, without(wanted, ...BEFORE, "estimate", "lower", "upper", "unit", "method", "smallest"), row.id);
      return;
    }
    const adjusted = row.why?.replace(/; does not survive.*/, "");
    const plain = without(wanted, ...BEFORE, "method", "smallest", "found", "found_lower", "found_upper");
    same({ ...row, why: adjusted }, plain, row.id, RELATIVE, ABSOLUTE);
    const tested = claims.filter((c) => c.p !== undefined && c.expected !== undefined).map((c) => c.p);
    if (wanted.p === undefined) return;
    const rank = [...tested].sort((a, b) => a - b);
    const holm = Math.min(1, Math.max(...rank.slice(0, rank.indexOf(wanted.p) + 1).map((p, i) => p * (rank.length - i))));
    same(row.p_holm, holm, `${row.id} Holm`);
  },
};

// a statistic of exactly 0 comes out as rounding noise, on either side
function compareTests({ ...found }, { ...wanted }, where) {
  if (found.group !== wanted.group && wanted.group !== undefined) {
    const [own, other] = [found, wanted].map((row) => row.group.split(" vs ").sort());
    assert.deepEqual(own, other, where);
    wanted.group = found.group;
    wanted.excess = undefined; // of the last group
  }
  same(without(found, "excess", "estimate"), without(wanted, "excess", "estimate", "method"), where, RELATIVE, 1e-12);
  if (wanted.estimate !== undefined) same(found.estimate, wanted.estimate, `${where} χ²`, RELATIVE, 1e-20);
  if (wanted.excess !== undefined) same(found.excess, wanted.excess, `${where} excess`, RELATIVE, 1e-12);
}
