"""Delimited text: CSV and its relatives, in any common encoding and with any common separator."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Collection, Iterator

from cartanalysis.intake.reading.files import empty, refuse
from cartanalysis.intake.reading.table import (
    MAX_CELL_LENGTH,
    MAX_COLUMNS,
    build,
    check_size,
    with_names,
)
from cartanalysis.intake.source import Column, Source

FORMS = {
    ",": "CSV",
    ";": "text separated by semicolons",
    "\t": "text separated by tabs",
    "|": "text separated by vertical bars",
    "^": "text separated by carets",
    " ": "text separated by blanks",
}
"""What a file is called by its separator, the most usual first."""

USUAL = ",;\t|"  # separators, even where the rows do not agree; others may stand within texts
END_MARK = re.compile(rb"\x1a+[\r\n]*\Z")  # what DOS programs write at the end of a text
ALIGNED = 3  # lines of so many words each, with no separator, look like columns set apart by blanks
AHEAD = 5  # so many lines below the header are looked at for the separator

_ENCODINGS = {
    "cp1252": "Windows-1252 (Western European)",
    "cp1250": "Windows-1250 (Central European)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "gb18030": "GB 18030 (Chinese)",
    "shift_jis": "Shift JIS (Japanese)",
}
_DECLARED = re.compile(r'"?sep=([,;\t|])"?\s*')  # Excel's own way to name the separator
_MARKS = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),  # also begins the one of UTF-32
}
_CONTROL = bytes({*range(32)} - {9, 10, 13}) + b"\x7f"
_ODD = re.compile(r"[^\W\d_][¡-©«-´¶-¹»-¿×÷][^\W\d_]")  # a sign in the middle of a word
_LINE_END = re.compile(r"\r\n|\r|\n")
_SAMPLE = 200_000  # bytes of lines with foreign letters, for guessing the encoding
START = 65_536  # bytes, or characters of the first line, that are looked at before the rest
_MAX_LINE = MAX_COLUMNS * MAX_CELL_LENGTH  # characters; the longest line that could be a row
_SAVE_AS = "Save it as “CSV UTF-8”"


def parse(data: bytes, name: str, names: Collection[str] = ()) -> Source:
    """Read delimited text; where names are given, from the first line that has them."""
    notes: list[str] = []
    if END_MARK.search(data):
        data = END_MARK.sub(b"", data)
        notes.append("The mark that DOS programs write at the end (Ctrl-Z) was left out.")
    lines = _lines(data, _encoding(data, name, notes), name)
    line = next(lines, "")
    declared = _DECLARED.fullmatch(line)
    separator = declared[1] if declared else None
    comments, start = _comments(lines if declared else itertools.chain([line], lines))
    above = len(comments)
    if names:
        lines = itertools.chain(start, lines)
        rows = (((i, x, line), line.split(x)) for i, line in enumerate(lines) for x in FORMS)
        above, separator, line = with_names(rows, names, name)
        start = [line]
    start += itertools.islice(lines, AHEAD)
    separator = separator or _separator(start, name)
    form = FORMS[separator]
    if separator != ",":
        notes.append(f"Read as {form}.")
    reader = csv.reader(itertools.chain(start, lines), delimiter=separator, strict=True)
    records = _records(reader, above, name)
    header_row, cells = next(records, (0, []))
    if not cells:
        raise empty(name)
    width = len(cells)
    while not cells[-1].strip():  # spreadsheets export empty columns at the right
        cells.pop()
    check_size(name, cells, 0)
    above_header = ([*comments, "", ""][i].removeprefix("#").split("\t") for i in (0, 1))
    labels, about = ([text.strip() for text in texts[: len(cells)]] for texts in above_header)
    header = [
        Column(text.strip(), label, about=more if more != label else "")
        for text, label, more in itertools.zip_longest(cells, labels, about, fillvalue="")
    ]
    return build(name, form, header, records, header_row=header_row, width=width, notes=notes)


def _lines(data: bytes, encoding: str, name: str) -> Iterator[str]:
    """Decode a line at a time, so that a million rows cost no more than the first ones."""
    stream = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    try:
        while line := stream.readline(_MAX_LINE + 1):
            if len(line) > _MAX_LINE:
                what = (
                    f"a line has more than {_MAX_LINE:,} characters, so it is not a row of a table"
                )
                raise refuse(name, what, "Check the line ends and the quotation marks")
            yield line
    except UnicodeDecodeError as error:
        what = "the row holds bytes that are not text in the file's encoding"
        # decoding runs ahead of the rows
        row = _row_of(data, _first_undecodable(data, encoding), encoding)
        raise refuse(name, what, _SAVE_AS, row=row) from error


def _records(reader: Iterator[list[str]], above: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """Go through the rows that hold anything, and count all of them."""
    position = above
    try:
        for position, cells in enumerate(reader, start=above + 1):
            if any(cell.strip() for cell in cells):
                yield position, cells
    except csv.Error as error:
        what = f"not readable as CSV ({error})"
        remedy = "Check the quotation marks from this row on"
        raise refuse(name, what, remedy, row=position + 1) from error


# --- encoding ----------------------------------------------------------------------------------


def _encoding(data: bytes, name: str, notes: list[str]) -> str:
    for encoding, marks in _MARKS.items():
        if data.startswith(marks):
            notes.append(f"Read as {encoding.upper()}.")
            return encoding
    if b"\0" in data:
        what = "the file holds NUL bytes, so it is not a plain CSV file"
        raise refuse(name, what, _SAVE_AS, row=_row_of(data, data.index(b"\0")))
    start = data[:START]
    # form feed and escape may stray into text, a twentieth of control bytes may not
    if len(start) - len(start.translate(None, _CONTROL)) > len(start) / 20:
        what = "the file is not text, nor any other kind of file known here"
        raise refuse(name, what, "Give a CSV or Excel (.xlsx) file")
    wrong = _first_undecodable(data, "utf-8")
    if wrong is None:
        return "utf-8-sig"
    guess = _guess(data)
    if guess is None:
        what = f"byte {data[wrong]:#04x} is not UTF-8 text, nor in another encoding known here"
        raise refuse(name, what, _SAVE_AS, row=_row_of(data, wrong))
    notes.append(
        f"Read as {_ENCODINGS[guess]}, judged by its letters; "
        "if names look wrong, save the file as “CSV UTF-8”."
    )
    return guess


def _first_undecodable(data: bytes, encoding: str) -> int | None:
    try:
        if not data.isascii():  # of ASCII no second copy is made
            data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return None


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes  # takes a while: loaded where it is needed

    lines = (line for line in data[: 20 * _SAMPLE].splitlines() if not line.isascii())
    sample = b"\n".join(lines)[:_SAMPLE].rpartition(b"\n")
    matches = from_bytes(sample[0] or sample[2], cp_isolation=list(_ENCODINGS))
    best = matches.best()
    if best is None:
        return None
    # on a tie, the most usual; in short files many encodings look equally good
    tied = [m for m in matches if m.chaos <= best.chaos and not _ODD.search(str(m))] or [best]
    known = {encoding for match in tied for encoding in match.could_be_from_charset}
    return next((encoding for encoding in _ENCODINGS if encoding in known), None)


def _row_of(data: bytes, position: int | None, encoding: str = "latin-1") -> int:
    """Count the rows up to a byte."""
    text = data[:position].decode(encoding, "ignore")
    return len(_LINE_END.findall(text)) + 1


# --- layout ------------------------------------------------------------------------------------


def _comments(lines: Iterator[str]) -> tuple[list[str], list[str]]:
    """Split off the ``#`` lines above a cBioPortal header; other files keep all their lines."""
    comments: list[str] = []
    for line in lines:
        if len(comments) < 5 and line.startswith("#") and "\t" in line:
            comments.append(line)
        elif "PATIENT_ID" in line.rstrip().split("\t"):
            return comments, [line]
        elif line.strip():
            return [], [*comments, line]
        else:  # blank lines above the header
            comments.append(line)
    return [], comments


def _separator(start: list[str], name: str) -> str:
    """Choose the separator that cuts the header into the most cells, and the rows into as many.

    Where none does both, the usual one that is most frequent in the header counts.
    """
    text = "".join(itertools.islice(itertools.dropwhile(str.isspace, start), AHEAD + 1))
    # texts in quotes may hold any of them
    bare = re.sub(r'"[^"]*("|$)', "x", text)
    header, *rows = _LINE_END.split(bare)
    rows = [row for row in rows if row.strip()]
    agree = [s for s in USUAL if s in header and all(r.count(s) == header.count(s) for r in rows)]
    if agree or any(s in header for s in USUAL):
        return max(agree or USUAL, key=header.count)
    for sign in FORMS:
        counts = {row.count(sign) for row in rows}
        most = max(counts, default=0)
        # one blank may stand within a name; in R's files the rows hold one cell more
        agrees = len(counts) == 1 and most - header.count(sign) in (0, 1)
        if sign in header and agrees and most > (sign == " "):
            return sign
    if rows and min(len(line.split()) for line in (header, *rows)) >= ALIGNED:
        what = "the columns seem to be set apart by blanks, which cells may hold too"
        raise refuse(name, what, "Save it with commas, semicolons or tabs between the cells")
    return ","
