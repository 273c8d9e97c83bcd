"""From cells of any file to a `Source`: plain text, named columns, numbered rows, limits."""

from __future__ import annotations

import datetime as dt
import numbers
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import TypeVar

import numpy as np

from cartanalysis.contract import FIELDS
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.reading.files import refuse, too_large
from cartanalysis.intake.source import Column, Source

MAX_PATIENTS = 1_000_000
"""Far more than were ever treated with CAR T cells; `bench/large.py` measures what so many need."""

MAX_RECORDS = 200_000  # rows, where a patient has several, as of adverse events
MAX_COLUMNS = 2_000  # the widest exports have some hundreds; no gene expression
MAX_CELLS = 24_000_000
"""All cells are held in memory as text: at 8 bytes each where a column repeats its texts, at about
70 where it does not."""

MOST_TEXTS = 2**14  # different texts of a column that are held once
MAX_CELL_LENGTH = 10_000  # a longer cell is usually a quotation mark that was never closed
MAX_TOLD = 50  # problems of one file told one by one; after that only their number
MAX_TITLE_LINES = 10  # so many rows are looked at for a header below a title
MAX_NAME_LENGTH = 60  # characters; no name of a column is longer, but sentences are
T = TypeVar("T")

SEPARATOR = re.compile(r"[,;\t|]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_RECORD_MARKS = (
    *({"USUBJID", "PARAMCD"}, {"USUBJID", "AEDECOD"}, {"USUBJID", "DOMAIN"}),
    *({"REDCAP_EVENT_NAME"}, {"REDCAP_REPEAT_INSTANCE"}),
)


def as_text(value: object) -> str:
    """Write a value the way a person would type it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return tidy(value)
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return tidy(value.replace(microsecond=0, tzinfo=None).isoformat())
    if isinstance(value, dt.timedelta):
        return as_text(value / dt.timedelta(days=1))
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        digits = 7 if isinstance(value, np.float32 | np.float16) else 15
        value = Decimal(f"{float(value):.{digits}g}")
    if isinstance(value, Decimal):
        return _plain(value)
    return tidy(str(value))


def _plain(number: Decimal) -> str:
    if number.is_nan() or not number:
        return "" if number.is_nan() else "0"
    text = f"{number:f}".replace("Infinity", "inf")
    return text.rstrip("0").rstrip(".") if "." in text else text


def tidy(text: str) -> str:
    """Take the blanks around a text, and a time of midnight after a date."""
    return text.strip().removesuffix("T00:00:00")


def numbered(columns: Sequence[Sequence[str]]) -> Iterator[tuple[int, Sequence[str]]]:
    """Turn columns into rows, numbered as if a header stood above them."""
    yield from enumerate(zip(*columns, strict=True), start=2)


def with_names(rows: Iterable[tuple[T, list[str]]], names: Collection[str], name: str) -> T:
    """Find the first row with these names, in any case and in quotation marks or not."""
    for place, cells in rows:
        if {*names} <= {cell.strip().strip('"').lower() for cell in cells}:
            return place
    what = f"no row names the columns {' and '.join(names)}"
    raise refuse(name, what, "Give the file with these columns")


def row_limit(names: Iterable[str]) -> int:
    """Say how many rows a table with these columns may have."""
    upper = {name.upper() for name in names}
    return MAX_RECORDS if any(marks <= upper for marks in _RECORD_MARKS) else MAX_PATIENTS


def check_size(name: str, names: Collection[str], n_rows: int) -> None:
    """Refuse a table that is larger than this book reads."""
    if len(names) > MAX_COLUMNS:
        what = f"the table has {len(names):,} columns; the limit is {MAX_COLUMNS:,}"
        raise too_large(name, what)
    limit = row_limit(names)
    if n_rows > limit:
        raise too_large(name, f"the table has more than {limit:,} rows, which is the limit")
    if n_rows * len(names) > MAX_CELLS:
        raise too_large(name, f"the table has more than {MAX_CELLS:,} cells, which is the limit")


def check_patients(name: str, n_patients: int) -> None:
    """Refuse more patients than this book reads, after their rows were put together."""
    if n_patients > MAX_PATIENTS:
        raise too_large(name, f"there are more than {MAX_PATIENTS:,} patients, which is the limit")


def build(
    name: str,
    form: str,
    header: Sequence[Column],
    rows: Iterable[tuple[int, Sequence[str]]],
    *,
    header_row: int = 1,
    width: int = 0,
    notes: Sequence[str] = (),
    problems: Sequence[Problem] = (),
) -> Source:
    """Make a table of text from a header and rows; what is wrong with them becomes problems.

    Rows are taken one at a time, so that a file far too long is refused after its first part.
    """
    found, told = list(problems), list(notes)
    names = [column.name for column in header]
    check_size(name, names, 0)
    kept = _checked_names(names, header_row, found)
    cells: dict[int, list[str]] = {i: [] for i, text in enumerate(names) if i in kept or not text}
    seen: dict[int, dict[str, str]] = {i: {} for i in cells}
    kept_rows: list[int] = []
    width = max(width, len(names))
    ragged: list[tuple[int, int]] = []
    early: list[tuple[int, Sequence[str]]] = []
    most = min(row_limit(names), MAX_CELLS // max(len(names), 1))
    filled = ((n, row) for n, row in rows if any(cell and not cell.isspace() for cell in row))
    for count, (number, row) in enumerate(filled, start=1):
        if count <= MAX_TITLE_LINES:
            early.append((number, row))
        if count > most:
            check_size(name, names, count)
        # a row that is longer may be shifted: even an empty cell at its end is not dropped
        if not len(names) <= len(row) <= width or any(cell.strip() for cell in row[len(names) :]):
            ragged.append((number, len(row)))
            continue
        kept_rows.append(number)
        for index, column in cells.items():
            text, known = row[index], seen[index]
            if text not in known:
                checked = _checked_cell(text.strip(), number, names[index], found)
                if len(known) >= MOST_TEXTS or (text and not checked):  # told in each of its rows
                    column.append(checked)
                    continue
                known[text] = checked
            column.append(known[text])
    better = _better_header(names, early)
    if better is not None:
        what = "the row does not look like a header"
        remedy = f"Is it row {better}? Then delete the rows above that one"
        raise refuse(name, what, remedy, row=header_row)
    found += _ragged(ragged, width, len(names), is_all=not kept_rows)
    for index in (i for i in cells if i not in kept):
        _judge_unnamed(index, cells[index], kept_rows, told, found)
    if not kept_rows and not found:
        found.append(Problem("there is no patient in the file", "Add one row per patient"))
    return Source(
        name=name,
        form=form,
        columns=tuple(header[index] for index in kept),
        cells={names[index]: cells[index] for index in kept},
        rows=tuple(kept_rows),
        notes=tuple(told),
        problems=first_of(found),
    )


def _ragged(
    rows: Sequence[tuple[int, int]], width: int, n_names: int, *, is_all: bool
) -> list[Problem]:
    """Tell which rows, by number and length, do not fit the header; R leaves it one name short."""
    if rows and is_all and all(n == width + 1 for _, n in rows):
        what = f"every row has {width + 1} cells, the header {width}"
        remedy = (
            "R's write.table leaves out the name above the row names: use write.csv(x, row.names "
            "= FALSE). If the rows end with a separator too many, delete it"
        )
        return [Problem(what, remedy, row=rows[0][0])]
    remedy = "Quote cells that hold the separator, or fill the row"
    # a row may be as wide as the header with cells that are empty there
    compared = ((row, n, n_names if n == width else width) for row, n in rows)
    return [Problem(f"the row has {n} cells, the header {m}", remedy, r) for r, n, m in compared]


def _better_header(names: Sequence[str], early: list[tuple[int, Sequence[str]]]) -> int | None:
    """Find the header below a title: a row of more names than the first row has."""
    titles = [name for name in names if name]
    if len(titles) != 1 or titles[0] in FIELDS:
        return None
    fewest = 2 if " " in titles[0] else 3
    for number, row in early:
        # a title without the file's separator leaves the header in one cell
        is_one_cell = len(names) == 1 and not any(c.strip() for c in row[1:])
        cells = SEPARATOR.split(row[0]) if is_one_cell else row
        filled = [cell.strip() for cell in cells if cell.strip()]
        words = all(len(c) <= MAX_NAME_LENGTH and (c[0].isalpha() or c[0] in "%#№") for c in filled)
        if len(filled) >= fewest and words and len(set(filled)) == len(filled):
            return number
    return None


def first_of(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Keep as many problems as anyone reads, and say how many more there are."""
    more = len(problems) - MAX_TOLD
    if more <= 0:
        return tuple(problems)
    rest = Problem(f"more problems in the file: {more:,}", "Correct these first, then try again")
    return (*problems[:MAX_TOLD], rest)


def _judge_unnamed(
    index: int, values: list[str], rows: list[int], notes: list[str], problems: list[Problem]
) -> None:
    """Leave out a column without a name if it is empty or only counts the rows."""
    counts = [[str(i + start) for i in range(len(values))] for start in (0, 1)]
    if index == 0 and any(values) and values in counts:  # R and pandas write one unless told not to
        notes.append("The first column has no name and only counts the rows; it was left out.")
        return
    for row, value in zip(rows, values, strict=True):
        if value:
            what = f"there is a value in column {index + 1}, which has no name"
            remedy = "Name the column in the header, or delete it"
            problems.append(Problem(what, remedy, row=row, value=value))
            return


def _checked_names(names: Sequence[str], row: int, problems: list[Problem]) -> list[int]:
    """Choose the columns to keep, by position: named, for the first time."""
    kept: dict[str, int] = {}
    for index, text in enumerate(names):
        if text in kept:
            what = "the column is there twice"
            remedy = "Keep one of them, or give them different names"
            problems.append(Problem(what, remedy, row=row, column=text))
        elif len(text) > MAX_CELL_LENGTH or not text.isprintable():
            what = f"the name of column {index + 1} cannot be shown: {shown(text)}"
            remedy = "Give it a short name in one line of plain text"
            problems.append(Problem(what, remedy, row=row))
        elif text:
            kept[text] = index
    return list(kept.values())


def _checked_cell(text: str, row: int, column: str, problems: list[Problem]) -> str:
    if not column:  # told as a whole
        return text
    if len(text) > MAX_CELL_LENGTH:
        what = f"the cell has {len(text):,} characters; the limit is {MAX_CELL_LENGTH:,}"
        remedy = "Check the quotation marks, or shorten the text"
        problems.append(Problem(what, remedy, row, column, text[:100]))
        return ""
    if not text.isascii() and _SURROGATE.search(text):
        what = "the cell holds half of a character (an unpaired surrogate)"
        problems.append(Problem(what, "Type it again", row, column, text))
        return ""
    return text
