"""Answer sheets as spreadsheet programs and people leave them: found, decoded, cut into cells."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cartanalysis.errors import InputError
from cartanalysis.intake.reading import delimited
from cartanalysis.intake.reading.detect import detect
from cartanalysis.intake.reading.files import damaged, refuse
from cartanalysis.intake.reading.table import as_text

KEY, VALUE = "id", "answer"
MOST_ROWS, MOST_COLUMNS = 500, 50
"""Of a workbook; an answer sheet has a dozen rows."""

_REMEDY = "Give the answer sheet, as a CSV file or an Excel workbook (.xlsx)"
_NO_HEADER = f"no answers could be read: no row names the columns {KEY} and {VALUE}"

Row = tuple[int, Sequence[str]]


def cells(data: bytes, name: str) -> tuple[dict[str, str], list[str]]:
    """Read the answers of a sheet.

    The header may stand below titles and blank lines; text may be in any encoding and with any
    separator that `cartanalysis.intake.reading.delimited` knows.
    """
    kind = detect(data, name)
    if kind == "xlsx":
        return _from_workbook(data, name)
    if kind != "text":
        raise refuse(name, "no answers could be read: this is no answer sheet", _REMEDY)
    return _collect(_text_rows(decoded(data, name), name), name)


def decoded(data: bytes, name: str) -> str:
    """Decode text in whatever encoding it is."""
    encoding = delimited._encoding(data, name, [])
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        what = "no answers could be read: the file holds bytes that are not text"
        raise refuse(name, what, "Save it as “CSV UTF-8”") from error


def _text_rows(text: str, name: str) -> Iterator[Row]:
    lines = text.splitlines(keepends=True)
    start, separator = _header_line(lines, name)
    reader = csv.reader(io.StringIO("".join(lines[start:]), newline=""), delimiter=separator)
    try:
        yield from enumerate(reader, start + 1)
    except csv.Error as error:
        what = f"no answers could be read: not readable as CSV ({error})"
        raise refuse(name, what, "Check the quotation marks") from error


def _header_line(lines: Sequence[str], name: str) -> tuple[int, str]:
    """Find the header's line, and the separator that makes it one."""
    for number, line in enumerate(lines[:MOST_ROWS]):
        for separator in delimited.FORMS:
            # quotation marks do not matter to names without separators in them
            if _is_header(part.strip().strip('"') for part in line.split(separator)):
                return number, separator
    raise refuse(name, _NO_HEADER, _REMEDY)


def _is_header(row: Iterable[str]) -> bool:
    return {KEY, VALUE} <= {cell.strip().lower() for cell in row}


def _from_workbook(data: bytes, name: str) -> tuple[dict[str, str], list[str]]:
    for rows in _sheets(data, name):
        start = next((i for i, (_, row) in enumerate(rows) if _is_header(row)), None)
        if start is not None:
            return _collect(rows[start:], name)
    raise refuse(name, _NO_HEADER, _REMEDY)


def _sheets(data: bytes, name: str) -> list[list[Row]]:
    import openpyxl  # takes a while: loaded for workbooks only

    from cartanalysis.intake.reading import workbook

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            workbook._check_members(archive, name)
        with warnings.catch_warnings():
            # openpyxl tells of drawings and styles it does not keep; none is an answer
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            return [_sheet_rows(sheet) for sheet in book.worksheets]
    except InputError:  # is a ValueError, but says already what is wrong
        raise
    except workbook._DAMAGED as error:
        raise damaged(name, "an Excel workbook") from error


def _sheet_rows(sheet: Any) -> list[Row]:
    sheet.reset_dimensions()  # what the sheet declares may be a million rows
    rows = sheet.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS)
    return [(number, [_cell(cell) for cell in row]) for number, row in enumerate(rows, start=1)]


def _cell(cell: Any) -> str:
    """Write a cell as it is shown: 70.2 % is kept as 0.702, with a format."""
    number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    if number and "%" in str(cell.number_format):
        return f"{as_text(100 * cell.value)} %"
    return as_text(cell.value)


def _collect(rows: Iterable[Row], name: str) -> tuple[dict[str, str], list[str]]:
    """Take the answers out of rows that start with the header."""
    numbered = iter(rows)
    header = [cell.strip().lower() for cell in next(numbered)[1]]
    key, value = header.index(KEY), header.index(VALUE)
    answers: dict[str, str] = {}
    remarks: list[str] = []
    for number, row in numbered:
        if len(row) <= key or not row[key].strip():
            continue
        if any(cell.strip() for cell in row[len(header) :]):
            remarks.append(
                f"row {number} has more cells than the header: left out (write a decimal point, "
                "or the answer in quotation marks)"
            )
            continue
        answers[row[key].strip().lower()] = row[value].strip() if len(row) > value else ""
    return answers, remarks
