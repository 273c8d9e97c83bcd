// The paper's claims, as far as they can be judged without a Cox model.
(function (cart) {
  "use strict";

  const clip = (x) => Math.min(1, Math.max(0, x));
  const zOf = (confidence) => cart.normalQuantile(0.5 + confidence / 2);

  function scoreZ(now, size, old, oldSize) {
    const pooled = (now * size + old * oldSize) / (size + oldSize);
    const variance = pooled * (1 - pooled) * (1 / size + 1 / oldSize);
    return variance > 0 ? Math.abs(now - old) / Math.sqrt(variance) : 0;
  }

  const consistencyP = (...samples) => 2 * cart.normalSf(scoreZ(...samples));

  // Krishnamoorthy and Peng: the roots of a quadratic
  function predicted(size, old, oldSize, confidence) {
    const spread = zOf(confidence) ** 2 * (1 / size + 1 / oldSize);
    const b = size / (size + oldSize);
    const a = old * (1 - b);
    const two = 1 + spread * b * b;
    const one = -(2 * old + spread * b * (1 - 2 * a));
    const root = Math.sqrt(Math.max(one * one - 4 * two * (old * old - spread * a * (1 - a)), 0));
    return [clip((-one - root) / (2 * two)), clip((-one + root) / (2 * two))];
  }

  function wilson(estimate, size, confidence) {
    const z2 = zOf(confidence) ** 2 / size;
    const half = Math.sqrt(z2 * estimate * (1 - estimate) + (z2 * z2) / 4);
    return [clip((estimate + z2 / 2 - half) / (1 + z2)), clip((estimate + z2 / 2 + half) / (1 + z2))];
  }

  function difference(now, size, old, oldSize, confidence) {
    const [nowLow, nowHigh] = wilson(now, size, confidence);
    const [oldLow, oldHigh] = wilson(old, oldSize, confidence);
    const between = now - old;
    return [
      between,
      between - Math.hypot(now - nowLow, oldHigh - old),
      between + Math.hypot(nowHigh - now, old - oldLow),
    ];
  }

  // Greenwood's variance read as that of a proportion without censoring
  function effectiveSize({ time, event }, day) {
    const order = time.map((_, i) => i).sort((i, j) => time[i] - time[j] || event[j] - event[i]);
    let survival = 1;
    let greenwood = 0;
    order.forEach((i, k) => {
      if (!event[i] || time[i] > day) return;
      const atRisk = order.length - k;
      survival *= 1 - 1 / atRisk;
      if (atRisk > 1) greenwood += 1 / (atRisk * (atRisk - 1));
    });
    if (survival > 0 && survival < 1) return (1 - survival) / (survival * greenwood);
    return time.filter((t, i) => (event[i] && t <= day) || t >= day).length;
  }

  // Chance of calling a cohort different whose true proportion is, over all outcomes of both.
  function powerOfDifference(size, old, oldSize, confidence) {
    const { gap, largest } = cart.data.power;
    const round = (x) => Number(cart.fixed(x, 0));
    const [m, n] = [round(Math.min(Math.max(size, 1), largest)), round(oldSize)];
    const papers = cart.binomial(n, old);
    const limit = zOf(confidence);
    return cart.binomial(m, old <= 0.5 ? old + gap : old - gap).reduce((power, chance, x) => {
      const differing = papers.filter((_, y) => scoreZ(x / m, m, y / n, n) > limit);
      return power + chance * differing.reduce((a, b) => a + b, 0);
    }, 0);
  }

  function compared(found, size, claim, confidence) {
    const { min_size: least, could_differ: enough, power: known, verdicts } = cart.data;
    if (size < least) {
      const why = `a comparison with the paper needs at least ${least} patients`;
      throw new cart.CannotCompute(why);
    }
    const { expected, expected_size: oldSize } = claim;
    const p = consistencyP(found.estimate, size, expected, oldSize);
    const [lower, upper] = predicted(size, expected, oldSize, confidence);
    const between = difference(found.estimate, size, expected, oldSize, confidence);
    const power = powerOfDifference(size, expected, oldSize, confidence);
    let verdict = power >= enough ? verdicts.consistent : verdicts.weak;
    let why = "";
    if (p < 1 - confidence) {
      verdict = verdicts.differs;
      why = `${found.estimate < expected ? "lower" : "higher"} than predicted`;
    } else if (verdict === verdicts.weak) {
      why =
        `a true difference of ${cart.fixed(100 * known.gap, 0)} points would have been missed in ` +
        `${cart.fixed(100 * (1 - power), 0)} of 100 such cohorts`;
    }
    return {
      p,
      power,
      verdict,
      why,
      found: found.estimate,
      found_lower: found.lower,
      found_upper: found.upper,
      expected,
      expected_lower: lower,
      expected_upper: upper,
      difference: between[0],
      difference_lower: between[1],
      difference_upper: between[2],
    };
  }

  const joined = (...reasons) => reasons.filter(Boolean).join("; ");

  function value(claim, own, unit, judged) {
    const { n, events, estimate, lower, upper } = own;
    const row = { n, events, estimate, lower, upper, ...judged, unit, test: "score" };
    const printed = (x) => cart.fixed(x * (claim.percent ? 100 : 1), claim.rounding);
    if (printed(estimate) === printed(claim.value)) {
      row.verdict = cart.data.verdicts.exact;
      row.why = "";
    }
    row.why = joined(row.why, own.note);
    return row;
  }

  function counted(claim, patients, confidence) {
    const { column, level, by, group } = claim;
    cart.requireColumns(patients, by ? [column, by] : [column]);
    const { [column]: values, [by]: groups } = patients.columns;
    const known = values.filter((v, i) => cart.isKnown(v) && (!by || groups[i] === group));
    if (!known.length) {
      throw new cart.CannotCompute(`no patient has ${claim.of} and a known ${claim.source}`);
    }
    const higher = [...new Set(known)].filter((v) => typeof level === "number" && v > level).sort();
    const note = higher.length
      ? `some patients had grade ${higher.join(" or ")}, which is not counted here`
      : "";
    const events = known.filter((v) => v === level).length;
    return { ...cart.proportion(claim.short, events, known.length, confidence), note };
  }

  function tooFewFollowed({ time, event }, day) {
    const followed = time.filter((t, i) => t > day || (t === day && !event[i])).length;
    const lost = time.filter((t, i) => t < day && !event[i]).length;
    return followed < cart.data.min_followed && lost > followed;
  }

  function onCurve(claim, patients, confidence) {
    const [one] = cart.kaplanMeier(patients, claim.endpoint, null, confidence);
    const found = cart.survivalAt(one.rows, claim.day);
    if (Number.isNaN(found.estimate)) throw new cart.CannotCompute(found.why);
    const data = cart.withEndpoint(patients, claim.endpoint);
    const day = cart.observedTime(data.time, claim.day);
    if (found.estimate > 0 && tooFewFollowed(data, day)) {
      throw new cart.CannotCompute(
        `fewer than ${cart.data.min_followed} patients were followed beyond day ` +
          `${cart.general(claim.day)}, and more were lost before`,
      );
    }
    const size = effectiveSize(data, day);
    const judged = compared(found, size, claim, confidence);
    if (claim.how === "survival") return value(claim, found, "fraction", judged);
    return value(claim, cart.medianOf(one), "days", judged);
  }

  function verdictOf(asClaimed, p, alpha) {
    const { supports, same, opposite, contradicts } = cart.data.verdicts;
    if (p < alpha) return asClaimed ? supports : contradicts;
    return asClaimed ? same : opposite;
  }

  function ordering(claim, patients, confidence) {
    cart.requireColumns(patients, [claim.exposure, "responder"]);
    const { responder, [claim.exposure]: exposed } = patients.columns;
    const count = (e, r) => exposed.filter((v, i) => v === e && responder[i] === r).length;
    const cells = [count("no", "no"), count("no", "yes"), count("yes", "no"), count("yes", "yes")];
    const [a, b, c, d] = cells;
    if (!(a + b) || !(c + d) || !(a + c) || !(b + d)) {
      const why = "a comparison needs at least two groups and two outcomes with patients";
      throw new cart.CannotCompute(why);
    }
    const { p, below } = cart.fisher(a, b, c, d);
    const { alpha, power: known, min_rival: least, verdicts } = cart.data;
    const moderate = 1 / known.odds_ratio;
    const power = cart.fisherPower(c + d, a + b, b + d, moderate, alpha);
    let verdict = verdictOf(below, p, alpha);
    let why = weighed(verdict, moderate, power, excludes(cells, moderate, confidence));
    const rates = cart.remission(patients, claim.by, confidence);
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
    return { n: a + b + c + d, events: b + d, p, power, unit: "", test: "Fisher", verdict, why };
  }

  // Whether the odds ratio's exact interval lies above a ratio: at it, so many are too unlikely.
  function excludes([a, b, c, d], ratio, confidence) {
    const { least, chances } = cart.hypergeometric(c + d, a + b, b + d, ratio);
    const tail = chances.slice(d - least).reduce((sum, chance) => sum + chance, 0);
    return tail < (1 - confidence) / 2;
  }

  function weighed(verdict, ratio, power, isExcluded) {
    const { supports, contradicts } = cart.data.verdicts;
    const moderate = `an odds ratio of ${cart.fixed(ratio, 1)}`;
    if (verdict === contradicts) return "";
    if (verdict === supports) {
      return isExcluded ? `smaller than moderate: the interval excludes ${moderate}` : "";
    }
    const ruledOut = isExcluded ? `the interval rules out ${moderate}` : "";
    return joined(`power for ${moderate} was ${cart.formatPower(power)}`, ruledOut);
  }

  function direction(claim, patients) {
    const { n, events, p, excess, few } = cart.logRank(patients, claim.endpoint, claim.exposure);
    const why = few
      ? "few patients or events: the command judges by permutation, and its p differs"
      : "";
    return { n, events, p, excess, unit: "", why, verdict: verdictOf(excess > 0, p, cart.data.alpha) };
  }

  function judge(claim, patients, confidence) {
    try {
      if (claim.how === "adjusted") {
        return { verdict: "with the command only", why: "needs a multivariable Cox model" };
      }
      if (claim.how === "ordering") return ordering(claim, patients, confidence);
      if (claim.how === "direction") return direction(claim, patients);
      if (claim.how !== "counted") return onCurve(claim, patients, confidence);
      const found = counted(claim, patients, confidence);
      return value(claim, found, "fraction", compared(found, found.n, claim, confidence));
    } catch (error) {
      if (!(error instanceof cart.CannotCompute)) throw error;
      return { verdict: cart.data.verdicts.not_assessed, why: error.message };
    }
  }

  // Holm's correction, among the values: the only family of which all are judged here
  function corrected(rows, confidence) {
    const tested = rows.filter((r) => r.family === "value" && r.p !== undefined);
    let highest = 0;
    [...tested].sort((a, b) => a.p - b.p).forEach((row, i) => {
      highest = Math.max(highest, Math.min(1, row.p * (tested.length - i)));
      row.p_holm = highest;
      if (row.verdict !== cart.data.verdicts.differs || highest < 1 - confidence) return;
      row.why += `; does not survive Holm's correction for ${tested.length} claims`;
    });
    return rows;
  }

  function judgeClaims(patients, confidence) {
    const rows = cart.data.claims.map((c) => ({ ...c, ...judge(c, patients, confidence) }));
    return corrected(rows, confidence);
  }

  Object.assign(cart, {
    consistencyP, predicted, wilson, difference, effectiveSize, powerOfDifference, judgeClaims,
  });
})((globalThis.cart ??= {}));
