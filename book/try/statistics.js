// Survival and remission of a checked cohort: the package's results, row for row.
import { data } from "./data.js";
import { binomialInterval, chi2Sf } from "./distributions.js";
import { general } from "./text.js";

export class CannotCompute extends Error {
  constructor(why) {
    super(Object.entries(data.spoken).reduce((text, [name, words]) => text.replaceAll(name, words), why));
  }
}

export class MissingColumns extends CannotCompute {}

export const isKnown = (value) => value !== null && value !== undefined;

export function requireColumns({ columns }, names) {
  const isAbsent = (name) => !(columns[name] ?? []).some(isKnown);
  const absent = names.filter(isAbsent);
  if (!absent.length) return;
  const sources = absent.flatMap((name) => data.derived[name]?.from ?? [name]);
  const listed = data.fields.map((f) => f.name).filter((name) => sources.includes(name) && isAbsent(name));
  const told = new Intl.ListFormat("en-GB").format(listed.map((name) => `\`${name}\``));
  const noun = listed.length > 1 ? "columns" : "column";
  throw new MissingColumns(`this cohort has no values in the ${noun} ${told}`);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

// Adds the columns that follow from others; the Treg cut-off is the median if null.
export function derive(patients, cutoff) {
  const columns = { ...patients.columns };
  const levels = { ...patients.levels };
  let used = null;
  for (const [name, rule] of Object.entries(data.derived)) {
    const sources = rule.from.map((column) => columns[column]);
    if (!sources.every(Boolean)) continue;
    levels[name] = rule.levels;
    const known = sources[0].filter(isKnown);
    if (!rule.map) used = cutoff ?? (known.length ? median(known) : null);
    columns[name] = sources[0].map((value, i) => {
      if (rule.map) return rule.map[sources.map((s) => s[i] ?? "").join("|")] ?? null;
      return isKnown(value) ? rule.levels[value > used ? 1 : 0] : null;
    });
  }
  return { ...patients, columns, levels, cutoff: used };
}

// Levels that occur, the reference first; labels in order.
export function levelsOf(values, known) {
  const there = new Set(values.filter(isKnown));
  const byNumber = new Intl.Collator("en", { numeric: true }).compare;
  return known ? known.filter((level) => there.has(level)) : [...there].sort(byNumber);
}

const SAME_TIME = Math.sqrt(2 ** -52);

// times that differ by rounding alone are one time: R's timefix
function oneTime(times) {
  const distinct = [...new Set(times)].sort((a, b) => a - b);
  const mean = distinct.reduce((sum, t) => sum + Math.abs(t), 0) / distinct.length;
  const first = new Map();
  distinct.forEach((t, i) => {
    const same = i && t - distinct[i - 1] <= SAME_TIME * Math.max(1, mean);
    first.set(t, same ? first.get(distinct[i - 1]) : t);
  });
  return times.map((t) => first.get(t));
}

// the observed time that a day differs from by rounding alone, or the day
export function observedTime(times, day) {
  const nearest = times.reduce((a, b) => (Math.abs(b - day) < Math.abs(a - day) ? b : a));
  return Math.abs(nearest - day) <= SAME_TIME * Math.max(1, Math.abs(day)) ? nearest : day;
}

export function withEndpoint(patients, key, by) {
  const end = data.endpoints[key];
  const names = [end.days, end.event, ...(by ? [by] : [])];
  const responder = patients.columns.responder ?? [];
  if (key === "rfs" && responder.length && responder.every((answer) => answer === "no")) {
    throw new CannotCompute("no patient of this cohort reached remission");
  }
  requireColumns(patients, names);
  const [days, events, groupOf] = names.map((name) => patients.columns[name]);
  const isTold = (i) => isKnown(days[i]) && isKnown(events[i]) && (!by || isKnown(groupOf[i]));
  const kept = days.map((_, i) => i).filter(isTold);
  const time = kept.map((i) => days[i]);
  const event = kept.map((i) => events[i] === 1);
  const group = kept.map((i) => (by ? groupOf[i] : data.all));
  if (!time.length) {
    throw new CannotCompute(`no patient has ${end.name}${by ? ` and \`${by}\`` : ""} on record`);
  }
  if (time.every((t) => t === 0)) throw new CannotCompute(`every time in \`${end.days}\` is 0`);
  const groups = by ? levelsOf(group, patients.levels[by]) : [data.all];
  return { time: oneTime(time), event, group, groups };
}

// Kaplan–Meier: a row per time, from 0 on, with Greenwood's sum and log-log limits
function curve(time, event) {
  const order = time.map((_, i) => i).sort((a, b) => time[a] - time[b]);
  let [atRisk, survival, greenwood, next] = [time.length, 1, 0, 0];
  return [...new Set([0, ...order.map((i) => time[i])])].map((now) => {
    const first = next;
    let events = 0;
    for (; time[order[next]] === now; next++) if (event[order[next]]) events++;
    survival *= 1 - events / atRisk;
    greenwood += events / (atRisk * (atRisk - events));
    const isOpen = survival <= 0 || survival >= 1;
    const half = isOpen ? NaN : (data.z * Math.sqrt(greenwood)) / Math.log(survival);
    const [lower, upper] = [-half, half].map((power) => survival ** Math.exp(power));
    const row = { time: now, at_risk: atRisk, events, censored: next - first - events };
    atRisk -= next - first;
    return { ...row, estimate: survival, lower, upper, greenwood };
  });
}

export function kaplanMeier(patients, key, by) {
  const { time, event, group, groups } = withEndpoint(patients, key, by);
  return groups.map((name) => {
    const mine = (_, i) => group[i] === name;
    return { group: name, rows: curve(time.filter(mine), event.filter(mine)) };
  });
}

export function stillObserved(rows, asked) {
  const time = observedTime(rows.map((r) => r.time), asked);
  return rows.find((r) => r.time >= time)?.at_risk ?? 0;
}

const sumOf = (rows, what) => rows.reduce((sum, r) => sum + r[what], 0);

export function survivalAt(rows, asked) {
  const time = observedTime(rows.map((r) => r.time), asked);
  const before = rows.filter((r) => r.time <= time);
  const last = rows.at(-1);
  const about = { n: rows[0].at_risk, events: sumOf(before, "events"), at_risk: stillObserved(rows, time) };
  if (time <= last.time || last.estimate === 0) {
    const { estimate, lower, upper, greenwood } = before.at(-1);
    return { ...about, estimate, lower, upper, greenwood, why: "" };
  }
  const why = `follow-up ends at day ${general(last.time)}, before day ${general(asked)}`;
  return { ...about, estimate: NaN, lower: NaN, upper: NaN, why };
}

// Where a step curve reaches one half, by the rule of R's print.survfit.
function crossing(rows, what) {
  const tolerance = Math.sqrt(2 ** -52);
  const reached = rows.filter((r) => r[what] < 0.5 + tolerance);
  if (!reached.length) return NaN;
  const first = reached[0];
  const below = reached.find((r) => r[what] < first[what]);
  const flat = Math.abs(first[what] - 0.5) < tolerance;
  return flat && below ? (first.time + below.time) / 2 : first.time;
}

export function medianOf({ group, rows }) {
  const points = rows.filter((r) => r.events > 0 || r.censored > 0);
  const [estimate, lower, upper] = ["estimate", "lower", "upper"].map((w) => crossing(points, w));
  return { group, n: rows[0].at_risk, events: sumOf(rows, "events"), estimate, lower, upper };
}

// u′V⁻¹u by elimination: V is positive definite, so that no pivots are needed
function quadratic(u, v) {
  let sum = 0;
  u.forEach((_, k) => {
    sum += u[k] ** 2 / v[k][k];
    for (let i = k + 1; i < u.length; i++) {
      const factor = v[i][k] / v[k][k];
      u[i] -= factor * u[k];
      for (let j = k + 1; j < u.length; j++) v[i][j] -= factor * v[k][j];
    }
  });
  return sum;
}

// events beyond those expected of each group, and their covariance
function excessOf({ time, event, group, groups }) {
  const order = time.map((_, i) => i).sort((a, b) => time[a] - time[b]);
  const atRisk = groups.map((name) => group.filter((g) => g === name).length);
  const excess = groups.map(() => 0);
  const variance = groups.map(() => groups.map(() => 0));
  for (let i = 0; i < order.length; ) {
    const n = order.length - i;
    const share = atRisk.map((count) => count / n);
    let d = 0;
    for (const now = time[order[i]]; i < order.length && time[order[i]] === now; i++) {
      const g = groups.indexOf(group[order[i]]);
      atRisk[g]--;
      if (!event[order[i]]) continue;
      d++;
      excess[g]++;
    }
    const spread = n > 1 ? (d * (n - d)) / (n - 1) : 0;
    share.forEach((own, g) => {
      excess[g] -= d * own;
      share.forEach((other, h) => (variance[g][h] += spread * own * ((g === h ? 1 : 0) - other)));
    });
  }
  return { excess, variance };
}

export function logRank(patients, key, by) {
  const sample = withEndpoint(patients, key, by);
  const { name } = data.endpoints[key];
  const { groups } = sample;
  if (groups.length < 2) {
    throw new CannotCompute(`all patients with ${name} are in one group of \`${by}\``);
  }
  const events = sample.event.filter(Boolean).length;
  if (!events) {
    throw new CannotCompute(`no event of ${name} occurred, so groups cannot be compared`);
  }
  const { excess, variance } = excessOf(sample);
  // a group that is never at risk beside others would make the covariance singular
  const kept = groups.map((_, g) => g).filter((g) => variance[g][g] > 0);
  const df = kept.length - 1;
  if (df < 1) {
    const why = "at every event time only one of them is at risk, or everybody has the event";
    throw new CannotCompute(`the groups of \`${by}\` cannot be compared for ${name}: ${why}`);
  }
  const used = kept.slice(0, df);
  const statistic = quadratic(used.map((g) => excess[g]), used.map((g) => used.map((h) => variance[g][h])));
  const { patients: fewPatients, events: fewEvents } = data.few;
  const sizes = groups.map((g) => sample.group.filter((own) => own === g).length);
  const few = Math.min(...sizes) < fewPatients || events < fewEvents; // the command then permutes
  const last = kept.at(-1) === groups.length - 1 ? excess.at(-1) : NaN;
  const p = chi2Sf(Math.max(statistic, 0), df);
  const about = { group: groups.join(" vs "), n: sample.time.length, events };
  return { ...about, estimate: statistic, df, p, few, sizes, excess: last };
}

export function proportion(group, events, n) {
  const [lower, upper] = binomialInterval(events, n, data.confidence);
  return { group, n, events, estimate: events / n, lower, upper };
}

export function remission(patients, by) {
  requireColumns(patients, ["responder", ...(by ? [by] : [])]);
  const { responder } = patients.columns;
  const known = responder.map((_, i) => i).filter((i) => isKnown(responder[i]));
  const groupOf = (i) => (by ? patients.columns[by][i] : data.all);
  const names = by ? levelsOf(known.map(groupOf), patients.levels[by]) : [data.all];
  return names.map((name) => {
    const mine = known.filter((i) => groupOf(i) === name);
    const events = mine.filter((i) => responder[i] === "yes").length;
    return proportion(name, events, mine.length);
  });
}
