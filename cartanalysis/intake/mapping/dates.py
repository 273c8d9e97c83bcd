"""Calendar dates in cells: read only where there is one way to read them."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cartanalysis.intake.cells import Fault, are_mostly

ORDERS = ("YMD", "DMY", "MDY", "excel")  # of a date, or Excel's serial numbers
IN_WORDS = {"DMY": "day before month", "MDY": "month before day"}

EARLIEST = dt.date(1900, 1, 1)  # nobody here was born earlier; programs write it for "unknown"
EXCEL_ZERO = dt.date(1899, 12, 30)
"""Day 0 of Excel's serial numbers from 1 March 1900 on (before it, Excel counts a day too many)."""

EXCEL_FIRST = 61

_TIME = r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR, _MONTH, _DAY = r"(?P<year>\d{4})", r"(?P<month>\d{1,2})", r"(?P<day>\d{1,2})"
_SIGN, _AGAIN = "(?P<sign>[-/.])", "(?P=sign)"
_WRITTEN = {
    rf"{_YEAR}{_SIGN}{_MONTH}{_AGAIN}{_DAY}{_TIME}": "ymd",
    rf"{_YEAR}年{_MONTH}月{_DAY}日": "ymd",
    # what comes first is the day until the column says otherwise
    rf"{_DAY}{_SIGN} ?{_MONTH}{_AGAIN} ?{_YEAR}{_TIME}": "numeric",
    rf"{_DAY}[-/. ]?(?P<month>[A-Za-z]{{3,9}})[-/. ,]*{_YEAR}": "named",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})": "compact",
    r"(?P<serial>\d{5})(?:\.\d+)?": "serial",
}
"""Ways of writing a date, and the style that each is of."""

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


_STYLES = {
    "ymd": "like 2021-02-28",
    "numeric": "like 28.02.2021",
    "named": "like 28-FEB-2021",
    "compact": "like 20210228",
    "serial": "like 44255",
}


class Cell(NamedTuple):
    """A cell's date before day and month are told apart."""

    style: str  # how it is written: ymd, named, numeric, compact or serial
    year: int
    month: int
    day: int  # or what comes first of two numbers; the count of a serial number


class Dates(NamedTuple):
    """A column of dates, read."""

    values: list[dt.date | None]  # one per cell; none where it is empty or at fault
    faults: list[tuple[int, Fault]]  # position of the cell and what is wrong with it
    order: str  # that was used where it mattered, otherwise empty
    whole: Fault | None = None  # why the column cannot be read at all
    example: str = ""  # a cell that shows it


def split(text: str) -> Cell | Fault:
    """Take a date apart without deciding what is day and what is month."""
    for pattern, style in _WRITTEN.items():
        found = re.fullmatch(pattern, text, re.ASCII)
        parts = found.groupdict() if found else {}
        if style == "serial" and parts:
            return Cell(style, 0, 0, int(parts["serial"]))
        month = _month(parts["month"]) if parts else None
        if month is not None:
            return Cell(style, int(parts["year"]), month, int(parts["day"]))
    if _SHORT.fullmatch(text):
        return Fault("a year of two digits", "Write the year with four digits, as 2021-02-28")
    if _PARTIAL.fullmatch(text):
        remedy = "Complete it as your protocol says, such as with the middle of the month"
        return Fault("not a full date", remedy)
    return Fault("not a date", "Write it as 2021-02-28; leave the cell empty if there is none")


def _month(word: str) -> int | None:
    if word.isdigit():
        return int(word)
    short = word[:3].lower()
    return _MONTHS.index(short) + 1 if short in _MONTHS else None


def shows(cells: Iterable[Cell | Fault]) -> set[str]:
    """Say which orders of day and month cells show by themselves; none if all could be both."""
    numeric = [c for c in cells if isinstance(c, Cell) and c.style == "numeric"]
    found = {"DMY": any(c.day > 12 for c in numeric), "MDY": any(c.month > 12 for c in numeric)}
    return {order for order, is_shown in found.items() if is_shown}


def settles(cells: Iterable[str]) -> str:
    """Say which one order of day and month a column shows by itself."""
    orders = shows(map(split, cells))
    return orders.pop() if len(orders) == 1 else ""


def read(cells: Sequence[str | None], order: str, today: dt.date, shared: str = "") -> Dates:
    """Read a column of dates, one way of writing for the whole column."""
    parts = {i: split(text) for i, text in enumerate(cells) if text is not None}
    found = {i: cell for i, cell in parts.items() if isinstance(cell, Cell)}
    faults = [(i, fault) for i, fault in parts.items() if isinstance(fault, Fault)]
    values: list[dt.date | None] = [None] * len(cells)
    numeric = {i: c for i, c in found.items() if c.style == "numeric"}
    used: str | Fault = order
    if numeric and order not in IN_WORDS:
        used = _order_of(numeric.values(), order, shared)
    at, whole = _mixed(found) or (min(numeric, default=0), used)
    if isinstance(whole, Fault):
        return Dates(values, faults, order, whole, cells[at] or "")
    for i, cell in found.items():
        value = _date(cell, whole, today)
        if isinstance(value, Fault):
            faults.append((i, value))
        else:
            values[i] = value
    return Dates(values, sorted(faults), whole if numeric else "")


def _mixed(found: dict[int, Cell]) -> tuple[int, Fault] | None:
    """Refuse two ways of writing: Excel swaps day and month in just some cells of a column."""
    styles = Counter(cell.style for cell in found.values())
    if len(styles) < 2:
        return None
    usual = styles.most_common(1)[0][0]
    others = [i for i, cell in found.items() if cell.style != usual]
    told = " and ".join(f"{n} {_STYLES[style]}" for style, n in styles.most_common())
    what = f"dates are written in different ways: {told}"
    remedy = "Write all dates of the column as 2021-02-28; a spreadsheet may have swapped some"
    if "ymd" in styles:
        remedy += "; in a workbook, cells like 2021-02-28 are true dates, which it shows in any way"
    return min(others), Fault(what, remedy)


def _order_of(numeric: Iterable[Cell], order: str, shared: str) -> str | Fault:
    if order:
        return Fault(f"not in the order {order}", "Write order: DMY or order: MDY in the mapping")
    orders = shows(numeric)
    if len(orders) > 1:
        what = "some dates of the column have the day first, others the month"
        return Fault(what, "Write all dates of the column as 2021-02-28")
    if not orders and not shared:
        what = "day and month cannot be told apart in this column"
        return Fault(what, "Write order: DMY (day first) or order: MDY in the mapping file")
    return orders.pop() if orders else shared


def _date(cell: Cell, order: str, today: dt.date) -> dt.date | Fault:
    if cell.style == "serial":
        if order != "excel":
            remedy = "Format the column as a date and export again, or write order: excel"
            return Fault("a spreadsheet's serial number instead of a date", remedy)
        if cell.day < EXCEL_FIRST:
            return Fault("not a serial number of a date", "Write it as 2021-02-28")
        value = EXCEL_ZERO + dt.timedelta(days=cell.day)
    else:
        month, day = cell.month, cell.day
        if cell.style == "numeric" and order == "MDY":
            month, day = day, month
        try:
            value = dt.date(cell.year, month, day)
        except ValueError:
            return Fault("there is no such day", "Check day, month and year")
    if value > today:
        return Fault("a date in the future", "Check the year; leave it empty if not yet known")
    if value < EARLIEST:
        return Fault("a date before 1900", "Check the year; leave the cell empty if unknown")
    return value


def years_between(birth: dt.date, day: dt.date) -> int:
    """Count completed years of life."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def holds_dates(cells: Sequence[str]) -> bool:
    """Tell whether a column mostly holds calendar dates."""
    return are_mostly(cells, _is_date)


def _is_date(text: str) -> bool:
    found = split(text)
    return isinstance(found, Cell) and found.style != "serial"
