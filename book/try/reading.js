// From the bytes of a CSV file to named columns of text cells, by the rules of the command.
(function (cart) {
  "use strict";

  const BLANK = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]";
  const AROUND = new RegExp(`^${BLANK}+|${BLANK}+$`, "g");
  const AT_END = new RegExp(`${BLANK}+$`);
  const BLANKS = new RegExp(`${BLANK}+`, "g");
  const QUOTED = /"[^"]*("|$)/g;
  const END_MARK = /\x1a+[\r\n]*$/; // of DOS programs
  const SAVE_AS = "Save it as “CSV UTF-8”";

  const strip = (text) => text.replace(AROUND, "");

  class Unreadable extends Error {
    constructor(what, remedy, row = null) {
      super(what);
      this.problems = [problem(what, remedy, row)];
    }
  }

  function problem(what, remedy, row = null, column = null, value = null) {
    return { what, remedy, row, column, value };
  }

  const tooLarge = (what) =>
    new Unreadable(what, "Give one table with a row per patient and the columns you need");

  function decode(bytes, notes) {
    if (!bytes.length) throw new Unreadable("the file is empty", "Export it again");
    const [first, second] = bytes;
    const wide = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[(first << 8) | second];
    if (wide) notes.push("Read as UTF-16.");
    else if (bytes.includes(0) || (first === 0x50 && second === 0x4b) || isBinary(bytes)) {
      const remedy = `${SAVE_AS}, or give the file to the command, which reads other formats`;
      throw new Unreadable("the file is not plain text", remedy);
    }
    try {
      return new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const what = `the file is not ${wide ? "UTF-16" : "UTF-8"} text`;
      throw new Unreadable(what, `${SAVE_AS}; the command tells other encodings apart`);
    }
  }

  // form feed and escape may stray into text, a twentieth of control bytes may not
  function isBinary(bytes) {
    const start = bytes.subarray(0, cart.data.limits.start);
    const control = start.filter((b) => (b < 32 && b !== 9 && b !== 10 && b !== 13) || b === 127);
    return control.length > start.length / 20;
  }

  // cBioPortal's lines above its header are no rows of the table; other files keep theirs
  function commentsOf(text) {
    const comments = [];
    let end = 0;
    for (const [line, bare] of text.matchAll(/([^\r\n]*)(?:\r\n|\r|\n|$)/g)) {
      const isComment = comments.length < 5 && bare.startsWith("#") && bare.includes("\t");
      if (!isComment && bare.replace(AT_END, "").split("\t").includes(cart.data.cbioportal.id)) {
        return { comments, end };
      }
      if (!isComment && strip(bare)) break;
      comments.push(bare);
      end += line.length;
    }
    return { comments: [], end: 0 };
  }

  // Records of delimited text with their number, counted as a spreadsheet counts.
  function* records(text, separator, before) {
    const end = text.length;
    let number = before;
    for (let at = 0; at < end; ) {
      const cells = [];
      number++;
      for (let more = true; more; ) {
        let cell = "";
        if (text[at] === '"') {
          for (at++; ; ) {
            const quote = text.indexOf('"', at);
            if (quote < 0) throw notCsv("unexpected end of data", number);
            cell += text.slice(at, quote);
            at = quote + 1;
            if (text[at] !== '"') break;
            cell += '"';
            at++;
          }
          if (at < end && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") {
            throw notCsv(`'${separator === "\t" ? "\\t" : separator}' expected after '"'`, number);
          }
        } else {
          const start = at;
          while (at < end && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r") at++;
          cell = text.slice(start, at);
        }
        cells.push(cell);
        more = text[at] === separator;
        if (more) at++;
      }
      at += text[at] === "\r" && text[at + 1] === "\n" ? 2 : 1;
      if (cells.some(strip)) yield [number, cells];
    }
  }

  const notCsv = (what, row) =>
    new Unreadable(`not readable as CSV (${what})`, "Check the quotation marks from this row on", row);

  // Cuts the header into the most cells, and the rows into as many; else the usual one that is
  // most frequent in the header.
  function separatorOf(text) {
    const lines = text.split(/\r\n|\r|\n/);
    const first = Math.max(0, lines.findIndex(strip));
    // texts in quotes may hold any of them
    const bare = lines.slice(first, first + cart.data.limits.ahead + 1).join("\n");
    const [header, ...rest] = bare.replace(QUOTED, "x").split("\n");
    const rows = rest.filter(strip);
    const count = (line, s) => line.split(s).length - 1;
    const { usual, all, aligned } = cart.data.separators;
    const agree = [...usual].filter(
      (s) => header.includes(s) && rows.every((row) => count(row, s) === count(header, s)),
    );
    if (agree.length || [...usual].some((s) => header.includes(s))) {
      const among = agree.length ? agree : [...usual];
      return among.reduce((a, b) => (count(header, b) > count(header, a) ? b : a));
    }
    for (const sign of Object.keys(all)) {
      const counts = new Set(rows.map((row) => count(row, sign)));
      const most = Math.max(0, ...counts);
      // one blank may stand within a name; in R's files the rows hold one cell more
      const agrees = counts.size === 1 && [0, 1].includes(most - count(header, sign));
      if (header.includes(sign) && agrees && most > (sign === " " ? 1 : 0)) return sign;
    }
    const fewest = Math.min(...[header, ...rows].map((l) => strip(l).split(BLANKS).length));
    if (rows.length && fewest >= aligned) {
      const what = "the columns seem to be set apart by blanks, which cells may hold too";
      throw new Unreadable(what, "Save it with commas, semicolons or tabs between the cells");
    }
    return ",";
  }

  // Gives {columns, labels, cells, rows, notes, problems}; throws Unreadable where there is no table.
  function read(bytes) {
    const notes = [];
    let text = decode(bytes, notes);
    if (END_MARK.test(text)) {
      text = text.replace(END_MARK, "");
      notes.unshift("The mark that DOS programs write at the end (Ctrl-Z) was left out.");
    }
    const declared = /^"?sep=([,;\t|])"?[^\S\r\n]*(\r\n|\r|\n|$)/.exec(text);
    // Excel's line that names the separator is no row of the table
    if (declared) text = text.slice(declared[0].length);
    const { comments, end } = commentsOf(text);
    text = text.slice(end);
    const separator = declared ? declared[1] : separatorOf(text);
    if (separator !== ",") notes.push(`Read as ${cart.data.separators.all[separator]}.`);
    const found = records(text, separator, comments.length);
    const head = found.next();
    if (head.done) throw new Unreadable("the file is empty", "Export it again");
    const [headerRow, header] = head.value;
    const width = header.length;
    while (!strip(header[header.length - 1])) header.pop();
    const names = header.map(strip);
    const labels = comments[0]?.startsWith("#") ? comments[0].slice(1).split("\t").map(strip) : [];
    const source = tableOf(names, headerRow, width, found, notes);
    source.labels = Object.fromEntries(names.map((name, i) => [name, labels[i] ?? ""]));
    return described(source, separator);
  }

  function tableOf(names, headerRow, width, found, notes) {
    const { limits } = cart.data;
    if (names.length > limits.columns) {
      const limit = cart.whole(limits.columns);
      throw tooLarge(`the table has ${cart.whole(names.length)} columns; the limit is ${limit}`);
    }
    const problems = [];
    const kept = checkedNames(names, headerRow, problems);
    const cells = Object.fromEntries(kept.map((i) => [names[i], []]));
    const unnamed = new Map(names.flatMap((name, i) => (name ? [] : [[i, []]])));
    const rows = [];
    const early = [];
    const ragged = [];
    for (const [number, row] of found) {
      if (early.length < limits.titles) early.push([number, row]);
      const count = rows.length + ragged.length + 1;
      if (count > limits.patients) {
        const limit = cart.whole(limits.patients);
        throw tooLarge(`the table has more than ${limit} rows, which is the limit`);
      }
      if (count * names.length > limits.cells) {
        const limit = cart.whole(limits.cells);
        throw tooLarge(`the table has more than ${limit} cells, which is the limit`);
      }
      // a row that is longer may be shifted: even an empty cell at its end is not dropped
      const fits = row.length >= names.length && row.length <= width;
      if (!fits || row.slice(names.length).some(strip)) {
        ragged.push([number, row.length]);
        continue;
      }
      rows.push(number);
      for (const i of kept) cells[names[i]].push(checkedCell(row[i], number, names[i], problems));
      unnamed.forEach((values, i) => values.push(strip(row[i])));
    }
    const better = betterHeader(names, early);
    if (better) {
      const remedy = `Is it row ${better}? Then delete the rows above that one`;
      throw new Unreadable("the row does not look like a header", remedy, headerRow);
    }
    problems.push(...raggedRows(ragged, width, !rows.length));
    unnamed.forEach((values, i) => judgeUnnamed(i, values, rows, notes, problems));
    if (!rows.length && !problems.length) {
      problems.push(problem("there is no patient in the file", "Add one row per patient"));
    }
    return { columns: kept.map((i) => names[i]), cells, rows, notes, problems: firstOf(problems) };
  }

  // Rows that do not fit the header, which R leaves one name short.
  function raggedRows(ragged, width, isAll) {
    if (ragged.length && isAll && ragged.every(([, n]) => n === width + 1)) {
      const what = `every row has ${width + 1} cells, the header ${width}`;
      const remedy =
        "R's write.table leaves out the name above the row names: use write.csv(x, row.names = " +
        "FALSE). If the rows end with a separator too many, delete it";
      return [problem(what, remedy, ragged[0][0])];
    }
    const remedy = "Quote cells that hold the separator, or fill the row";
    return ragged.map(([row, n]) => problem(`the row has ${n} cells, the header ${width}`, remedy, row));
  }

  // The number of the row that is the header, where a title stands above it.
  function betterHeader(names, early) {
    const { fields, limits, patterns } = cart.data;
    const titles = names.filter(Boolean);
    if (titles.length !== 1 || fields.some((f) => f.name === titles[0])) return null;
    const fewest = titles[0].includes(" ") ? 2 : 3;
    const found = early.find(([, row]) => {
      // a title without the file's separator leaves the header in one cell
      const isOne = names.length === 1 && !row.slice(1).some(strip);
      const cells = isOne ? row[0].split(cart.regexp(patterns.separator)) : row;
      const filled = cells.map(strip).filter(Boolean);
      const areWords = filled.every((c) => [...c].length <= limits.name && /^\p{L}/u.test(c));
      return areWords && filled.length >= fewest && new Set(filled).size === filled.length;
    });
    return found ? found[0] : null;
  }

  // --- programs that export tables of their own kind

  function described(source, separator) {
    const { redcap, cbioportal } = cart.data;
    const { columns } = source;
    if (redcap.dictionaries.some((names) => names.every((name) => columns.includes(name)))) {
      const what = "this is a REDCap data dictionary, not the data";
      throw new Unreadable(what, "Give the data; the dictionary is found beside it");
    }
    if (columns.includes(cbioportal.id) && separator === "\t") return withoutCodes(source);
    if (isRedcap(source)) {
      source.notes.push(
        "This looks like a REDCap export without its data dictionary; " +
          "with it (--dictionary), codes and columns that identify people are known.",
      );
    }
    source.problems.push(...repeatedRecord(source));
    return source;
  }

  function withoutCodes(source) {
    const { missing } = cart.data.cbioportal;
    const isCode = (text) => missing.includes(text.toLowerCase());
    const found = new Set(Object.values(source.cells).flat().filter(isCode));
    for (const name of source.columns) {
      source.cells[name] = source.cells[name].map((text) => (isCode(text) ? "" : text));
    }
    if (found.size) source.notes.push(`Read as missing: ${[...found].sort().join(", ")}.`);
    return source;
  }

  function isRedcap({ columns, cells }) {
    const { own, record, status } = cart.data.redcap;
    return columns.some(
      (name, i) =>
        (i === 0 && name === record) ||
        own.includes(name) ||
        (name.endsWith("_complete") && cells[name].every((text) => status.includes(text))),
    );
  }

  function repeatedRecord({ columns, cells, rows }) {
    const repeated = cart.data.redcap.events.filter((name) => columns.includes(name));
    if (!repeated.length) return [];
    const [column] = columns;
    const first = new Map();
    const again = cells[column].findIndex((record, i) => {
      if (!first.has(record)) first.set(record, rows[i]);
      return first.get(record) !== rows[i];
    });
    if (again < 0) return [];
    const record = cells[column][again];
    const what =
      `the record is already in row ${first.get(record)}: the export has a row per event or ` +
      `repetition (${repeated.join(", ")})`;
    const remedy = "Export one row per patient: a report on one event, without repeated forms";
    return [problem(what, remedy, rows[again], column, record)];
  }

  // --- names and cells

  function checkedNames(names, row, problems) {
    const kept = new Map();
    names.forEach((name, i) => {
      if (!name) return;
      if (kept.has(name)) {
        const remedy = "Keep one of them, or give them different names";
        problems.push(problem("the column is there twice", remedy, row, name));
      } else if ([...name].length > cart.data.limits.cell || !cart.isPrintable(name)) {
        const what = `the name of column ${i + 1} cannot be shown: ${cart.shown(name)}`;
        problems.push(problem(what, "Give it a short name in one line of plain text", row));
      } else kept.set(name, i);
    });
    return [...kept.values()];
  }

  function checkedCell(text, row, column, problems) {
    const bare = strip(text);
    const limit = cart.data.limits.cell;
    if (bare.length <= limit || [...bare].length <= limit) return bare;
    const long = cart.whole([...bare].length);
    const what = `the cell has ${long} characters; the limit is ${cart.whole(limit)}`;
    const remedy = "Check the quotation marks, or shorten the text";
    problems.push(problem(what, remedy, row, column, [...bare].slice(0, 100).join("")));
    return "";
  }

  function judgeUnnamed(index, values, rows, notes, problems) {
    if (!values.some(Boolean)) return;
    if (index === 0 && [0, 1].some((start) => values.every((v, i) => v === String(i + start)))) {
      notes.push("The first column has no name and only counts the rows; it was left out.");
      return;
    }
    const first = values.findIndex(Boolean);
    const what = `there is a value in column ${index + 1}, which has no name`;
    const remedy = "Name the column in the header, or delete it";
    problems.push(problem(what, remedy, rows[first], null, values[first]));
  }

  function firstOf(problems) {
    const { told } = cart.data.limits;
    const more = problems.length - told;
    if (more <= 0) return problems;
    const what = `more problems in the file: ${cart.whole(more)}`;
    return [...problems.slice(0, told), problem(what, "Correct these first, then try again")];
  }

  Object.assign(cart, { Unreadable, problem, strip, BLANKS, read });
})((globalThis.cart ??= {}));
