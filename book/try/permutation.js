// The log-rank test by permutation, where patients or events are too few for χ²: as the package does.
import { data } from "./data.js";
import { total } from "./distributions.js";
import { logRank, withEndpoint } from "./statistics.js";

const ROUNDING = 1e-9;

// each patient's event less the Nelson–Aalen hazard until the end of follow-up
function scores({ time, event }) {
  const count = (isMeant) => time.filter(isMeant).length;
  let hazard = 0;
  const until = new Map();
  for (const now of [...new Set(time)].sort((a, b) => a - b)) {
    hazard += count((t, i) => t === now && event[i]) / count((t) => t >= now);
    until.set(now, hazard);
  }
  return time.map((t, i) => (event[i] ? 1 : 0) - until.get(t));
}

// sums of the scores of every possible group of a size
function enumerated(score, size, from = 0, sum = 0) {
  if (!size) return [sum];
  return score.slice(from).flatMap((s, i) => enumerated(score, size - 1, from + i + 1, sum + s));
}

// mulberry32: the same numbers at every run
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// the same of random groups: the first places of a deck that is shuffled only so far
function drawn(score, size) {
  const { arrangements, seed } = data.permutation;
  const random = generator(seed);
  const deck = [...score].sort((a, b) => a - b);
  return Array.from({ length: arrangements }, () => {
    let sum = 0;
    for (let i = 0; i < size; i++) {
      const j = i + Math.floor(random() * (deck.length - i));
      [deck[i], deck[j]] = [deck[j], deck[i]];
      sum += deck[i];
    }
    return sum;
  });
}

// between two groups: twice the smaller tail
export function permutedP(sample) {
  const score = scores(sample);
  const members = sample.groups.map((name) => score.filter((_, i) => sample.group[i] === name));
  const [smaller] = members.sort((a, b) => a.length - b.length);
  const observed = total(smaller);
  const arrangements = smaller.reduce((product, _, i) => (product * (score.length - i)) / (i + 1), 1);
  const sums =
    arrangements <= data.permutation.arrangements
      ? enumerated(score, smaller.length)
      : [...drawn(score, smaller.length), observed];
  const share = (isBeyond) => sums.filter(isBeyond).length / sums.length;
  const tails = [share((s) => s >= observed - ROUNDING), share((s) => s <= observed + ROUNDING)];
  return Math.min(1, 2 * Math.min(...tails));
}

// the log-rank test of two groups that suits their size
export function compare(patients, key, by) {
  const { p, few } = logRank(patients, key, by);
  if (!few) return { p, test: "Log-rank test" };
  return { p: permutedP(withEndpoint(patients, key, by)), test: "Log-rank test by permutation" };
}
