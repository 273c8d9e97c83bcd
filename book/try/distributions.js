// Distribution functions that the package takes from SciPy; relative error below 1e-12.
(function (cart) {
  "use strict";

  const EPS = 2 ** -52;
  const ROOT_PI = Math.sqrt(Math.PI);

  function erfc(x) {
    if (x < 0) return 2 - erfc(-x);
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

  const normalSf = (z) => erfc(z / Math.SQRT2) / 2;

  function normalQuantile(p) {
    if (p < 0.5) return -normalQuantile(1 - p);
    const q = 1 - p;
    const t = Math.sqrt(-2 * Math.log(q));
    // Abramowitz and Stegun 26.2.23, then Newton
    const over = 2.515517 + t * (0.802853 + t * 0.010328);
    let z = t - over / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for (let i = 0; i < 5; i++) {
      z += ((normalSf(z) - q) * Math.sqrt(2 * Math.PI)) / Math.exp((-z * z) / 2);
    }
    return z;
  }

  // Γ(df/2, x/2) / Γ(df/2) by the recurrence in df, all of whose terms are positive
  function chi2Sf(x, df) {
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

  // --- binomial and beta, by Loader's saddle-point form: no loss in large samples

  function stirlingError(n) {
    if (n < 16) {
      let factorial = 1;
      for (let i = 2; i <= n; i++) factorial *= i;
      return Math.log(factorial) - (n + 0.5) * Math.log(n) + n - Math.log(2 * Math.PI) / 2;
    }
    const s = n * n;
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / s) / s) / s) / s) / n;
  }

  // x ln(x/m) + m − x, precise where x is near m
  function deviance(x, m) {
    if (Math.abs(x - m) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
    const v = (x - m) / (x + m);
    let sum = (x - m) * v;
    let term = 2 * x * v;
    for (let j = 1; j < 1000; j++) {
      term *= v * v;
      const next = sum + term / (2 * j + 1);
      if (next === sum) break;
      sum = next;
    }
    return sum;
  }

  // x^a (1−x)^b Γ(a+b) / (Γ(a) Γ(b)) for whole a and b of at least 1
  function betaKernel(x, a, b) {
    const n = a + b;
    const exponent =
      stirlingError(n) - stirlingError(a) - stirlingError(b) -
      deviance(a, n * x) - deviance(b, n * (1 - x));
    return Math.sqrt((a * b) / (2 * Math.PI * n)) * Math.exp(exponent);
  }

  // regularised incomplete beta function; the continued fraction by Lentz's method
  function betaCdf(x, a, b) {
    if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - betaCdf(1 - x, b, a);
    let c = 1;
    let d = 1 / (1 - ((a + b) * x) / (a + 1));
    let fraction = d;
    for (let m = 1; m < 10000; m++) {
      const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
      d = 1 / (1 + even * d);
      c = 1 + even / c;
      fraction *= d * c;
      const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
      d = 1 / (1 + odd * d);
      c = 1 + odd / c;
      fraction *= d * c;
      if (Math.abs(d * c - 1) < EPS) break;
    }
    return (betaKernel(x, a, b) * fraction) / a;
  }

  function betaQuantile(p, a, b) {
    let low = 0;
    let high = 1;
    let x = a / (a + b);
    for (let i = 0; i < 200; i++) {
      const off = betaCdf(x, a, b) - p;
      if (off < 0) low = x;
      else high = x;
      let next = x - (off * x * (1 - x)) / betaKernel(x, a, b);
      if (!(next > low && next < high)) next = (low + high) / 2;
      if (Math.abs(next - x) <= 2 * EPS * x) return next;
      x = next;
    }
    return x;
  }

  // Clopper–Pearson
  function binomialInterval(events, n, confidence) {
    const tail = (1 - confidence) / 2;
    return [
      events === 0 ? 0 : betaQuantile(tail, events, n - events + 1),
      // 1 − tail loses nothing here: the other tail of the mirrored distribution is taken
      events === n ? 1 : 1 - betaQuantile(tail, n - events, events + 1),
    ];
  }

  // Chances of least, least + 1, … by the ratio of each to the one before, from the mode on.
  function byRatios(least, most, ratio) {
    let mode = least;
    while (mode < most && ratio(mode) > 1) mode++;
    const weights = Array(most - least + 1).fill(1);
    for (let x = mode; x < most; x++) weights[x + 1 - least] = weights[x - least] * ratio(x);
    for (let x = mode; x > least; x--) weights[x - 1 - least] = weights[x - least] / ratio(x - 1);
    const total = weights.reduce((a, b) => a + b, 0);
    return weights.map((weight) => weight / total);
  }

  const binomial = (n, p) => byRatios(0, n, (x) => ((n - x) / (x + 1)) * (p / (1 - p)));

  // How many of the exposed have the outcome, given the margins of a 2×2 table.
  function hypergeometric(exposed, others, outcomes, oddsRatio = 1) {
    const least = Math.max(0, outcomes - others);
    const most = Math.min(exposed, outcomes);
    const ratio = (x) =>
      (oddsRatio * (exposed - x) * (outcomes - x)) / ((x + 1) * (others - outcomes + x + 1));
    return { least, chances: byRatios(least, most, ratio) };
  }

  const AS_LIKELY = 1 + 1e-7;

  // Fisher's exact test of [[a, b], [c, d]]; below: fewer than expected in a's cell's opposite, d
  function fisher(a, b, c, d) {
    const { least, chances } = hypergeometric(c + d, a + b, b + d);
    const limit = chances[d - least] * AS_LIKELY;
    const p = chances.reduce((sum, chance) => (chance <= limit ? sum + chance : sum), 0);
    // the conditional odds ratio is below 1 where the cell is below its mean
    return { p: Math.min(1, p), below: d * (a + b + c + d) < (c + d) * (b + d) };
  }

  // Power of Fisher's test against an odds ratio below 1.
  function fisherPower(exposed, others, outcomes, oddsRatio, alpha) {
    const { least, chances } = hypergeometric(exposed, others, outcomes);
    const shifted = hypergeometric(exposed, others, outcomes, oddsRatio).chances;
    const ranked = [...chances].sort((a, b) => a - b);
    const mean = (exposed * outcomes) / (exposed + others);
    let [power, p, next] = [0, 0, 0];
    // below the mean every table is more likely than the one before
    for (let i = 0; least + i < mean; i++) {
      while (ranked[next] <= chances[i] * AS_LIKELY) p += ranked[next++];
      if (p >= alpha * cart.data.power.at_level) break;
      power += shifted[i];
    }
    return power;
  }

  Object.assign(cart, {
    erfc, normalSf, normalQuantile, chi2Sf, betaCdf, betaQuantile, binomialInterval, binomial,
    hypergeometric, fisher, fisherPower,
  });
})((globalThis.cart ??= {}));
