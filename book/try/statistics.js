// Survival and remission of a checked cohort: the package's results, row for row.
(function (cart) {
  "use strict";

  class CannotCompute extends Error {}

  const isKnown = (value) => value !== null && value !== undefined;

  function requireColumns(patients, names) {
    const { fields, derived } = cart.data;
    const absent = new Set();
    for (const name of names) {
      if (!(patients.columns[name] ?? []).some(isKnown)) absent.add(derived[name]?.from ?? name);
    }
    if (!absent.size) return;
    const listed = fields.map((f) => f.name).filter((n) => absent.has(n)).map((n) => `\`${n}\``);
    const last = listed.pop();
    const text = listed.length ? `columns ${listed.join(", ")} and ${last}` : `column ${last}`;
    throw new CannotCompute(`this cohort has no values in the ${text}`);
  }

  function median(values) {
    const sorted = [...values].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  // Adds the columns that follow from others; the Treg cut-off is the median if null.
  function derive(patients, cutoff) {
    const columns = { ...patients.columns };
    const levels = { ...patients.levels };
    let used = null;
    for (const [name, rule] of Object.entries(cart.data.derived)) {
      const source = columns[rule.from];
      if (!source) continue;
      levels[name] = rule.levels;
      if (rule.map) {
        columns[name] = source.map((v) => (isKnown(v) ? rule.map[v] : null));
        continue;
      }
      const known = source.filter(isKnown);
      used = cutoff ?? (known.length ? median(known) : null);
      columns[name] = source.map((v) => (isKnown(v) ? rule.levels[v > used ? 1 : 0] : null));
    }
    return { ...patients, columns, levels, cutoff: used };
  }

  // Levels that occur, the reference first; labels in order.
  function levelsOf(values, known) {
    const there = new Set(values.filter(isKnown));
    return known ? known.filter((level) => there.has(level)) : cart.inOrder([...there]);
  }

  function withEndpoint(patients, key, by) {
    const end = cart.data.endpoints[key];
    const names = [end.days, end.event, ...(by ? [by] : [])];
    requireColumns(patients, names);
    const [days, events, groups] = names.map((name) => patients.columns[name]);
    const time = [];
    const event = [];
    const group = [];
    days.forEach((day, i) => {
      if (!isKnown(day) || !isKnown(events[i]) || (by && !isKnown(groups[i]))) return;
      time.push(day);
      event.push(events[i] === 1);
      group.push(by ? groups[i] : cart.data.all);
    });
    if (!time.length) {
      throw new CannotCompute(`no patient has ${end.name}${by ? ` and \`${by}\`` : ""} on record`);
    }
    if (time.every((t) => t === 0)) throw new CannotCompute(`every time in \`${end.days}\` is 0`);
    const names_ = by ? levelsOf(group, patients.levels[by]) : [cart.data.all];
    return { time, event, group, groups: names_ };
  }

  // --- Kaplan–Meier

  function curve(time, event, confidence) {
    const z = cart.normalQuantile(0.5 + confidence / 2);
    const order = time.map((_, i) => i).sort((a, b) => time[a] - time[b]);
    const rows = [];
    let atRisk = time.length;
    let survival = 1;
    let sum = 0; // Greenwood
    let i = 0;
    for (const start = time[order[0]] > 0 ? [0] : []; i < order.length || start.length; ) {
      const now = start.length ? start.pop() : time[order[i]];
      let events = 0;
      let censored = 0;
      for (; i < order.length && time[order[i]] === now; i++) {
        if (event[order[i]]) events++;
        else censored++;
      }
      survival *= 1 - events / atRisk;
      sum += events / (atRisk * (atRisk - events));
      const row = { time: now, at_risk: atRisk, events, censored, estimate: survival };
      const open = survival <= 0 || survival >= 1;
      const half = open ? NaN : (z * Math.sqrt(sum)) / Math.log(survival);
      row.lower = survival ** Math.exp(-half);
      row.upper = survival ** Math.exp(half);
      rows.push(row);
      atRisk -= events + censored;
    }
    return rows;
  }

  function kaplanMeier(patients, key, by, confidence) {
    const data = withEndpoint(patients, key, by);
    return data.groups.map((name) => {
      const mine = data.group.map((g) => g === name);
      const pick = (values) => values.filter((_, i) => mine[i]);
      return { group: name, rows: curve(pick(data.time), pick(data.event), confidence) };
    });
  }

  const stillObserved = (rows, time) => rows.find((r) => r.time >= time)?.at_risk ?? 0;

  const total = (rows, what) => rows.reduce((sum, r) => sum + r[what], 0);

  function survivalAt(rows, time) {
    const before = rows.filter((r) => r.time <= time);
    const last = rows[rows.length - 1];
    const known = time <= last.time || last.estimate === 0;
    const { estimate, lower, upper } = known ? before[before.length - 1] : {};
    return {
      n: rows[0].at_risk,
      events: total(before, "events"),
      at_risk: stillObserved(rows, time),
      estimate: estimate ?? NaN,
      lower: lower ?? NaN,
      upper: upper ?? NaN,
      why: known
        ? ""
        : `follow-up ends at day ${cart.general(last.time)}, before day ${cart.general(time)}`,
    };
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

  function medianOf({ group, rows }) {
    const points = rows.filter((r) => r.events > 0 || r.censored > 0);
    const [estimate, lower, upper] = ["estimate", "lower", "upper"].map((w) => crossing(points, w));
    return { group, n: rows[0].at_risk, events: total(rows, "events"), estimate, lower, upper };
  }

  // --- log-rank

  function byEventTime(data, names) {
    const place = new Map(names.map((name, i) => [name, i]));
    const order = data.time.map((_, i) => i).sort((a, b) => data.time[a] - data.time[b]);
    const atRisk = names.map(() => 0);
    data.group.forEach((g) => atRisk[place.get(g)]++);
    const times = [];
    for (let i = 0; i < order.length; ) {
      const now = data.time[order[i]];
      const deaths = names.map(() => 0);
      const before = [...atRisk];
      for (; i < order.length && data.time[order[i]] === now; i++) {
        const g = place.get(data.group[order[i]]);
        atRisk[g]--;
        if (data.event[order[i]]) deaths[g]++;
      }
      const d = deaths.reduce((a, b) => a + b, 0);
      if (d) times.push({ deaths, atRisk: before, d, n: before.reduce((a, b) => a + b, 0) });
    }
    return times;
  }

  // Gaussian elimination with pivots; matrix and right side are changed
  function solve(matrix, right) {
    const n = right.length;
    for (let k = 0; k < n; k++) {
      let pivot = k;
      for (let i = k + 1; i < n; i++) {
        if (Math.abs(matrix[i][k]) > Math.abs(matrix[pivot][k])) pivot = i;
      }
      [matrix[k], matrix[pivot]] = [matrix[pivot], matrix[k]];
      [right[k], right[pivot]] = [right[pivot], right[k]];
      for (let i = k + 1; i < n; i++) {
        const factor = matrix[i][k] / matrix[k][k];
        for (let j = k; j < n; j++) matrix[i][j] -= factor * matrix[k][j];
        right[i] -= factor * right[k];
      }
    }
    for (let k = n - 1; k >= 0; k--) {
      for (let j = k + 1; j < n; j++) right[k] -= matrix[k][j] * right[j];
      right[k] /= matrix[k][k];
    }
    return right;
  }

  function logRank(patients, key, by) {
    const data = withEndpoint(patients, key, by);
    const { name } = cart.data.endpoints[key];
    if (data.groups.length < 2) {
      throw new CannotCompute(`all patients with ${name} are in one group of \`${by}\``);
    }
    const events = data.event.filter(Boolean).length;
    if (!events) {
      throw new CannotCompute(`no event of ${name} occurred, so groups cannot be compared`);
    }
    // a group that is never at risk beside others would make the covariance singular
    const telling = byEventTime(data, data.groups).filter(
      (t) => t.d < t.n && t.atRisk.filter((n) => n > 0).length > 1,
    );
    const kept = data.groups.filter((_, g) => telling.some((t) => t.atRisk[g] > 0));
    const df = kept.length - 1;
    if (df < 1) {
      throw new CannotCompute(
        `the groups of \`${by}\` cannot be compared for ${name}: at every event time only one ` +
          "of them is at risk, or everybody has the event",
      );
    }
    const mine = data.group.map((g) => kept.includes(g));
    const pick = (values) => values.filter((_, i) => mine[i]);
    const compared = { time: pick(data.time), event: pick(data.event), group: pick(data.group) };
    const excess = kept.map(() => 0);
    const variance = kept.map(() => kept.map(() => 0));
    for (const t of byEventTime(compared, kept)) {
      const spread = t.n > 1 ? (t.d * (t.n - t.d)) / (t.n - 1) : 0;
      kept.forEach((_, g) => {
        const share = t.atRisk[g] / t.n;
        excess[g] += t.deaths[g] - t.d * share;
        kept.forEach((__, h) => {
          variance[g][h] += spread * share * ((g === h ? 1 : 0) - t.atRisk[h] / t.n);
        });
      });
    }
    const weights = solve(
      variance.slice(0, df).map((row) => row.slice(0, df)),
      excess.slice(0, df),
    );
    const statistic = weights.reduce((sum, w, g) => sum + w * excess[g], 0);
    return {
      group: data.groups.join(" vs "),
      n: data.time.length,
      events,
      estimate: statistic,
      df,
      p: cart.chi2Sf(Math.max(statistic, 0), df),
      excess: excess[kept.indexOf(data.groups[data.groups.length - 1])] ?? NaN,
    };
  }

  // --- proportions

  function proportion(group, events, n, confidence) {
    const [lower, upper] = cart.binomialInterval(events, n, confidence);
    return { group, n, events, estimate: events / n, lower, upper };
  }

  function remission(patients, by, confidence) {
    requireColumns(patients, ["responder", ...(by ? [by] : [])]);
    const { responder } = patients.columns;
    const known = responder.map((_, i) => i).filter((i) => isKnown(responder[i]));
    const groupOf = (i) => (by ? patients.columns[by][i] : cart.data.all);
    const names = by ? levelsOf(known.map(groupOf), patients.levels[by]) : [cart.data.all];
    return names.map((name) => {
      const mine = known.filter((i) => groupOf(i) === name);
      const events = mine.filter((i) => responder[i] === "yes").length;
      return proportion(name, events, mine.length, confidence);
    });
  }

  Object.assign(cart, {
    CannotCompute, isKnown, median, requireColumns, derive, levelsOf, withEndpoint, kaplanMeier,
    stillObserved, survivalAt, medianOf, logRank, proportion, remission,
  });
})((globalThis.cart ??= {}));
