// The paper's claims, as far as they can be judged without a Cox model.
(function (cart) {
  "use strict";

  const clip = (x) => Math.min(1, Math.max(0, x));
  const zOf = (confidence) => cart.normalQuantile(0.5 + confidence / 2);

  function consistencyP(now, size, old, oldSize) {
    const pooled = (now * size + old * oldSize) / (size + oldSize);
    const variance = pooled * (1 - pooled) * (1 / size + 1 / oldSize);
    return 2 * cart.normalSf(variance > 0 ? Math.abs(now - old) / Math.sqrt(variance) : 0);
  }

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

  function compared(found, size, claim, confidence) {
    const { min_size: least, verdicts } = cart.data;
    if (size < least) {
      const why = `a comparison with the paper needs at least ${least} patients`;
      throw new cart.CannotCompute(why);
    }
    const { expected, expected_size: oldSize } = claim;
    const p = consistencyP(found.estimate, size, expected, oldSize);
    const [lower, upper] = predicted(size, expected, oldSize, confidence);
    const between = difference(found.estimate, size, expected, oldSize, confidence);
    const differs = p < 1 - confidence;
    const side = found.estimate < expected ? "lower" : "higher";
    return {
      p,
      found: found.estimate,
      found_lower: found.lower,
      found_upper: found.upper,
      expected,
      expected_lower: lower,
      expected_upper: upper,
      difference: between[0],
      difference_lower: between[1],
      difference_upper: between[2],
      verdict: differs ? verdicts.differs : verdicts.consistent,
      why: differs ? `${side} than predicted` : "",
    };
  }

  function value(claim, own, unit, judged) {
    const { n, events, estimate, lower, upper } = own;
    const row = { n, events, estimate, lower, upper, ...judged, unit };
    const printed = (x) => cart.fixed(x * (claim.percent ? 100 : 1), claim.rounding);
    if (printed(estimate) === printed(claim.value)) {
      row.verdict = cart.data.verdicts.exact;
      row.why = "";
    }
    return row;
  }

  function counted(claim, patients, confidence) {
    if (claim.id === "orr") return cart.remission(patients, null, confidence)[0];
    if (claim.id === "ae_grade4") {
      cart.requireColumns(patients, ["ae_grade_max"]);
      const grades = patients.columns.ae_grade_max.filter(cart.isKnown);
      const four = grades.filter((grade) => grade === 4).length;
      return cart.proportion("grade 4", four, grades.length, confidence);
    }
    const other = cart.remission(patients, "emd", confidence).find((row) => row.group === "other");
    if (other) return other;
    throw new cart.CannotCompute("no patient has EMD other than CNS and a known response");
  }

  function onCurve(claim, patients, confidence) {
    const [one] = cart.kaplanMeier(patients, claim.endpoint, null, confidence);
    const found = cart.survivalAt(one.rows, claim.day);
    if (Number.isNaN(found.estimate)) throw new cart.CannotCompute(found.why);
    const size = effectiveSize(cart.withEndpoint(patients, claim.endpoint), claim.day);
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
    const [a, b, c, d] = [count("no", "no"), count("no", "yes"), count("yes", "no"), count("yes", "yes")];
    if (!(a + b) || !(c + d) || !(a + c) || !(b + d)) {
      const why = "a comparison needs at least two groups and two outcomes with patients";
      throw new cart.CannotCompute(why);
    }
    const { p, below } = cart.fisher(a, b, c, d);
    const rates = cart.remission(patients, "emd", confidence);
    const other = rates.find((r) => r.group === "other");
    const lowest = rates.every((r) => r === other || r.estimate > other.estimate);
    const row = { n: a + b + c + d, events: b + d, p, unit: "", why: "" };
    if (below && !lowest) {
      const why = "another group has as few remissions or fewer";
      return { ...row, verdict: cart.data.verdicts.same, why };
    }
    return { ...row, verdict: verdictOf(below, p, cart.data.alpha) };
  }

  function direction(claim, patients) {
    const { n, events, p, excess } = cart.logRank(patients, claim.endpoint, claim.exposure);
    return { n, events, p, excess, unit: "", why: "", verdict: verdictOf(excess > 0, p, claim.alpha) };
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

  Object.assign(cart, { consistencyP, predicted, wilson, difference, effectiveSize, judgeClaims });
})((globalThis.cart ??= {}));
