// The page: a file in, results out; everything stays in this browser.
(function (cart) {
  "use strict";

  if (typeof document === "undefined") return; // loaded by a test without a page

  const { el, table } = cart;
  const VIEW = { by: "", cutoff: null };
  let given = null; // {name, command, checked}
  let newest = null; // a large file may take longer than the one chosen after it

  const text = (value, unit) => cart.formatValue(value, unit);
  const interval = (row, unit) => cart.formatInterval(row.lower, row.upper, unit);
  const plural = (n, word) => `${cart.whole(n)} ${word}${n === 1 ? "" : "s"}`;
  const upper = (words) => words[0].toUpperCase() + words.slice(1);
  const percent = () => `${100 * cart.data.confidence} %`;

  function orWhy(compute) {
    try {
      return compute();
    } catch (error) {
      if (!(error instanceof cart.CannotCompute)) throw error;
      return el("p", { class: "cart-missing" }, upper(`${error.message.replaceAll("`", "")}.`));
    }
  }

  // --- the file

  function quoted(name) {
    const safe = name.startsWith("-") ? `./${name}` : name;
    return /^[\w./-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
  }

  async function take(file) {
    newest = file;
    say(`Reading ${file.name} …`);
    const { limits, endings } = cart.data;
    const isText = endings.some((ending) => file.name.toLowerCase().endsWith(ending));
    if (!isText || file.size > limits.bytes) {
      const what = `this page reads ${endings.join(", ")} of at most ${limits.bytes / 2 ** 20} MB`;
      return refuse(file.name, what, "Save one table as CSV, with a row per patient");
    }
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      if (file === newest) open(file.name, cart.check(bytes));
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      refuse(file.name, `the file cannot be read (${error.name})`, "Check that you may read it");
    }
  }

  const refuse = (name, what, remedy) => open(name, { problems: [cart.problem(what, remedy)], notes: [] });

  function open(name, checked, command) {
    given = { name, checked, command: command ?? `cartanalysis publish ${quoted(name)} --out my-site` };
    VIEW.by = "";
    VIEW.cutoff = null;
    showChecks();
    const { problems, n } = checked;
    if (!problems.length) {
      results.hidden = false;
      by.value = "";
      cutoff.value = "";
      const gone = [...by.options].slice(1).map((o) => [o, cart.data.derived[o.value]?.from ?? o.value]);
      for (const [option, source] of gone) {
        option.disabled = !(checked.columns[source] ?? []).some(cart.isKnown);
      }
      showResults();
      say(`${name}: ${plural(n, "patient")}, no problem found. The results are below.`);
    } else {
      results.hidden = true;
      say(`${name}: ${plural(problems.length, "problem")} found. Nothing was computed.`);
    }
  }

  const say = (words) => (status.textContent = words);

  function showChecks() {
    const { problems, notes } = given.checked;
    const { told: most } = cart.data.limits;
    const or = (value) => (value === null ? "–" : value);
    const told = problems.slice(0, most).map((p) => [
      or(p.row), or(p.column), p.value === null ? "–" : cart.shown(String(p.value)), upper(p.what), p.remedy,
    ]);
    const rest = problems.length - told.length;
    const heads = ["Row", "Column", "Value", "What is wrong", "What to do"];
    checks.replaceChildren(
      el("h2", {}, "Checks"),
      problems.length
        ? table("Problems found; rows count from the header, which is row 1", heads, told)
        : el("p", {}, "The file follows every rule of the table."),
      rest > 0 ? el("p", {}, `… and ${cart.whole(rest)} more problems.`) : "",
      problems.length ? el("p", {}, "The command reads more kinds of files and cells, and says more:") : "",
      problems.length ? command(`cartanalysis validate ${quoted(given.name)}`) : "",
      ...(notes.length ? [el("p", {}, "Handled while reading:"), el("ul", {}, ...notes.map((n) => el("li", {}, n)))] : []),
    );
  }

  // --- results

  function showResults() {
    const patients = cart.derive(given.checked, VIEW.cutoff);
    const grouping = VIEW.by || null;
    // the cut-off matters to its own groups and to two claims, so its field is always there
    hint.textContent =
      patients.cutoff === null
        ? "This cohort has no regulatory T cells."
        : `High is above ${cart.general(patients.cutoff)} % of CD4⁺ T cells` +
          (VIEW.cutoff === null ? ", the median of this cohort." : ".");
    shown.replaceChildren(
      ...Object.keys(cart.data.endpoints).flatMap((key) => survival(patients, key, grouping)),
      el("h2", {}, "Remission"),
      orWhy(() => remission(patients, grouping)),
      el("h2", {}, "The paper's claims"),
      claims(patients),
      el("h2", {}, "The whole book about this cohort"),
      el(
        "p",
        {},
        "Hazard ratios, adjusted models, power, proportional hazards and every figure come with the " +
          "command, which runs on your machine as well and hides small counts:",
      ),
      command(given.command + (VIEW.cutoff === null ? "" : ` -p treg_cutoff=${VIEW.cutoff}`)),
    );
  }

  const command = (line) => el("pre", { tabindex: "0", "aria-label": "Command" }, el("code", {}, line));

  function survival(patients, key, grouping) {
    const end = cart.data.endpoints[key];
    const heading = el("h2", {}, upper(end.name));
    const body = orWhy(() => {
      const curves = cart.kaplanMeier(patients, key, grouping);
      const medians = curves.map(cart.medianOf);
      const label = `${upper(end.name)}${grouping ? ` by ${cart.data.groupings[grouping]}` : ""}`;
      const rows = medians.map((m) => [
        m.group,
        String(m.n),
        String(m.events),
        text(m.estimate, "days"),
        interval(m, "days"),
        ...oneYear(curves.find((c) => c.group === m.group).rows),
      ]);
      const says = rows
        .map(([g, n, e, m, ci, year]) => `${g}: ${e} events in ${n} patients, median ${m} (${ci}), at 1 year ${year}.`)
        .join(" ");
      const times = cart.ticks(Math.max(...curves.map((c) => c.rows[c.rows.length - 1].time)));
      const counts = curves.map((c) => [c.group, ...times.map((t) => String(cart.stillObserved(c.rows, t)))]);
      const heads = ["Group", "Patients", "Events", "Median", `${percent()} interval`, "At 1 year", `${percent()} interval`];
      const picture = cart.plot(curves, { ...end, state: `patients ${end.state}`, id: `try-${key}`, label, says });
      return el(
        "div",
        {},
        el("figure", { class: "try-card" }, cart.legend(curves.map((c) => c.group)), picture),
        table(`${label}: number at risk, by days since ${end.origin}`, ["Group", ...times.map((t) => cart.general(t))], counts),
        table(`${label}: medians and survival at 1 year`, heads, rows),
        ...(grouping ? [logRank(patients, key, grouping)] : []),
      );
    });
    return [heading, body];
  }

  function oneYear(rows) {
    const at = cart.survivalAt(rows, cart.data.one_year);
    return at.why ? [`– (${at.why})`, "–"] : [text(at.estimate, "fraction"), interval(at, "fraction")];
  }

  function logRank(patients, key, grouping) {
    return orWhy(() => {
      const { group, estimate, df, p, few } = cart.logRank(patients, key, grouping);
      const waits = "Groups formed by the response are known only later: comparing them from infusion favours responders.";
      const degrees = plural(df, "degree");
      const permutes = few ? " Few patients or events: the command compares by permutation, and its p differs." : "";
      const words = `Log-rank test, ${group}: χ² ${text(estimate, "statistic")}, ${degrees} of freedom, ${text(p, "p")}.${permutes}`;
      return el("p", {}, grouping === "response" ? `${words} ${waits}` : words);
    });
  }

  function remission(patients, grouping) {
    const all = cart.remission(patients, null);
    const rows = (list) =>
      list.map((r) => [r.group, `${r.events} of ${r.n}`, text(r.estimate, "fraction"), interval(r, "fraction")]);
    const heads = ["Group", "In remission", "Rate", `${percent()} interval (Clopper–Pearson)`];
    const overall = table("Remission (CR or CRi)", heads, rows(all));
    // by response there is nothing to compare
    if (!grouping || grouping === "response") return overall;
    const label = `Remission by ${cart.data.groupings[grouping]}`;
    const byGroup = orWhy(() => table(label, heads, rows(cart.remission(patients, grouping))));
    return el("div", {}, overall, byGroup);
  }

  function claims(patients) {
    const points = (x) => {
      const size = cart.rounded(100 * x, 1, 0);
      return size.startsWith("-") ? size.replace("-", "−") : `+${size}`;
    };
    const judged = cart.judgeClaims(patients);
    const p = (c) => (c.p === undefined ? "–" : text(c.p, "p"));
    const verdict = (c) => (c.why ? `${c.verdict} (${c.why.replaceAll("`", "")})` : c.verdict);
    const values = judged.filter((c) => c.family === "value").map((c) => {
      if (c.expected === undefined || c.p === undefined) return [c.short, c.published, "–", "–", "–", "–", verdict(c)];
      return [
        c.short,
        c.published,
        `${text(c.estimate, c.unit)} (${interval(c, c.unit)})`,
        `${c.judged}: ${cart.formatInterval(c.expected_lower, c.expected_upper, "fraction")}`,
        `${points(c.difference)} (${points(c.difference_lower)} to ${points(c.difference_upper)})`,
        p(c),
        verdict(c),
      ];
    });
    const others = judged.filter((c) => c.family !== "value");
    const heads = ["Claim", "In the paper", "This cohort", "Predicted range", "Difference, percentage points", "p", "Verdict"];
    const tests = "Published directions, by the log-rank test (remission: Fisher's exact test)";
    return el(
      "div",
      {},
      table("Published values and this cohort", heads, values),
      table(tests, ["Claim", "In the paper", "p", "Verdict"], others.map((c) => [c.short, c.published, p(c), verdict(c)])),
    );
  }

  // --- the controls

  const status = el("p", { role: "status", class: "try-status" });
  const checks = el("section", {});
  const shown = el("div", {});
  const file = el("input", { type: "file", id: "try-file", accept: ".csv,.tsv,.txt,text/csv" });
  const by = el(
    "select",
    { id: "try-by" },
    el("option", { value: "" }, "all patients together"),
    ...Object.entries(cart.data.groupings).map(([value, label]) => el("option", { value }, label)),
  );
  const cutoff = el("input", { id: "try-cutoff", type: "number", min: 0, max: 100, step: "any", "aria-describedby": "try-hint" });
  const hint = el("p", { id: "try-hint", class: "try-hint" });
  const results = el(
    "section",
    { hidden: "" },
    el(
      "div",
      { class: "try-choices" },
      el("p", {}, el("label", { for: "try-by" }, "Compare by"), by),
      el("p", {}, el("label", { for: "try-cutoff" }, "Cut-off for high Tregs, % (empty: median)"), cutoff),
      hint,
    ),
    shown,
  );
  const drop = el(
    "div",
    { class: "try-drop" },
    el("p", {}, el("label", { for: "try-file" }, "Drop a CSV file here, or choose one: "), file),
    el(
      "p",
      {},
      "Or look at an example: ",
      ...cart.data.examples.map(({ name, label, csv, command: line }) => {
        const button = el("button", { type: "button" }, `${name}: ${label}`);
        button.addEventListener("click", () => {
          file.value = "";
          newest = null;
          open(name, cart.check(new TextEncoder().encode(csv)), line);
        });
        return button;
      }),
    ),
  );

  file.addEventListener("change", () => file.files.length && take(file.files[0]));
  by.addEventListener("change", () => {
    VIEW.by = by.value;
    showResults();
    say(`Results ${VIEW.by ? `by ${cart.data.groupings[VIEW.by]}` : "of all patients together"} are below.`);
  });
  cutoff.addEventListener("change", () => {
    const known = cutoff.value === "" || cutoff.checkValidity();
    if (known && cutoff.validity.badInput === false) {
      VIEW.cutoff = cutoff.value === "" ? null : Number(cutoff.value);
      showResults();
      say(hint.textContent);
    } else say("The cut-off is a percentage from 0 to 100.");
  });
  for (const kind of ["dragover", "drop"]) {
    // beside the field as well: a file that misses it must not replace the page
    document.addEventListener(kind, (event) => event.preventDefault());
  }
  document.addEventListener("dragover", () => drop.classList.add("try-over"));
  document.addEventListener("dragleave", () => drop.classList.remove("try-over"));
  document.addEventListener("drop", (event) => {
    drop.classList.remove("try-over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
  });

  document.getElementById("cart-try").replaceChildren(drop, status, checks, results);
})((globalThis.cart ??= {}));
