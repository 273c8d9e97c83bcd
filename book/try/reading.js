// From the bytes of a plain CSV file to named columns of text cells. What could be read in two ways
// is refused: the command reads more, and says what is wrong.
import { data } from "./data.js";
import { whole, isPrintable } from "./text.js";

const CONTROL = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]/;
// how other kinds of files begin, by which the command tells them
const OTHER_KIND =
  /^\s*([{[<%$]|PAR1|ARROW1|FEA1|RD[AX]|BZh|Rar!|SQLite format|HEADER RECORD|mime-version:)|SPSS PORT FILE/i;

const END_MARK = /\x1a+[\r\n]*$/; // of DOS programs

export class Unreadable extends Error {
  constructor(...problems) {
    super(problems[0].what);
    this.problems = problems;
  }
}

export function problem(what, remedy, row = null, column = null, value = null) {
  return { what, remedy, row, column, value };
}

const refuse = (what, remedy, row) => new Unreadable(problem(what, remedy, row));

function decode(bytes, notes) {
  const wide = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[(bytes[0] << 8) | bytes[1]];
  try {
    const marked = new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes);
    const text = wide ? marked : marked.replace(END_MARK, "");
    if (text !== marked) notes.push("The mark that DOS programs write at the end (Ctrl-Z) was left out.");
    if (!CONTROL.test(text) && !OTHER_KIND.test(text)) return text;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw refuse("the file is not plain text in UTF-8 or UTF-16", "Save it as “CSV UTF-8”");
}

function separatorOf(text) {
  // texts in quotes may hold any of them
  const lines = text.replace(/"[^"]*("|$)/g, "x").split(/[\r\n]+/, 9);
  const header = lines.find((line) => line.trim()) ?? "";
  const found = Object.keys(data.separators).filter((sign) => header.trim().includes(sign));
  const usual = found.filter((sign) => data.usual_separators.includes(sign));
  if (usual.length === 1) return usual[0];
  if (!found.length) return ","; // one column
  // carets and blanks may stand within texts, and one blank within a name
  if (!usual.length && (found[0] !== " " || header.trim().split(" ").length > 2)) return found[0];
  throw refuse("it is not clear which sign separates the columns", "Save it with commas only");
}

// Records with their number, counted as a spreadsheet counts.
function* records(text, separator) {
  const most = data.limits.cell;
  const bare = `[^"\\r\\n${separator}]{0,${most}}`;
  const end = `[${separator}]|\\r\\n|\\r|\\n`;
  const pattern = new RegExp(`(?:"((?:[^"]|""){0,${most}})"|(${bare}))(${end})`, "y");
  const ended = text.replace(/[\r\n]*$/, "\n");
  let number = 1;
  for (let cells = []; pattern.lastIndex < ended.length; ) {
    const found = pattern.exec(ended);
    if (!found) {
      const what = `a quotation mark in a wrong place, or a cell of more than ${whole(most)} signs`;
      throw refuse(what, "Check the quotation marks from this row on", number);
    }
    cells.push((found[1]?.replaceAll('""', '"') ?? found[2]).trim());
    if (found[3] === separator) continue;
    yield [number++, cells];
    cells = [];
  }
}

function tableOf(text, separator) {
  const { patients, columns, cells: most } = data.limits;
  const table = [];
  for (const [number, cells] of records(text, separator)) {
    if (cells.some(Boolean)) table.push([number, cells]);
    const isLong = table.length > patients + 1 || table.length * cells.length > most;
    if (!isLong && cells.length <= columns) continue;
    const [rows, wide, all] = [patients, columns, most].map(whole);
    const what = `the table has more than ${rows} rows, ${wide} columns or ${all} cells`;
    throw refuse(what, "Give one table with a row per patient and the columns you need");
  }
  return table;
}

// Gives {columns, cells, rows, notes}; throws Unreadable where there is no table.
export function read(bytes) {
  const notes = [];
  const text = decode(bytes, notes);
  const separator = separatorOf(text);
  if (separator !== ",") notes.push(`Read as ${data.separators[separator]}.`);
  const [head, ...body] = tableOf(text, separator);
  if (!body.length) throw refuse("there is no patient in the file", "Add one row per patient");
  const [headerRow, columns] = head;
  const isCounter = (start) => body.every(([, cells], i) => cells[0] === String(i + start));
  if (!columns[0] && (isCounter(0) || isCounter(1))) {
    notes.push("The first column has no name and only counts the rows; it was left out.");
    for (const [, cells] of [head, ...body]) cells.shift();
  }
  const found = [];
  columns.forEach((name, i) => {
    if (name && isPrintable(name) && columns.indexOf(name) === i) return;
    const what = `column ${i + 1} has no name, one that cannot be shown, or that of another column`;
    found.push(problem(what, "Name it in plain text, or delete it", headerRow, null, name));
  });
  for (const [row, cells] of body) {
    if (cells.length !== columns.length) {
      const what = `the row has ${cells.length} cells, the header ${columns.length}`;
      found.push(problem(what, "Quote cells that hold the separator, or fill the row", row));
    }
    const odd = cells.findIndex((text) => !isPrintable(text));
    const what = "the cell holds a line break, or a sign that cannot be seen";
    if (odd >= 0) found.push(problem(what, "Type it again", row, columns[odd] ?? null, cells[odd]));
  }
  if (found.length) throw new Unreadable(...found);
  const cells = new Map(columns.map((name, i) => [name, body.map(([, row]) => row[i])]));
  return { columns, cells, rows: body.map(([row]) => row), notes };
}
