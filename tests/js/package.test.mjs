// Every number, problem and word of the page's scripts against the package's own.
// tests/test_browser_module.py writes the cases and names their file in CART_CASES.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const { CART_CASES, CART_SCRIPTS } = process.env;
const skip = CART_CASES ? false : "run by tests/test_browser_module.py, which makes the cases";
const { cohorts, functions, texts } = skip
  ? { cohorts: [], functions: {}, texts: [] }
  : JSON.parse(readFileSync(CART_CASES, "utf8"));
if (!skip) for (const path of CART_SCRIPTS.split("\n")) await import(path);
const { cart } = globalThis;

const RELATIVE = 1e-9;
// the package finds exact limits by bisection to 2e-12, which is much of a limit near 0
const ABSOLUTE = 1e-11;

// functions that stand on several others
const OTHERS = ["binomialInterval", "fisher", "fisherPower", "powerOfDifference", "predicted", "difference"];

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

function asLine({ what, remedy, row, column, value }) {
  const place = [];
  if (row !== null) place.push(`row ${row}`);
  if (column !== null) place.push(`column ${cart.shown(column)}`);
  if (value !== null) place.push(`value ${cart.shown(value)}`);
  return `${place.length ? `${place.join(", ")}: ` : ""}${what}${remedy ? `. ${remedy}` : ""}`;
}

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

test("problems, words and cells of every file", { skip }, async (t) => {
  for (const wanted of cohorts) {
    await t.test(wanted.name, () => {
      const found = cart.check(bytes(wanted.csv));
      assert.deepEqual(found.problems, wanted.problems);
      if (wanted.problems.length) {
        assert.deepEqual(cart.tell(found.problems).map(asLine), wanted.told);
        return assert.equal(found.columns, null);
      }
      assert.deepEqual(found.notes, wanted.notes);
      same(found.columns, wanted.columns, "columns", 0);
    });
  }
});

const clean = cohorts.filter((c) => !c.problems.length);

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

const compare = {
  survival(patients, wanted) {
    const { endpoint, by } = wanted;
    const where = `${endpoint} by ${by}`;
    const curves = orWhy(() => cart.kaplanMeier(patients, endpoint, by, cart.data.confidence));
    if (!Array.isArray(wanted.curves)) return same(curves, wanted.curves, where);
    const rows = curves.flatMap(({ group, rows: r }) => r.map((row) => ({ group, ...row })));
    same(rows, wanted.curves, `${where} curve`, RELATIVE, 1e-15);
    const longest = Math.max(...rows.map((row) => row.time));
    same(cart.ticks(longest), wanted.ticks, `${where} ticks`);
    const medians = curves.map(cart.medianOf);
    same(medians, wanted.medians.map((row) => without(row, "method")), `${where} median`);
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
    const found = orWhy(() => cart.remission(patients, by, cart.data.confidence));
    const wanted = Array.isArray(rows) ? rows.map((row) => without(row, "method")) : rows;
    same(found, wanted, `remission by ${by}`, RELATIVE, ABSOLUTE);
  },

  claims(patients, wanted, { claims }) {
    const rows = cart.judgeClaims(patients, cart.data.confidence);
    const row = rows.find((r) => r.id === wanted.id);
    if (wanted.log_rank) {
      const { p, why } = wanted.log_rank;
      if (why) return assert.equal(row.why, why);
      assert.equal(row.why.includes("by permutation"), wanted.permuted, row.id);
      return compareTests(row, without(wanted.log_rank, "group", "estimate", "df", "method"), row.id, p);
    }
    if (row.how === "ordering") {
      same(row, { ...without(wanted, "estimate", "lower", "upper", "unit", "method", "smallest") }, row.id);
      return;
    }
    const adjusted = row.why?.replace(/; does not survive.*/, "");
    const plain = without(wanted, "method", "smallest");
    same({ ...row, why: adjusted }, plain, row.id, RELATIVE, ABSOLUTE);
    const tested = claims.filter((c) => c.p !== undefined && c.expected !== undefined).map((c) => c.p);
    if (wanted.p === undefined) return;
    const rank = [...tested].sort((a, b) => a - b);
    const holm = Math.min(1, Math.max(...rank.slice(0, rank.indexOf(wanted.p) + 1).map((p, i) => p * (rank.length - i))));
    same(row.p_holm, holm, `${row.id} Holm`);
  },
};

// a statistic of exactly 0 comes out as rounding noise, on either side
function compareTests(found, wanted, where) {
  same(without(found, "excess", "estimate"), without(wanted, "excess", "estimate", "method"), where, RELATIVE, 1e-12);
  if (wanted.estimate !== undefined) same(found.estimate, wanted.estimate, `${where} χ²`, RELATIVE, 1e-20);
  if (wanted.excess !== undefined) same(found.excess, wanted.excess, `${where} excess`, RELATIVE, 1e-12);
}
