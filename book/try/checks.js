// From text cells to a checked cohort: privacy, header, cells, and the rules across columns.
(function (cart) {
  "use strict";

  const { problem, isKnown, shown, general, strip, regexp } = cart;

  const casefold = (text) => text.toUpperCase().toLowerCase().replace(/ς/g, "σ");
  const inWords = (text) => strip(casefold(text).replace(cart.BLANKS, " "));
  const is = (name, text) => regexp(cart.data.patterns[name]).test(text);
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  const isMissing = (text) => cart.data.missing.includes(fold(text));

  // without what a reader cannot see, such as signs that turn the direction of text
  function visible(text) {
    text = text.replace(regexp(cart.data.patterns.unseen), "");
    if (cart.isPrintable(text)) return text;
    const blank = new RegExp(cart.BLANKS.source.replace(/\+$/, ""), "g");
    return strip(text.replace(blank, " ").replace(/\p{C}/gu, ""));
  }

  // so that case, width, blanks, kinds of hyphen and the unseen no longer count
  function fold(text) {
    const plain = text.normalize("NFKC").replace(regexp(cart.data.patterns.hyphens), "-");
    return inWords(visible(plain.normalize("NFKC"))).normalize("NFKC");
  }

  // Cyrillic and Greek letters as those of our alphabet that look the same
  const look = (text) =>
    [...text.normalize("NFKC")].map((c) => cart.data.look_alikes[c] ?? c).join("");

  // groups as a reader would sort them: numbers by number, ordered words by order, else by text
  function inOrder(labels) {
    const { scales, roman, step, plain, number, below, above } = cart.data.order;
    const words = labels.map((label) => fold(label).replaceAll("very ", "very-").split(" "));
    const isShared = (w) => words.length > 1 && words.every((found) => found.includes(w));
    const rest = words.map((found) => found.filter((w) => !isShared(w)).join(" "));
    const byKey = (keys) => {
      const order = labels.map((_, i) => i);
      order.sort((i, j) => {
        const at = keys[i].findIndex((part, k) => k >= keys[j].length || part !== keys[j][k]);
        if (at < 0) return keys[i].length - keys[j].length;
        return at >= keys[j].length ? 1 : compare(keys[i][at], keys[j][at]);
      });
      return order.map((i) => labels[i]);
    };
    const scale = scales.find((ranks) => rest.every((word) => Object.hasOwn(ranks, word)));
    if (scale) return byKey(rest.map((word, i) => [scale[word], labels[i]]));
    if (labels.every((label) => regexp(plain).test(label))) {
      return byKey(labels.map((label) => [Number(label)]));
    }
    const steps = rest.map((word) => regexp(step).exec(word));
    if (steps.every((found) => found && roman.includes(found[1]))) {
      return byKey(steps.map((found) => [roman.indexOf(found[1]), found[2]]));
    }
    const side = (label) => (regexp(below).test(label) ? -1 : regexp(above).test(label) ? 1 : 0);
    const key = (label) => {
      const bare = side(label) ? label.replace(regexp(below), "").replace(regexp(above), "") : label;
      const parts = bare.split(regexp(number));
      if (parts.length % 2) parts.push("");
      return parts.flatMap((part, i) => (i % 2 ? [Number(part || -1), side(label)] : [part]));
    };
    return byKey(labels.map(key));
  }

  // --- privacy

  function identifying({ columns, cells, labels }) {
    return columns.flatMap((column) => {
      const why = whyIdentifying(column, cells[column], labels[column]);
      if (!why) return [];
      const remedy =
        column === "patient_id"
          ? "Number the patients anew: “renumber: yes” in a mapping file does it"
          : "Remove the column from the file, or list it under “drop” in a mapping file " +
            "(“cartanalysis map” writes one); under “keep” if it identifies nobody";
      return [problem(`the column identifies people: ${why}`, remedy, null, column)];
    });
  }

  function whyIdentifying(column, cells, label) {
    const { values, sample, share, strict, serial, measurement } = cart.data.privacy;
    const { date_name: dateName, measured_name: measuredName } = cart.data.privacy;
    const { long_name: longName, nearly_all: nearlyAll } = cart.data.privacy;
    const spec = cart.data.fields.find((f) => f.name === column);
    const named = !spec && !onlyAnswers(cells) && (byName(column, "name") || byName(label, "label"));
    if (named) return named;
    const clean = (text) => (text.includes("\n") ? text : visible(text));
    const filled = cells.filter((c) => !isMissing(c)).map(clean).slice(0, sample);
    const enough = share * filled.length;
    const count = (test) => filled.filter(test).length;
    if (!filled.length) return "";
    if (!spec && regexp(dateName).test(words(column))) {
      if (count((c) => regexp(serial).test(c)) >= enough) {
        return "its name and values look like calendar dates (a spreadsheet's serial numbers)";
      }
    }
    const isShown = strict.includes(column);
    const name = words(column);
    const isMeasured = regexp(measuredName).test(name) && !regexp(dateName).test(name);
    for (const kind of values) {
      if (hasOwnChecks(kind, spec) || (kind.longer && regexp(longName).test(name))) continue;
      let found = filled.filter((c) => holds(kind, c));
      if (kind.person) found = found.filter((c) => !isInstitution(c));
      if (isMeasured && kind.numeric) found = found.filter((c) => !matches(measurement, c));
      const isRepeated = kind.different && new Set(found).size < nearlyAll * found.length;
      if (!found.length || (isRepeated && !isShown)) continue;
      if (kind.any || (isShown && kind.shown) || found.length >= enough) {
        return `${found.length} of ${filled.length} filled cells look like ${kind.kind}`;
      }
    }
    if (isShown && allPersons(filled)) return "its groups look like names of people";
    const { remark } = cart.data.privacy;
    const isRemark = (c) =>
      strip(c).split(cart.BLANKS).length >= remark.words && regexp(remark).test(words(c));
    return isShown && filled.some(isRemark) ? "its groups look like remarks on patients" : "";
  }

  // known and unknown in mrn_status, for example
  function onlyAnswers(cells) {
    const told = cells.filter((c) => !isMissing(c)).map(fold);
    const different = new Set(told);
    const { answers } = cart.data.privacy;
    return different.size < told.length && [...different].every((text) => answers.includes(text));
  }

  const isInstitution = (text) => regexp(cart.data.privacy.institution).test(words(text));

  function hasOwnChecks(kind, spec) {
    if (!spec || spec.kind === "label") return Boolean(spec && kind.longer);
    return kind.free || (kind.freeButId && spec.kind !== "id");
  }

  // patientLastName and PATIENT_LAST_NAME alike
  function words(text) {
    const split = text.normalize("NFKC").replace(/([a-z])(?=[A-Z])/g, "$1 ").toLowerCase();
    return ` ${split.replace(/[^\p{L}\p{N}]+/gu, " ").trim()} `;
  }

  function byName(text, where) {
    const hit = cart.data.privacy.names.find((pattern) => regexp(pattern).test(words(text)));
    return hit ? `by its ${where} it holds ${hit.kind}` : "";
  }

  function holds(kind, cell) {
    if (kind.longer) return [...cell].length > kind.longer || cell.includes("\n");
    return kind.patterns.some((pattern) => matches(pattern, cell));
  }

  function matches(pattern, text) {
    const { digits = 0, multiples, letters, unless = [] } = pattern;
    const found = regexp(pattern).exec(text);
    if (!found) return false;
    const parts = found.slice(1).filter(Boolean);
    return (
      (text.match(/\p{Nd}/gu) ?? []).length >= digits &&
      (!multiples || parts.every((part) => part % multiples === 0)) &&
      (letters !== "capitalised" || parts.every(isCapitalised)) &&
      (letters !== "capitals" || parts.every(isUpper)) &&
      !unless.some((other) => matches(other, text))
    );
  }

  const isCapitalised = (word) =>
    /^\p{Uppercase}(?=.*\p{Lowercase})[^\p{Uppercase}\p{Lt}]+$/u.test(word);

  const isUpper = (word) => /\p{Uppercase}/u.test(word) && !/[\p{Lowercase}\p{Lt}]/u.test(word);

  // as Python's istitle, for letters only
  const isTitle = (word) =>
    /^(?=\p{L}+$).*\p{Cased}/u.test(word) &&
    !/(?<=\p{Cased})[\p{Uppercase}\p{Lt}]|(?<!\p{Cased})\p{Lowercase}/u.test(word);

  const isName = (word) =>
    isTitle(word) ||
    (/^\p{L}{3,}$/u.test(word) && isUpper(word)) ||
    regexp(cart.data.privacy.without_case).test(word);

  // groups such as Müller Hans: two words each, none of them shared; or by usual surnames
  function allPersons(texts) {
    const different = [...new Set(texts)];
    if (different.length < 2 || different.some(isInstitution)) return false;
    if (different.every((text) => regexp(cart.data.privacy.surname).test(text))) return true;
    const groups = different.map((text) => text.split(cart.BLANKS));
    const all = groups.flat();
    const two = groups.every((group) => group.length === 2) && all.every(isName);
    return two && new Set(all).size === all.length;
  }

  function oldAges(source) {
    const { oldest, age: pattern } = cart.data.privacy;
    const name = "age_years";
    const { high } = cart.data.fields.find((f) => f.name === name);
    const what = "an age above 89 identifies people (HIPAA Safe Harbor)";
    const remedy = `Write ${oldest} for everybody older, or give “cap: ${oldest}” in a mapping`;
    return (source.cells[name] ?? []).flatMap((text, i) => {
      const age = matches(pattern, text) ? Number(text.replace(",", ".")) : 0;
      const told = age === 99 ? `${remedy}; if 99 means missing, empty the cell` : remedy;
      return age > oldest && age <= high ? [problem(what, told, source.rows[i], name, text)] : [];
    });
  }

  function fractions(source) {
    return cart.data.fields.flatMap(({ name, kind, unit }) => {
      const cells = unit.startsWith("%") && kind === "number" ? (source.cells[name] ?? []) : [];
      const values = cells.filter((c) => is("share", c)).map((c) => Number(c.replace(",", ".")));
      const most = values.reduce((a, b) => Math.max(a, b), 0);
      const mixed = mixedShares(name, values);
      if (mixed) return [mixed];
      if (!(most > 0 && most <= 1)) return [];
      const what = `every value is ${general(most)} or less: fractions where percentages are meant`;
      const remedy =
        "Multiply them by 100, or say “unit: fraction” in a mapping file; if they are " +
        "percentages, “unit: percent”";
      return [problem(what, remedy, null, name)];
    });
  }

  // several values of 1 or less, several others far above
  function mixedShares(name, values) {
    const { few, mixed } = cart.data.shares;
    const known = values.filter((v) => v > 0).sort((a, b) => a - b);
    const small = known.filter((v) => v <= 1);
    const large = known.slice(small.length);
    if (Math.min(small.length, large.length) < few || large[0] < mixed * small.at(-1)) return null;
    const what =
      `some percentages are ${general(small.at(-1))} or less, all others ${general(large[0])} or ` +
      "more, as if fractions and percentages were mixed";
    const remedy =
      "Write all of them as percentages (7 for 7 %); if they are, say “unit: percent” in a " +
      "mapping file";
    return problem(what, remedy, null, name);
  }

  // --- units

  function wordsOf(text) {
    const split = text.normalize("NFKC").replace(/([a-zß-öø-ÿ])(?=[A-Z])/g, "$1 ");
    return casefold(split).match(/[\p{L}\p{N}]+|%/gu) ?? [];
  }

  // the unit that a label states; one letter is a unit only as the last word
  function unitIn(text) {
    const { of } = cart.data.units;
    const words = wordsOf(text);
    const isUnit = (w, i) =>
      Object.hasOwn(of, w) &&
      (w.length > 1 || w > "\x7f" || w === "%" || (i > 0 && i === words.length - 1));
    const found = [...new Set(words.filter(isUnit).map((w) => of[w]))];
    return found.length === 1 ? found[0] : "";
  }

  function againstUnits({ labels }, specs) {
    const { times } = cart.data.units;
    return specs.flatMap(({ name, unit }) => {
      if (!times.includes(unit)) return [];
      // “5 years” is a span and no unit, and a “day” no unit of an age
      const stated = unitIn(labels[name].replace(regexp(cart.data.span), " "));
      if (!times.includes(stated) || stated === unit) return [];
      if (unit === "years" && stated === "days") return [];
      const remedy =
        `Convert it, or say “unit: ${stated}” in a mapping file; “unit: ${unit}” if the label ` +
        "is wrong";
      return [problem(`its label says ${stated}, but ${name} is in ${unit}`, remedy, null, name)];
    });
  }

  // --- header

  // Python's difflib: twice the matching characters over all
  function likeness(a, b) {
    const matching = (al, ah, bl, bh) => {
      let [best, x, y] = [0, al, bl];
      for (let i = al; i < ah; i++) {
        for (let j = bl; j < bh; j++) {
          let k = 0;
          while (i + k < ah && j + k < bh && a[i + k] === b[j + k]) k++;
          if (k > best) [best, x, y] = [k, i, j];
        }
      }
      return best && best + matching(al, x, bl, y) + matching(x + best, ah, y + best, bh);
    };
    return (2 * matching(0, a.length, 0, b.length)) / (a.length + b.length);
  }

  function closest(name) {
    if (name.length > 40) return "";
    const close = cart.data.fields.map((f) => [likeness(f.name, name), f.name]);
    const near = close.filter(([ratio]) => ratio >= 0.8);
    near.sort((a, b) => a[0] - b[0] || (a[1] < b[1] ? -1 : 1));
    return near.length ? near[near.length - 1][1] : "";
  }

  function matchHeader(source, problems, notes) {
    const { fields, pairs, limits } = cart.data;
    const names = fields.map((f) => f.name);
    const present = source.columns;
    const ignored = [];
    for (const name of present) {
      if (names.includes(name)) continue;
      const lower = name.toLowerCase();
      if (present.includes(lower) && names.includes(lower)) {
        const what = `the column appears twice, the other time as ${lower}`;
        problems.push(problem(what, "Keep one of them or rename the other", 1, name));
        continue;
      }
      const close = closest(lower);
      if (close && !present.includes(close)) {
        const what = "the column is not known, but much like one that is";
        problems.push(problem(what, `Did you mean ${close}?`, 1, name));
      } else ignored.push(shown(name));
    }
    for (const { name } of fields.filter((f) => f.required && !present.includes(f.name))) {
      const remedy =
        "Add it (it is the only column every cohort needs), or let “cartanalysis map” " +
        "propose which of your columns is which of ours";
      problems.push(problem("the column is missing", remedy, 1, name));
    }
    for (const pair of pairs) {
      const here = pair.filter((c) => present.includes(c));
      if (here.length !== 1) continue;
      const other = fields.find((f) => pair.includes(f.name) && f.name !== here[0]);
      const what = `the column is missing, but ${here[0]} is there`;
      problems.push(problem(what, `${other.name}: ${other.meaning}`, 1, other.name));
    }
    if (ignored.length) {
      const more = ignored.length - limits.ignored;
      const told = ignored.slice(0, limits.ignored).join(", ");
      notes.push(`Columns not used: ${told}${more > 0 ? ` and ${more} more` : ""}.`);
    }
  }

  // --- cells

  const isShare = ({ unit }) => unit.startsWith("%");
  const withoutSign = (text) => (text.endsWith("%") ? text.slice(0, -1).replace(AT_END, "") : text);
  const AT_END = new RegExp(`${cart.BLANKS.source}$`);

  function parseColumn(spec, cells, rows, problems, notes, hasCodes) {
    if (spec.kind === "id") return cells.map((text) => (fold(text) ? text : null));
    if (spec.kind === "label") {
      const seen = cells.map(visible);
      if (seen.some((text, i) => [...text].length !== [...cells[i]].length)) {
        notes.push(`Column ${spec.name}: invisible characters were left out.`);
      }
      cells = seen.map((text) => text.normalize("NFC"));
      if (cells.some((text, i) => text !== seen[i])) {
        notes.push(`Column ${spec.name}: letters with accents were stored in two ways.`);
      }
    }
    const isText = spec.kind === "level" || spec.kind === "label";
    const commas = decimalCommas(spec, cells);
    const faults = misreadNumbers(spec, cells, hasCodes);
    const seen = new Map(spec.levels.map((level) => [casefold(level), level]));
    const readAs = new Map();
    const missing = new Set();
    const values = cells.map((text, i) => {
      if (isMissing(text)) {
        if (text) missing.add(text);
        return null;
      }
      const wrong = (what, remedy) => {
        problems.push(problem(what, remedy, rows[i], spec.name, text));
        return null;
      };
      const fault = faults.get(text) ?? whyNoLevel(spec, text);
      if (fault) return wrong(...fault);
      const value = isText ? asLevel(spec, text, seen) : asNumber(spec, text, commas);
      if (value !== text) readAs.set(text, value);
      if (isText) return value;
      const isNumber = is("plain", value) && value.length <= cart.data.longest_number;
      return isNumber ? Number(value) : wrong(...whyNoNumber(spec, text));
    });
    notes.push(...spellingNotes(spec, readAs, missing));
    return values;
  }

  // Times in days, and percentages, that may have been written as something else.
  function misreadNumbers(spec, cells, hasCodes) {
    if (isShare(spec)) return repeated99(cells, hasCodes);
    if (spec.unit !== "days") return new Map();
    const texts = cells.filter((c) => !isMissing(c));
    const faults = new Map();
    const { often_missing: codes } = cart.data;
    const [shortest] = codes;
    const isLonger = (t) => is("whole", t) && Number(t) > Number(shortest) && !codes.includes(t);
    const isTime = texts.some(isLonger) && texts.filter((t) => t === shortest).length === 1;
    for (const code of codes.filter((c) => texts.includes(c) && !(c === shortest && isTime))) {
      const remedy =
        `Leave the cell empty, or write missing: [${code}] in a mapping file; if it is a time, ` +
        `write ${code}.0`;
      faults.set(code, ["a time that looks like a code for missing", remedy]);
    }
    const plainly = (text) => text.replaceAll(".", "");
    const dotted = texts.filter((t) => is("dotted", t));
    const others = texts.filter((t) => !is("dotted", t) && is("plain", t));
    if (!others.every((t) => is("whole", t)) || dotted.some((t) => Number(plainly(t)) > spec.high)) {
      return faults;
    }
    for (const text of dotted) {
      const remedy =
        `Write ${plainly(text)}, or decimal: "." in a mapping file if the point marks decimals`;
      faults.set(text, ["a point that can be read in two ways: decimals or thousands", remedy]);
    }
    return faults;
  }

  function repeated99(cells, hasCodes) {
    const { few, gap } = cart.data.shares;
    const number = (text) => Number(text.replaceAll(",", "."));
    const texts = cells.filter((text) => is("plain", text.replaceAll(",", ".")));
    const codes = texts.filter((text) => number(text) === 99);
    const isApart = texts.every((text) => number(text) === 99 || number(text) <= gap);
    if (codes.length < few || !(isApart || hasCodes)) return new Map();
    const remedy = (code) =>
      `Leave the cell empty, or write missing: [${code}] in a mapping file; if it is a ` +
      `percentage, write ${code}%`;
    const what = "99 comes repeatedly, as a code for missing would";
    return new Map(codes.map((code) => [code, [what, remedy(code)]]));
  }

  // a measured value, or letters of another alphabet, where one of our levels is wanted
  function whyNoLevel(spec, text) {
    if (!["level", "grade", "event"].includes(spec.kind)) return null;
    const level = look(text) === text ? null : levelOf(spec, look(text));
    if (level !== null) return [`the level ${cart.data.letters}`, `Type ${level} again`];
    if (spec.kind !== "level" || !is("measured", text)) return null;
    return [
      `a measured value, where a level is wanted (${spec.levels.join(", ")})`,
      `Decide by the threshold of the assay: levels: {"${text}": …} in a mapping file`,
    ];
  }

  function levelOf(spec, text) {
    if (spec.kind === "level") {
      const folded = fold(text);
      return spec.levels.find((level) => casefold(level) === folded) ?? spelt(spec, folded) ?? null;
    }
    const value = asNumber(spec, text, false);
    const high = spec.kind === "event" ? 1 : spec.high;
    const known = is("plain", value) && Number.isInteger(Number(value));
    return known && value >= 0 && value <= high ? Number(value) : null;
  }

  // own entries only: a cell may hold “constructor”
  const spelt = ({ spellings }, text) =>
    Object.hasOwn(spellings, text) ? spellings[text] : undefined;

  function asLevel(spec, text, seen) {
    const folded = fold(text);
    if (spec.kind === "level") return seen.get(folded) ?? spelt(spec, folded) ?? text;
    if (!seen.has(folded)) seen.set(folded, text);
    return seen.get(folded);
  }

  function asNumber(spec, text, commas) {
    if (isShare(spec)) text = withoutSign(text);
    if (commas && is("decimal_comma", text)) return text.replace(",", ".");
    let folded = inWords(text);
    const grade = spec.kind === "grade" && regexp(cart.data.patterns.grade).exec(folded);
    if (grade) folded = grade[1];
    return spelt(spec, folded) ?? (is("plain", folded) ? folded : text);
  }

  function decimalCommas(spec, cells) {
    if (isShare(spec)) cells = cells.map(withoutSign);
    const withComma = cells.filter((c) => c.includes(","));
    return (
      spec.kind === "number" &&
      withComma.length > 0 &&
      withComma.every((c) => is("decimal_comma", c)) &&
      !withComma.every((c) => is("thousands", c)) &&
      !cells.some((c) => c.includes("."))
    );
  }

  function whyNoNumber(spec, text) {
    const looks = ({ unit }) => !unit || unit === spec.unit;
    const known = spec.kind === "number" ? cart.data.no_numbers.filter(looks) : [];
    const found = known.find((pattern) => regexp(pattern).test(text));
    if (found) return [found.what, found.remedy.replace("{allowed}", spec.allowed)];
    if (spec.kind === "grade" && /[≥≤<>/-]|or/.test(text)) {
      return ["not one grade", `Write ${spec.allowed}: the highest grade that was seen`];
    }
    if (spec.kind === "event") {
      return ["not an event code (not a number)", `Write ${spec.allowed}: ${spec.meaning}`];
    }
    return ["not a number", `Write ${spec.allowed}; leave the cell empty if unknown`];
  }

  function spellingNotes({ name }, readAs, missing) {
    const notes = [];
    let respelt = [...readAs].filter(([text, value]) => fold(text) !== fold(value));
    const alike = [...readAs].filter(([text, value]) => fold(text) === fold(value));
    const isCase = ([text, value]) => inWords(text) === inWords(value);
    if (alike.some(isCase)) {
      notes.push(`Column ${name}: upper and lower case were not told apart.`);
    }
    if (!alike.every(isCase)) {
      notes.push(`Column ${name}: kinds of hyphens and letters were not told apart.`);
    }
    if (respelt.some(([text]) => text.endsWith("%"))) {
      notes.push(`Column ${name}: the sign of percent was left out.`);
      respelt = respelt.filter(([text]) => !text.endsWith("%"));
    }
    if (respelt.some(([text]) => text.includes(","))) {
      notes.push(`Column ${name}: the comma was read as a decimal point.`);
      respelt = respelt.filter(([text]) => !text.includes(","));
    }
    if (respelt.length) {
      respelt.sort(([a], [b]) => compare(a, b));
      const told = respelt.slice(0, 6).map(([text, value]) => `${shown(text)} as ${value}`);
      notes.push(`Column ${name}: read ${told.join(", ")}.`);
    }
    for (const text of [...missing].sort()) {
      notes.push(`Column ${name}: ${shown(text)} was read as missing.`);
    }
    return notes;
  }

  // --- one column

  function checkColumn(spec, values, cells, rows) {
    return values.flatMap((value, i) => {
      if (value === null) {
        if (spec.kind !== "id") return [];
        const remedy = "Give every patient an identifier, for example P01, P02, …";
        return [problem("the identifier is missing", remedy, rows[i], spec.name)];
      }
      const { values: allowed, low, high } = spec.check ?? {};
      if (!spec.check || (allowed ? allowed.includes(value) : value >= low && value <= high)) return [];
      const { what, remedy } = spec.check;
      const isCode = spec.kind === "number" && cart.data.signs_of_missing.includes(String(value));
      const more = isCode ? `, or write missing: [${cells[i]}] in a mapping file` : "";
      return [problem(what, remedy + more, rows[i], spec.name, cells[i])];
    });
  }

  function fewGroups(columns) {
    const { fields, limits } = cart.data;
    return fields.flatMap(({ name, kind }) => {
      const count = kind === "label" ? new Set((columns[name] ?? []).filter(isKnown)).size : 0;
      if (count <= limits.groups) return [];
      return [problem(`${count} different groups`, `Join them into at most ${limits.groups}`, null, name)];
    });
  }

  function lookAlikes(columns, rows) {
    return cart.data.fields.flatMap(({ name, kind }) => {
      const labels = kind === "label" ? (columns[name] ?? []) : [];
      const first = new Map();
      const remedy = "Write both alike, or give two groups different names";
      return [...new Set(labels.filter(isKnown))].flatMap((label) => {
        const key = fold(look(label));
        if (!first.has(key)) first.set(key, label);
        const other = first.get(key);
        if (other === label) return [];
        const what = `the group looks like ${shown(other)}, but ${cart.data.letters}`;
        return [problem(what, remedy, rows[labels.indexOf(label)], name, label)];
      });
    });
  }

  // CAR-19, CAR19 and Car 19
  function nearGroups(columns) {
    return cart.data.fields.flatMap(({ name, kind }) => {
      if (kind !== "label") return [];
      const near = new Map();
      for (const label of new Set((columns[name] ?? []).filter(isKnown))) {
        const key = casefold(label.replace(regexp(cart.data.patterns.apart), ""));
        near.set(key, [...(near.get(key) ?? []), shown(label)]);
      }
      const what = "differ by blanks or hyphens only and count as different groups";
      return [...near.values()].filter((alike) => alike.length > 1).map((alike) => {
        const last = alike.pop();
        return `Column ${name}: ${alike.join(", ")} and ${last} ${what}.`;
      });
    });
  }

  // --- across columns; each rule names its columns and gives [what, remedy, column, value] or null

  const written = (value) => (typeof value === "number" ? general(value) : String(value));
  const bothDates = "RFS counts from remission and ends at death or last contact; check both dates";
  const correct = "Correct one of the two";

  const completePair = (present, absent) => [
    [present, absent],
    (r, fields) =>
      isKnown(r[present]) &&
      !isKnown(r[absent]) && [
        `empty, but ${present} is ${written(r[present])}`,
        `Fill it (${fields.find((f) => f.name === absent).meaning}), or empty both: the patient ` +
          "then counts in everything else",
        absent,
        null,
      ],
  ];

  const deadlyGrade = (name) => [
    [name, "os_event"],
    (r) =>
      r[name] === 5 && r.os_event === 0 && ["grade 5 is death, but os_event says alive", correct, name, "5"],
  ];

  const later = (a, b) => isKnown(a) && isKnown(b) && a > b;

  const isSummary = (id) => cart.data.summaries.includes(casefold(id).replace(/^[ :=]+|[ :=]+$/g, ""));

  // summaries, and remarks below the table
  function noPatients(specs, { cells, rows }) {
    const others = specs.filter((f) => f.name !== "patient_id").map((f) => cells[f.name]);
    const isEmpty = (i) => others.every((texts) => isMissing(texts[i]));
    return (cells.patient_id ?? []).flatMap((id, i) => {
      const wrong = (what, remedy) => [problem(what, remedy, rows[i], "patient_id", id)];
      if (isSummary(id)) {
        return wrong(
          "the row looks like a summary, not like a patient",
          "Delete the row; if it is a patient, change the identifier",
        );
      }
      if (!id || !others.length || is("one_word", id) || !isEmpty(i)) return [];
      return wrong(
        "the row looks like a remark, not like a patient: its other cells are empty",
        "Delete the row; if it is a patient, write an identifier of one word",
      );
    });
  }

  const RULES = [
    [
      ["response", "rfs_days"],
      (r) =>
        r.response === "NR" &&
        isKnown(r.rfs_days) && [
          "relapse-free survival is given for a patient who was never in remission (NR)",
          "Empty rfs_days and rfs_event, or correct the response",
          "rfs_days",
          written(r.rfs_days),
        ],
    ],
    [
      ["os_days", "rfs_days"],
      (r) =>
        later(r.rfs_days, r.os_days) && [
          `relapse-free survival is longer than survival (${general(r.os_days)} days)`,
          bothDates,
          "rfs_days",
          written(r.rfs_days),
        ],
    ],
    [
      ["os_days", "os_event", "rfs_days", "rfs_event"],
      (r) =>
        r.rfs_event === 0 &&
        isKnown(r.rfs_days) &&
        r.rfs_days === r.os_days &&
        r.os_event === 1 && [
          "relapse-free survival is censored on the day of death, but death is an RFS event",
          "Set rfs_event to 1 (rfs_cause death)",
          "rfs_event",
          "0",
        ],
    ],
    ...["crs_grade", "icans_grade", "ae_grade_max"].map(deadlyGrade),
    [
      ["rfs_event", "rfs_cause"],
      (r) =>
        isKnown(r.rfs_cause) &&
        r.rfs_event !== 1 && [
          "a cause is given, but there is no RFS event",
          "Set rfs_event to 1 or empty the cause",
          "rfs_cause",
          r.rfs_cause,
        ],
    ],
    [
      ["os_event", "rfs_cause"],
      (r) =>
        r.rfs_cause === "death" &&
        r.os_event === 0 && ["the RFS event is a death, but os_event says alive", correct, "rfs_cause", "death"],
    ],
    [
      ["os_days", "hsct_day"],
      (r) =>
        later(r.hsct_day, r.os_days) && [
          `the transplant is after the last day of follow-up (${general(r.os_days)})`,
          "Check both; days count from infusion",
          "hsct_day",
          written(r.hsct_day),
        ],
    ],
  ];

  function sameId(id) {
    const bare = fold(id).replaceAll(" ", "");
    const whole = regexp(cart.data.patterns.whole_id).exec(bare); // what a spreadsheet makes of 1
    return (whole ? whole[1] : bare).replace(/(?<!\p{Nd})0+(?=\p{Nd})/gu, "");
  }

  // identifiers that are there twice, or look as if they were
  function repeatedIds(specs, { cells, rows }) {
    const others = specs.filter((f) => f.name !== "patient_id").map((f) => cells[f.name]);
    const ids = cells.patient_id ?? [];
    const first = new Map();
    return ids.flatMap((id, i) => {
      if (!fold(id)) return [];
      const key = sameId(look(id));
      if (!first.has(key)) first.set(key, i);
      const earlier = first.get(key);
      if (earlier === i) return [];
      const other = ids[earlier];
      const keep = "Keep one row per patient";
      let what = `the identifier is already in row ${rows[earlier]}`;
      let remedy = `${keep}, or give two patients different identifiers`;
      if (is("lost", id) && is("lost", other)) {
        what += ", since a spreadsheet program kept only its first digits";
        remedy =
          "Export the identifiers again as text, so that all digits are there; delete no row";
      } else if (other !== id && sameId(other) !== sameId(id)) {
        what =
          `the identifier looks like ${shown(other)} in row ${rows[earlier]}, but ` +
          cart.data.letters;
        remedy = "Write both alike if it is one patient, else give them different identifiers";
      } else if (other !== id) {
        what +=
          ` as ${shown(other)} (case, blanks, kinds of hyphens, leading zeros, “.0” and what ` +
          "cannot be seen are not told apart)";
      } else if (others.every((texts) => texts[i] === texts[earlier])) {
        what = `the row repeats row ${rows[earlier]}`;
        remedy = "Remove one of the two";
      } else {
        what += ", with other values";
        remedy = `${keep}; for a second infusion, keep the first`;
      }
      return [problem(what, remedy, rows[i], "patient_id", id)];
    });
  }

  function deathsInRfs({ os_event: died, rfs_event: event }) {
    if (!died || !event) return [];
    const ofDead = event.filter((e, i) => died[i] === 1 && isKnown(e));
    if (ofDead.length < cart.data.many_deaths || ofDead.some((e) => e !== 0)) return [];
    const what = "everybody who died is censored here, but RFS must count deaths";
    const remedy = "Set rfs_event to 1 for relapse or death, and rfs_days to the day of the first";
    return [problem(what, remedy, null, "rfs_event")];
  }

  function rfsFromInfusion({ os_days: os, rfs_days: rfs, rfs_event: event, rfs_cause: cause }) {
    if (!os || !rfs || !event) return [];
    const stayed = rfs.flatMap((_, i) =>
      (event[i] === 0 || cause?.[i] === "death") && isKnown(rfs[i]) && isKnown(os[i]) ? [i] : [],
    );
    if (stayed.length < cart.data.many_alike || stayed.some((i) => rfs[i] !== os[i])) return [];
    const what = "equals os_days in everybody without relapse, so it seems to count from infusion";
    const remedy =
      "Count it from the day of remission; if it does already, say “origin: remission” for it " +
      "in a mapping file";
    return [problem(what, remedy, null, "rfs_days")];
  }

  function checkRules(columns, rows) {
    const { fields, pairs } = cart.data;
    const found = [...deathsInRfs(columns), ...rfsFromInfusion(columns)];
    const complete = pairs.flatMap(([a, b]) => [completePair(a, b), completePair(b, a)]);
    const applying = [...complete, ...RULES].filter(([names]) => names.every((n) => columns[n]));
    for (const [names, rule] of applying) {
      rows.forEach((row, i) => {
        const wrong = rule(Object.fromEntries(names.map((n) => [n, columns[n][i]])), fields);
        if (wrong) found.push(problem(wrong[0], wrong[1], row, wrong[2], wrong[3]));
      });
    }
    return found;
  }

  // --- all together

  // As a reader goes through a file; of several problems of a cell the first is kept.
  function asRead(problems) {
    const places = new Map();
    for (const p of [...problems].reverse()) {
      places.set(p.row !== null && p.column ? `${p.row} ${p.column}` : p, p);
    }
    return [...places.values()].sort(
      (a, b) =>
        (a.row ?? 0) - (b.row ?? 0) ||
        compare(a.column ?? "", b.column ?? "") ||
        compare(a.what, b.what),
    );
  }

  // What is wrong; of many alike the first are told one by one and the others counted.
  function tell(problems) {
    const kinds = new Map();
    for (const p of problems) {
      const kind = `${p.column} ${p.remedy}`;
      if (!kinds.has(kind)) kinds.set(kind, []);
      kinds.get(kind).push(p);
    }
    const { alike: limit } = cart.data.limits;
    const lines = new Map(problems.map((p) => [p, p]));
    for (const alike of kinds.values()) {
      const rest = alike.slice(limit);
      if (!rest.length) continue;
      const rows = rest.map((p) => p.row).filter(isKnown);
      const last = rows.length > 1 ? `, rows ${rows[0]} to ${rows[rows.length - 1]}` : "";
      const where = rows.length === 1 ? `, row ${rows[0]}` : last;
      const what = `… and ${rest.length} more like these${where}`;
      lines.set(rest[0], problem(what, "", null, rest[0].column));
      rest.slice(1).forEach((p) => lines.delete(p));
    }
    return [...lines.values()];
  }

  // What is allowed, but rare; without counts, as readers of a published book see it.
  function remarks(columns) {
    const { long_follow_up: long } = cart.data.suspicious;
    const known = (name) => (columns[name] ?? []).filter(isKnown);
    const both = (a, isA, b, isB) =>
      columns[a] && columns[b] && columns[a].some((v, i) => v === isA && columns[b][i] === isB);
    const said = ["os_days", "rfs_days"].flatMap((name) => shortTimes(name, known(name)));
    for (const name of ["os_days", "rfs_days", "hsct_day"]) {
      if (known(name).some((time) => time > long)) {
        said.push(`Some times in ${name} are above 20 years. Are they in days?`);
      }
    }
    for (const [days, event] of cart.data.pairs) {
      if (both(days, 0, event, 1)) {
        said.push(`${days} is 0 with an event for some patients; the curve starts below 1.`);
      }
      said.push(...monthsInOneArm(columns, days));
    }
    if (both("os_event", 1, "rfs_event", 0)) {
      said.push(
        "Some patients who died are censored in relapse-free survival. Deaths are RFS events; " +
          "is rfs_event right for them?",
      );
    }
    return said;
  }

  // Times that look like months or years.
  function shortTimes(name, known) {
    const { few, short_follow_up: short, short_with_decimals: decimals } = cart.data.suspicious;
    const longest = known.reduce((a, b) => Math.max(a, b), 0);
    if (known.length < few || longest <= 0) return [];
    if (name === "os_days" && longest < short) {
      return [
        `The longest follow-up is below ${short} days. If these are months, say ` +
          "“unit: months” in a mapping file.",
      ];
    }
    if (longest >= decimals || known.every(Number.isInteger)) return [];
    return [
      `Times in ${name} have decimals, and all are below ${decimals} days. If these are months ` +
        "or years, say so in a mapping file (“unit: months”).",
    ];
  }

  // A site that writes months has a thirtieth of the others' times.
  function monthsInOneArm(columns, name) {
    const { few, months_apart: apart } = cart.data.suspicious;
    const { arm, [name]: times } = columns;
    if (!arm || !times) return [];
    const medians = cart.levelsOf(arm).flatMap((group) => {
      const own = times.filter((time, i) => arm[i] === group && isKnown(time));
      return own.length < few ? [] : [{ group, median: cart.median(own) }];
    });
    if (medians.length < 2) return [];
    const least = medians.reduce((a, b) => (b.median < a.median ? b : a));
    const most = medians.reduce((a, b) => (b.median > a.median ? b : a));
    if (!(least.median > 0 && least.median < most.median / apart)) return [];
    const what = `The median of ${name} is far shorter in ${least.group} than in ${most.group}.`;
    return [`${what} Are both in days?`];
  }

  // Gives {problems, notes, columns, levels, n}; columns only where there is no problem.
  function check(bytes) {
    let source;
    try {
      source = cart.read(bytes);
    } catch (error) {
      if (!(error instanceof cart.Unreadable)) throw error;
      return { problems: error.problems, notes: [], columns: null };
    }
    const found = [...source.problems];
    const notes = [...source.notes];
    const { rows, cells } = source;
    matchHeader(source, found, notes);
    const columns = {};
    const specs = cart.data.fields.filter((f) => cells[f.name]);
    const codes = cart.data.often_missing;
    const hasCodes = Object.values(cells).some((texts) => texts.some((t) => codes.includes(t)));
    for (const spec of specs) {
      columns[spec.name] = parseColumn(spec, cells[spec.name], rows, found, notes, hasCodes);
    }
    // what a column means must be settled before it can contradict another
    const against = againstUnits(source, specs);
    const settled = specs.filter((f) => !against.some((p) => p.column === f.name));
    for (const spec of settled) {
      found.push(...checkColumn(spec, columns[spec.name], cells[spec.name], rows));
    }
    found.push(...against, ...noPatients(specs, source), ...repeatedIds(specs, source));
    const known = Object.fromEntries(settled.map(({ name }) => [name, columns[name]]));
    found.push(...checkRules(known, rows), ...fewGroups(columns), ...lookAlikes(columns, rows));
    notes.push(...nearGroups(columns));
    const first = [...identifying(source), ...oldAges(source), ...fractions(source)];
    const problems = asRead([...first, ...found]);
    if (problems.length) return { problems, notes, columns: null };
    notes.push(...remarks(columns));
    const levels = Object.fromEntries(
      specs.filter((f) => f.levels.length).map((f) => [f.name, f.levels]),
    );
    return { problems, notes, columns, levels, n: rows.length };
  }

  Object.assign(cart, { check, tell, inOrder });
})((globalThis.cart ??= {}));
