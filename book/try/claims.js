// The paper's claims, as far as they can be judged without a Cox model.
import { data } from "./data.js";
import { normalSf, total, binomial, hypergeometric, fisher, fisherPower } from "./distributions.js";
import { fixed, formatPower } from "./text.js";
import { CannotCompute, MissingColumns, isKnown, kaplanMeier, logRank, medianOf, observedTime } from "./statistics.js";
import { proportion, remission, requireColumns, survivalAt, withEndpoint } from "./statistics.js";

const { alpha, confidence, verdicts, z } = data;
const { odds_ratio: oddsRatio } = data.power;
const clip = (x) => Math.min(1, Math.max(0, x));

function scoreZ(now, size, old, oldSize) {
  const pooled = (now * size + old * oldSize) / (size + oldSize);
  const variance = pooled * (1 - pooled) * (1 / size + 1 / oldSize);
  return variance > 0 ? Math.abs(now - old) / Math.sqrt(variance) : 0;
}

export const consistencyP = (...samples) => 2 * normalSf(scoreZ(...samples));

// Krishnamoorthy and Peng: the roots of a quadratic
export function predicted(size, old, oldSize) {
  const spread = z ** 2 * (1 / size + 1 / oldSize);
  const b = size / (size + oldSize);
  const a = old * (1 - b);
  const two = 1 + spread * b * b;
  const one = -(2 * old + spread * b * (1 - 2 * a));
  const root = Math.sqrt(Math.max(one * one - 4 * two * (old * old - spread * a * (1 - a)), 0));
  return [clip((-one - root) / (2 * two)), clip((-one + root) / (2 * two))];
}

function wilson(estimate, size, quantile) {
  const z2 = quantile ** 2 / size;
  const half = Math.sqrt(z2 * estimate * (1 - estimate) + (z2 * z2) / 4);
  return [clip((estimate + z2 / 2 - half) / (1 + z2)), clip((estimate + z2 / 2 + half) / (1 + z2))];
}

export function difference(now, size, old, oldSize, quantile = z) {
  const [nowLow, nowHigh] = wilson(now, size, quantile);
  const [oldLow, oldHigh] = wilson(old, oldSize, quantile);
  const between = now - old;
  return [
    between,
    between - Math.hypot(now - nowLow, oldHigh - old),
    between + Math.hypot(nowHigh - now, old - oldLow),
  ];
}

// Greenwood's variance read as that of a proportion without censoring
function effectiveSize({ time, event }, { estimate, greenwood }, day) {
  if (estimate > 0 && estimate < 1) {
    const size = (1 - estimate) / (estimate * greenwood);
    const whole = Math.round(size); // as many as there are patients, if none was censored
    return Math.abs(size - whole) <= 1e-9 * whole ? whole : size;
  }
  return time.filter((t, i) => (event[i] && t <= day) || t >= day).length;
}

// Two one-sided tests: whether the interval of the difference lies inside the margin.
export function isEquivalent(now, size, old, oldSize, [low, high]) {
  const [, least, most] = difference(now, size, old, oldSize, data.z_same);
  return old + least >= low && old + most <= high;
}

const missed = (effect) => data.before.missed.replace("{}", effect);

// Why a rate is not interpretable: too few patients, or a very large effect more often missed.
export function beforeRate(size, { expected, expected_size: oldSize, very_large: [least, most] }) {
  if (size < data.before.min_group) return data.before.too_few;
  const n = Math.floor(size + 0.5);
  const [low, high] = predicted(size, expected, oldSize);
  const chance = (rate, from, to) => total(binomial(n, rate).slice(from, to));
  const isSeen =
    (least !== null && chance(least, 0, Math.ceil(low * n)) >= data.before.least) ||
    (most !== null && chance(most, Math.floor(high * n) + 1) >= data.before.least);
  if (isSeen) return "";
  const rates = [least, most].filter((rate) => rate !== null).map((rate) => `${fixed(100 * rate, 0)} %`);
  return missed(`a true rate of ${rates.join(" or ")}`);
}

export function beforeHazard(events, exposed, others) {
  if (Math.min(exposed, others) < data.before.min_group) return data.before.in_a_group;
  const share = exposed / (exposed + others);
  const needed = (data.z_alpha / Math.log(data.before.hazard_ratio)) ** 2;
  if (events * share * (1 - share) >= needed) return "";
  return missed(`a hazard ratio of ${fixed(data.before.hazard_ratio, 1)}`);
}

function beforeOdds(exposed, others, outcomes) {
  const { odds_ratio: ratio, least, min_group: group, in_a_group: few } = data.before;
  if (Math.min(exposed, others) < group) return few;
  // above 1 as below 1 for those without the outcome
  const isSeen = (counted) => fisherPower(exposed, others, counted, 1 / ratio, alpha) >= least;
  if (isSeen(outcomes) || isSeen(exposed + others - outcomes)) return "";
  return missed(`an odds ratio of ${fixed(1 / ratio, 2)} or ${fixed(ratio, 1)}`);
}

// What was found is told, but nothing is tested.
function orNotInterpretable({ p, test, side, power, ...row }, why) {
  if (!why) return { p, test, side, power, ...row };
  return { ...row, power, verdict: verdicts.not_interpretable, why };
}

function compared(found, size, claim) {
  const { expected, expected_size: oldSize, better = "higher" } = claim;
  const p = consistencyP(found.estimate, size, expected, oldSize);
  const [lower, upper] = predicted(size, expected, oldSize);
  const between = difference(found.estimate, size, expected, oldSize);
  let verdict = verdicts.weak;
  let side = "";
  let why = `the data leave open a difference beyond the margin of ${claim.margin_text}`;
  if (p < 1 - confidence) {
    verdict = verdicts.differs;
    const where = found.estimate < expected ? "lower" : "higher";
    side = where === better ? "better" : "worse";
    why = `${where} than predicted, which is ${side}`;
  } else if (isEquivalent(found.estimate, size, expected, oldSize, claim.margin)) {
    verdict = verdicts.consistent;
    why = "";
  }
  return {
    p, verdict, side, why,
    expected, expected_lower: lower, expected_upper: upper,
    difference: between[0], difference_lower: between[1], difference_upper: between[2],
  };
}

const joined = (...reasons) => reasons.filter(Boolean).join("; ");

function value(claim, own, unit, judged) {
  const { n, events, estimate, lower, upper } = own;
  const row = { n, events, estimate, lower, upper, ...judged, unit, test: "score" };
  const printed = (x) => fixed(x * (claim.percent ? 100 : 1), claim.rounding);
  if (printed(estimate) === printed(claim.value)) {
    row.verdict = verdicts.exact;
    row.side = "";
    row.why = "";
  }
  row.why = joined(row.why, own.note);
  return row;
}

function counted(claim, patients) {
  const { column, level, by, group, or_higher: orHigher } = claim;
  requireColumns(patients, by ? [column, by] : [column]);
  const { [column]: values, [by]: groups } = patients.columns;
  const known = values.filter((v, i) => isKnown(v) && (!by || groups[i] === group));
  if (!known.length) throw new CannotCompute(`no patient has ${claim.of} and a known ${claim.source}`);
  const higher = [...new Set(known)].filter((v) => !orHigher && typeof level === "number" && v > level).sort();
  const note = `some patients had grade ${higher.join(" or ")}, which is not counted here`;
  const events = known.filter((v) => v === level || (orHigher && v > level)).length;
  return { ...proportion(claim.short, events, known.length), note: higher.length ? note : "" };
}

function tooFewFollowed({ time, event }, day) {
  const followed = time.filter((t, i) => t > day || (t === day && !event[i])).length;
  const lost = time.filter((t, i) => t < day && !event[i]).length;
  return followed < data.before.min_group && lost > followed;
}

function onCurve(claim, patients) {
  const [one] = kaplanMeier(patients, claim.endpoint, null);
  const found = survivalAt(one.rows, claim.day);
  if (Number.isNaN(found.estimate)) throw new CannotCompute(found.why);
  const sample = withEndpoint(patients, claim.endpoint);
  const day = observedTime(sample.time, claim.day);
  if (found.estimate > 0 && tooFewFollowed(sample, day)) {
    const few = `${data.before.too_few} were followed beyond day ${claim.day}`;
    throw new CannotCompute(`${few}, and more were lost before`);
  }
  const size = effectiveSize(sample, found, day);
  const judged = compared(found, size, claim);
  const row =
    claim.how === "survival"
      ? value(claim, found, "fraction", judged)
      : value(claim, medianOf(one), "days", judged);
  return orNotInterpretable(row, beforeRate(size, claim));
}

function verdictOf(asClaimed, p) {
  if (p < alpha) return asClaimed ? verdicts.supports : verdicts.contradicts;
  return asClaimed ? verdicts.same : verdicts.opposite;
}

function ordering(claim, patients) {
  requireColumns(patients, [claim.exposure, "responder"]);
  const { responder, [claim.exposure]: exposed } = patients.columns;
  const count = (e, r) => exposed.filter((v, i) => v === e && responder[i] === r).length;
  const cells = [count("no", "no"), count("no", "yes"), count("yes", "no"), count("yes", "yes")];
  const [a, b, c, d] = cells;
  if (!(a + b) || !(c + d) || !(a + c) || !(b + d)) {
    throw new CannotCompute("a comparison needs at least two groups and two outcomes with patients");
  }
  const { p, below } = fisher(a, b, c, d);
  const { min_rival: least } = data;
  const moderate = 1 / oddsRatio;
  const power = fisherPower(c + d, a + b, b + d, moderate, alpha);
  let verdict = verdictOf(below, p);
  let why = weighed(verdict, moderate, power, excludes(cells, moderate));
  const rates = remission(patients, claim.by);
  const other = rates.find((r) => r.group === claim.group);
  const rivals = rates.filter((r) => r !== other && r.estimate <= other.estimate);
  if (below && rivals.some((r) => r.n >= least)) {
    // fewer remissions than in all others together, but some group has as few or fewer
    verdict = verdicts.same;
    why = "another group has as few remissions or fewer";
  } else if (below && rivals.length) {
    const few = `a group of fewer than ${least} patients has as few remissions or fewer`;
    why = joined(why, `${few}, too few to speak against the order`);
  }
  const others = Object.entries(claim.others);
  const absent = others.filter(([level]) => !rates.some((r) => r.group === level));
  const all = others.length + 1;
  const here = `only ${all - absent.length} of the paper's ${all} groups are here`;
  why = joined(why, ...absent.map(([, name]) => `no patient ${name}: ${here}`));
  const row = { n: a + b + c + d, events: b + d, p, power, unit: "", test: "Fisher", verdict, why };
  return orNotInterpretable(row, beforeOdds(c + d, a + b, b + d));
}

// Whether the odds ratio's exact interval lies above a ratio: at it, so many are too unlikely.
function excludes([a, b, c, d], ratio) {
  const { least, chances } = hypergeometric(c + d, a + b, b + d, ratio);
  return total(chances.slice(d - least)) < (1 - confidence) / 2;
}

function weighed(verdict, ratio, power, isExcluded) {
  const moderate = `an odds ratio of ${fixed(ratio, 1)}`;
  if (verdict === verdicts.contradicts) return "";
  if (verdict === verdicts.supports) {
    return isExcluded ? `smaller than moderate: the interval excludes ${moderate}` : "";
  }
  const ruledOut = isExcluded ? `the interval rules out ${moderate}` : "";
  return joined(`power for ${moderate} was ${formatPower(power)}`, ruledOut);
}

function direction(claim, patients) {
  const { n, events, p, excess, few, sizes } = logRank(patients, claim.endpoint, claim.exposure);
  const permuted = "few patients or events: the command judges by permutation, and its p differs";
  const row = { n, events, p, excess, unit: "", why: few ? permuted : "", verdict: verdictOf(excess > 0, p) };
  return orNotInterpretable(row, beforeHazard(events, sizes[1], sizes[0]));
}

function judge(claim, patients) {
  try {
    if (claim.how === "adjusted") {
      return { verdict: "with the command only", why: "needs a multivariable Cox model" };
    }
    if (claim.how === "ordering") return ordering(claim, patients);
    if (claim.how === "direction") return direction(claim, patients);
    if (claim.how !== "counted") return onCurve(claim, patients);
    const found = counted(claim, patients);
    const row = value(claim, found, "fraction", compared(found, found.n, claim));
    return orNotInterpretable(row, beforeRate(found.n, claim));
  } catch (error) {
    if (!(error instanceof CannotCompute)) throw error;
    const { not_assessed: missing, not_interpretable: few } = verdicts;
    return { verdict: error instanceof MissingColumns ? missing : few, why: error.message };
  }
}

// Holm's correction, among the values: the only family of which all are judged here
function corrected(rows) {
  const tested = rows.filter((r) => r.family === "value" && r.p !== undefined);
  let highest = 0;
  [...tested].sort((a, b) => a.p - b.p).forEach((row, i) => {
    highest = Math.max(highest, Math.min(1, row.p * (tested.length - i)));
    row.p_holm = highest;
    if (row.verdict !== verdicts.differs || highest < 1 - confidence) return;
    row.why += `; does not survive Holm's correction for ${tested.length} claims`;
  });
  return rows;
}

export function judgeClaims(patients) {
  return corrected(data.claims.map((claim) => ({ ...claim, ...judge(claim, patients) })));
}
