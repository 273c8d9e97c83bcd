"""Calendar dates in cells: read only where there is one way to read them."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cartanalysis.intake.cells import Fault

ORDERS = ("YMD", "DMY", "MDY", "excel")
"""How a mapping file names the order of year, month and day, or Excel's serial numbers."""

IN_WORDS = {"DMY": "day before month", "MDY": "month before day"}

EARLIEST = dt.date(1900, 1, 1)
"""Nobody in a cohort of our time was born earlier; programs write it for "unknown"."""

EXCEL_ZERO = dt.date(1899, 12, 30)
"""Day 0 of Excel's serial numbers from 1 March 1900 on (before it, Excel counts a day too many)."""

EXCEL_FIRST = 61

_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YMD = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_CHINESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)
_NUMERIC = re.compile(rf"(\d{{1,2}})([-/.]) ?(\d{{1,2}})\2 ?(\d{{4}}){_TIME}", re.ASCII)
_NAMED = re.compile(r"(\d{1,2})[-/. ]?([A-Za-z]{3,9})[-/. ,]*(\d{4})", re.ASCII)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
_SHORT = re.compile(
    r"\d{1,2}([-/. ])\d{1,2}\1\d{2}|\d{1,2}[-/. ]?[A-Za-z]{3,9}[-/. ]?\d{2}", re.ASCII
)
_PARTIAL = re.compile(
    r"\d{4}|\d{4}[-/.](\d{1,2}|[A-Za-z?]{2,3})([-/.][A-Za-z?]{2,3})?|\d{1,2}[-/.]\d{4}"
    r"|[A-Za-z?]{2,9}[-/. ]*[A-Za-z?]{0,3}[-/. ]*\d{4}",
    re.ASCII,
)
# written out, because `calendar` follows the machine's language
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class Cell(NamedTuple):
    """A cell's date before year, month and day are told apart."""

    style: str  # how it is written: ymd, named, numeric, compact or serial
    parts: tuple[int, ...]  # its numbers, in the order written; the count of a serial number


class Dates(NamedTuple):
    """A column of dates, read."""

    values: list[dt.date | None]  # one per cell; none where it is empty or at fault
    faults: list[tuple[int, Fault]]  # position of the cell and what is wrong with it
    order: str  # that was used where it mattered, otherwise empty
    whole: Fault | None = None  # why the column cannot be read at all
    example: str = ""  # a cell that shows it


def split(text: str) -> Cell | Fault:
    """Take a date apart without deciding what is day and what is month."""
    if m := _YMD.fullmatch(text):
        return Cell("ymd", (int(m[1]), int(m[3]), int(m[4])))
    if m := _CHINESE.fullmatch(text):
        return Cell("ymd", (int(m[1]), int(m[2]), int(m[3])))
    if m := _NUMERIC.fullmatch(text):
        return Cell("numeric", (int(m[1]), int(m[3]), int(m[4])))
    if m := _NAMED.fullmatch(text):
        month = _month(m[2])
        if month is not None:
            return Cell("named", (int(m[1]), month, int(m[3])))
    if m := _COMPACT.fullmatch(text):
        return Cell("compact", (int(m[1]), int(m[2]), int(m[3])))
    if m := _SERIAL.fullmatch(text):
        return Cell("serial", (int(m[1]),))
    if _SHORT.fullmatch(text):
        return Fault("a year of two digits", "Write the year with four digits, as 2021-02-28")
    if _PARTIAL.fullmatch(text):
        remedy = "Complete it as your protocol says, or leave the cell empty"
        return Fault("not a full date", remedy)
    return Fault("not a date", "Write it as 2021-02-28; leave the cell empty if there is none")


def _month(word: str) -> int | None:
    short = word[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else None


def settles(cells: Iterable[str]) -> str:
    """Say which order of day and month a column shows by itself."""
    parts = [c.parts for c in map(split, cells) if isinstance(c, Cell) and c.style == "numeric"]
    day_first, month_first = any(p[0] > 12 for p in parts), any(p[1] > 12 for p in parts)
    return "" if day_first == month_first else "DMY" if day_first else "MDY"


def read(cells: Sequence[str | None], order: str, today: dt.date, shared: str = "") -> Dates:
    """Read a column of dates, one way of writing for the whole column."""
    faults: list[tuple[int, Fault]] = []
    found: dict[int, Cell] = {}
    for i, text in enumerate(cells):
        cell = None if text is None else split(text)
        if isinstance(cell, Cell):
            found[i] = cell
        elif cell is not None:
            faults.append((i, cell))
    values: list[dt.date | None] = [None] * len(cells)
    odd = _mixed(found)
    if odd is not None:
        return Dates(values, sorted(faults), order, odd[1], cells[odd[0]] or "")
    numeric = {i: c for i, c in found.items() if c.style == "numeric"}
    used = order
    if numeric and order not in IN_WORDS:
        decided = _order_of(numeric, order, shared)
        if isinstance(decided, Fault):
            return Dates(values, sorted(faults), order, decided, cells[min(numeric)] or "")
        used = decided
    for i, cell in found.items():
        value = _date(cell, used, today)
        if isinstance(value, Fault):
            faults.append((i, value))
        else:
            values[i] = value
    return Dates(values, sorted(faults), used if numeric else "")


def _mixed(found: dict[int, Cell]) -> tuple[int, Fault] | None:
    """Refuse two ways of writing: Excel swaps day and month in just some cells of a column."""
    styles = Counter(cell.style for cell in found.values())
    if len(styles) < 2:
        return None
    usual = styles.most_common(1)[0][0]
    others = [i for i, cell in found.items() if cell.style != usual]
    what = f"dates are written in different ways ({len(others)} of {len(found)} unlike the rest)"
    remedy = "Write all dates of the column as 2021-02-28; a spreadsheet may have swapped some"
    return min(others), Fault(what, remedy)


def _order_of(numeric: dict[int, Cell], order: str, shared: str) -> str | Fault:
    if order:
        return Fault(f"not in the order {order}", "Write order: DMY or order: MDY in the mapping")
    day_first = any(c.parts[0] > 12 for c in numeric.values())
    month_first = any(c.parts[1] > 12 for c in numeric.values())
    if day_first and month_first:
        what = "some dates of the column have the day first, others the month"
        return Fault(what, "Write all dates of the column as 2021-02-28")
    if not day_first and not month_first and shared:
        return shared
    if not day_first and not month_first:
        what = "day and month cannot be told apart in this column"
        return Fault(what, "Write order: DMY (day first) or order: MDY in the mapping file")
    return "DMY" if day_first else "MDY"


def _date(cell: Cell, order: str, today: dt.date) -> dt.date | Fault:
    if cell.style == "serial":
        if order != "excel":
            remedy = "Format the column as a date and export again, or write order: excel"
            return Fault("a spreadsheet's serial number instead of a date", remedy)
        if cell.parts[0] < EXCEL_FIRST:
            return Fault("not a serial number of a date", "Write it as 2021-02-28")
        value = EXCEL_ZERO + dt.timedelta(days=cell.parts[0])
    else:
        year, month, day = _in_order(cell, order)
        try:
            value = dt.date(year, month, day)
        except ValueError:
            return Fault("there is no such day", "Check day, month and year")
    if value > today:
        return Fault("a date in the future", "Check the year; leave it empty if not yet known")
    if value < EARLIEST:
        return Fault("a date before 1900", "Check the year; leave the cell empty if unknown")
    return value


def _in_order(cell: Cell, order: str) -> tuple[int, int, int]:
    first, second, third = cell.parts
    if cell.style in ("ymd", "compact"):
        return first, second, third
    if cell.style == "numeric" and order == "MDY":
        return third, first, second
    return third, second, first


def years_between(birth: dt.date, day: dt.date) -> int:
    """Count completed years of life."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
