// Distribution functions that the package takes from SciPy; relative error below 1e-10.
import { data } from "./data.js";

const EPS = 2 ** -52;
const ROOT_PI = Math.sqrt(Math.PI);

function erfc(x) {
  if (x < 1.5) {
    let term = x;
    let sum = x;
    for (let n = 1; term > sum * EPS; n++) sum += term *= (2 * x * x) / (2 * n + 1);
    return 1 - (2 / ROOT_PI) * Math.exp(-x * x) * sum;
  }
  let fraction = x; // continued fraction, from its far end
  for (let k = 120; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (ROOT_PI * fraction);
}

// beyond z on one side, for z of 0 or more
export const normalSf = (z) => erfc(z / Math.SQRT2) / 2;

// Γ(df/2, x/2) / Γ(df/2) by the recurrence in df, all of whose terms are positive
export function chi2Sf(x, df) {
  const half = x / 2;
  const odd = df % 2 === 1;
  let sum = odd ? erfc(Math.sqrt(half)) : Math.exp(-half);
  let term = Math.exp(-half) * (odd ? (2 * Math.sqrt(half)) / ROOT_PI : half);
  for (let a = odd ? 0.5 : 1; a < df / 2; a++) {
    sum += term;
    term *= half / (a + 1);
  }
  return sum;
}

export const total = (chances) => chances.reduce((a, b) => a + b, 0);

// Chances of least, least + 1, … by the ratio of each to the one before, from the mode on.
function byRatios(least, most, ratio) {
  let mode = least;
  while (mode < most && ratio(mode) > 1) mode++;
  const weights = Array(most - least + 1).fill(1);
  for (let x = mode; x < most; x++) weights[x + 1 - least] = weights[x - least] * ratio(x);
  for (let x = mode; x > least; x--) weights[x - 1 - least] = weights[x - least] / ratio(x - 1);
  const sum = total(weights);
  return weights.map((weight) => weight / sum);
}

export const binomial = (n, p) => byRatios(0, n, (x) => ((n - x) / (x + 1)) * (p / (1 - p)));

// Clopper–Pearson's lower limit: the proportion at which so many or more events have a chance of
// just the tail; found by halving
function lowerLimit(events, n, tail) {
  let [low, high] = [0, events / n];
  while (high - low > 2 * EPS * high) {
    const middle = (low + high) / 2;
    if (total(binomial(n, middle).slice(events)) < tail) low = middle;
    else high = middle;
  }
  return low;
}

export function binomialInterval(events, n, confidence) {
  const tail = (1 - confidence) / 2;
  return [lowerLimit(events, n, tail), 1 - lowerLimit(n - events, n, tail)];
}

// How many of the exposed have the outcome, given the margins of a 2×2 table.
export function hypergeometric(exposed, others, outcomes, oddsRatio = 1) {
  const least = Math.max(0, outcomes - others);
  const most = Math.min(exposed, outcomes);
  const ratio = (x) =>
    (oddsRatio * (exposed - x) * (outcomes - x)) / ((x + 1) * (others - outcomes + x + 1));
  return { least, chances: byRatios(least, most, ratio) };
}

const AS_LIKELY = 1 + 1e-7;

// Fisher's exact test of [[a, b], [c, d]]; below: fewer than expected in a's cell's opposite, d
export function fisher(a, b, c, d) {
  const { least, chances } = hypergeometric(c + d, a + b, b + d);
  const limit = chances[d - least] * AS_LIKELY;
  const p = total(chances.filter((chance) => chance <= limit));
  // the conditional odds ratio is below 1 where the cell is below its mean
  return { p: Math.min(1, p), below: d * (a + b + c + d) < (c + d) * (b + d) };
}

// Power of Fisher's test against an odds ratio below 1.
export function fisherPower(exposed, others, outcomes, oddsRatio, alpha) {
  const { least, chances } = hypergeometric(exposed, others, outcomes);
  const shifted = hypergeometric(exposed, others, outcomes, oddsRatio).chances;
  const ranked = [...chances].sort((a, b) => a - b);
  const mean = (exposed * outcomes) / (exposed + others);
  let [power, p, next] = [0, 0, 0];
  // below the mean every table is more likely than the one before
  for (let i = 0; least + i < mean; i++) {
    while (ranked[next] <= chances[i] * AS_LIKELY) p += ranked[next++];
    if (p >= alpha * data.power.at_level) break;
    power += shifted[i];
  }
  return power;
}
