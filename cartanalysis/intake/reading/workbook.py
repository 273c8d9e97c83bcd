"""Excel workbooks (.xlsx, .xlsm): one sheet, plain cells under one header row."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.cell import coordinate_to_tuple

from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake.reading.files import (
    MAX_UNPACKED_BYTES,
    damaged,
    empty,
    in_mb,
    refuse,
    too_large,
)
from cartanalysis.intake.reading.table import MAX_RECORDS, as_text, build, check_size, first_of
from cartanalysis.intake.source import Column, Source

_FORM = "Excel workbook"
_SMALL = 2**20  # bytes; how far so small a part unfolds does not matter
_LAST_ROW = 1_048_576  # of any Excel sheet; a damaged or hostile file may name rows beyond it

_MERE_TEXT = re.compile(r'"[^"]*"|[\\_*].')  # in a number format

MAX_RATIO = 200
"""Sheets of real tables unfold to some 10 to 30 times their packed size; a million times the same
empty cell to a thousand, and would fill the memory within the limit of unpacked bytes."""

# What zipfile, the XML parser and openpyxl let out on damaged workbooks.
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    ElementTree.ParseError,
    EOFError,
    OSError,  # no part is the workbook
    LookupError,  # a part or a style that is not there
    ValueError,
    TypeError,
    AttributeError,  # a part of another kind than the name says
    NotImplementedError,  # compressed in a way that Python does not know
    RuntimeError,  # encrypted within the zip
    OverflowError,
)


@dataclass
class _Layout:
    """What the cells' values do not tell of a sheet."""

    last_row: int = 0
    last_column: int = 0
    formulas: set[int] = field(default_factory=set)
    unsaved: list[tuple[int, int]] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


def parse(data: bytes, name: str, sheet: str | None = None) -> Source:
    """Read one sheet of a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive, name)
            with warnings.catch_warnings():
                # openpyxl tells of drawings, rules and styles it does not keep; none is a value
                warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
                book = openpyxl.load_workbook(
                    io.BytesIO(data), read_only=True, data_only=True, keep_links=False
                )
                return _read(book, archive, name, sheet)
    except InputError:  # is a ValueError, but says already what is wrong
        raise
    except _DAMAGED as error:
        raise damaged(name, "an Excel workbook") from error


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a workbook that unfolds too far; zipfile reads no more than is declared here."""
    members = archive.infolist()
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        what = f"unpacked, the workbook is larger than {in_mb(MAX_UNPACKED_BYTES)}"
        raise too_large(name, what)
    for member in members:
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            what = f"a part of the workbook unfolds to more than {MAX_RATIO} times its size"
            raise too_large(name, what)


def _read(book: Any, archive: zipfile.ZipFile, name: str, sheet: str | None) -> Source:
    chosen, notes = _choose(book, archive, name, sheet)
    with archive.open(chosen._worksheet_path) as stream:
        layout = _layout(stream, name)
    chosen.reset_dimensions()  # what the sheet declares may be a million rows
    cells = chosen.iter_rows(max_row=layout.last_row, max_col=layout.last_column)
    rows = (
        (number, row)
        for number, row in enumerate(cells, start=1)
        if any(cell.value is not None for cell in row)
    )
    header_row, first = next(rows, (0, ()))
    names = [as_text(cell.value) for cell in first]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise refuse(name, f"the sheet {shown(chosen.title)} is empty", "Choose another sheet")
    merged_rows = _merged(layout, header_row, name)
    problems = [
        Problem(
            f"the cells {merged} are merged, so that only the first holds the value",
            "Split them, and write the value into each",
            row=row,
        )
        for row, merged in merged_rows
    ]
    percentages: set[str] = set()
    struck: dict[int, None] = {}

    def texts() -> Iterator[tuple[int, list[str]]]:
        for number, row in rows:
            for column, cell in zip(names, row, strict=False):
                if cell.data_type == "e":
                    what = "the cell shows an error of the spreadsheet program"
                    remedy = "Correct the formula or empty the cell"
                    problems.append(Problem(what, remedy, number, column, str(cell.value)))
                elif cell.value is not None and cell.has_style:
                    if _is_percentage(cell):
                        percentages.add(column)
                    if cell.font.strike:
                        struck[number] = None
            yield number, [_text(cell) for cell in row]

    header = [Column(text) for text in names]
    source = build(name, _FORM, header, texts(), header_row=header_row, width=layout.last_column)
    for row, index in layout.unsaved:
        what = "the cell holds a formula without a stored value"
        remedy = "Open the workbook in the spreadsheet program and save it again"
        problems.append(Problem(what, remedy, row, _name_of(index, names)))
    notes += _notes(layout, names, sorted(percentages), [str(n) for n in struck], header_row)
    return replace(
        source, notes=(*notes, *source.notes), problems=first_of((*problems, *source.problems))
    )


def _is_percentage(cell: Any) -> bool:
    """Tell whether a number is shown times 100; a quoted sign of percent is mere text."""
    is_number = isinstance(cell.value, int | float) and not isinstance(cell.value, bool)
    layout = str(cell.number_format)
    return is_number and "%" in layout and "%" in _MERE_TEXT.sub("", layout)


def _text(cell: Any) -> str:
    """Write a cell as it is shown, where that changes its value."""
    if cell.data_type == "e":
        return ""
    if cell.value is not None and cell.has_style and _is_percentage(cell):
        return f"{as_text(cell.value * 100)}%"
    return as_text(cell.value)


def _choose(
    book: Any, archive: zipfile.ZipFile, name: str, sheet: str | None
) -> tuple[Any, list[str]]:
    """Take the sheet that the user named, or the only one that holds anything."""
    filled = [s for s in book.worksheets if _holds_anything(archive, s._worksheet_path)]
    listed = ", ".join(shown(s.title) for s in filled)
    if sheet is not None:
        wanted = next((s for s in filled if s.title == sheet), None)
        if wanted is None:
            what = f"there is no sheet {shown(sheet)} with anything in it"
            raise refuse(name, what, f"Give one of these: {listed or 'there is none'}")
        return wanted, [f"Read from the sheet {shown(wanted.title)}."]
    if not filled:
        raise empty(name)
    visible = [s for s in filled if s.sheet_state == "visible"] or filled
    if len(visible) > 1:
        what = f"the workbook has several sheets: {listed}"
        raise refuse(
            name, what, "Say which one to read; they are not joined, so all columns must be in it"
        )
    hidden = [shown(s.title) for s in filled if s not in visible]
    notes = [f"Hidden sheets were not read: {', '.join(hidden)}."] if hidden else []
    return visible[0], notes


def _holds_anything(archive: zipfile.ZipFile, path: str) -> bool:
    with archive.open(path) as stream:
        for _, element in ElementTree.iterparse(stream):
            if _tag(element) in ("v", "t") and (element.text or "").strip():
                return True
            if _tag(element) in ("f", "row"):
                if _tag(element) == "f":
                    return True
                element.clear()
    return False


def _layout(stream: IO[bytes], name: str) -> _Layout:
    """Go through a sheet once, a row at a time."""
    layout = _Layout()
    row, filled = 0, 0
    for _, element in ElementTree.iterparse(stream):
        tag = _tag(element)
        if tag == "row":
            row = int(element.get("r", row + 1))
            if row > _LAST_ROW:
                raise ValueError("a row beyond the last row of any sheet")
            if element.get("hidden") in ("1", "true"):
                layout.hidden_rows.append(row)
            if _note_cells(element, row, layout):
                filled += 1
                layout.last_row = row
                if filled > MAX_RECORDS + 1:
                    what = f"the sheet has more than {MAX_RECORDS:,} rows, which is the limit"
                    raise too_large(name, what)
            element.clear()
        elif tag == "col" and element.get("hidden") in ("1", "true"):
            layout.hidden_columns.append((int(element.get("min", 0)), int(element.get("max", 0))))
        elif tag == "mergeCell":
            layout.merged.append(element.get("ref", ""))
    check_size(name, [get_column_letter(i + 1) for i in range(layout.last_column)], 0)
    return layout


def _note_cells(row: ElementTree.Element, number: int, layout: _Layout) -> bool:
    """Note a row's formulas and last column; say whether the row holds anything."""
    column, holds = 0, False
    for cell in row:
        place = cell.get("r")
        column = coordinate_to_tuple(place)[1] if place else column + 1
        parts = {_tag(part): part for part in cell}
        value = parts.get("v")
        stored = "is" in parts or (value is not None and bool(value.text))
        if "f" in parts:
            layout.formulas.add(column)
            if not stored and cell.get("t") != "str":  # a formula may give an empty text
                layout.unsaved.append((number, column))
        if stored or "f" in parts:
            holds = True
            layout.last_column = max(layout.last_column, column)
    return holds


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _merged(layout: _Layout, header_row: int, name: str) -> list[tuple[int, str]]:
    """List merged cells below the header, each with its first row; in the header they are fatal."""
    below = []
    for text in layout.merged:
        left, top, right, bottom = range_boundaries(text)
        if top <= header_row <= bottom or (bottom < header_row and left != right):
            what = f"the header has merged cells ({text})"
            remedy = "Split them, so that each column has one name in one row"
            raise refuse(name, what, remedy, row=header_row)
        if top <= layout.last_row and left <= layout.last_column:
            below.append((top, text))
    return below


def _name_of(index: int, names: Sequence[str]) -> str:
    named = names[index - 1] if index <= len(names) else ""
    return named or get_column_letter(index)


def _notes(
    layout: _Layout,
    names: Sequence[str],
    percentages: Sequence[str],
    struck: Sequence[str],
    header_row: int,
) -> list[str]:
    notes = []
    formulas = [_name_of(index, names) for index in sorted(layout.formulas)]
    if formulas:
        notes.append(
            f"Formulas ({_some(formulas)}) were read by the values that were stored with them."
        )
    hidden = [str(row) for row in layout.hidden_rows if header_row <= row <= layout.last_row]
    if hidden:
        notes.append(f"Hidden rows ({_some(hidden)}) were read like the others.")
    columns = [
        names[index - 1]
        for first, last in layout.hidden_columns
        for index in range(first, min(last, len(names)) + 1)
        if index > 0
    ]
    if columns:
        notes.append(f"Hidden columns ({_some(columns)}) were read like the others.")
    if percentages:
        notes.append(
            f"Cells formatted as a percentage ({_some(percentages)}) were read as they are shown: "
            "a stored 0.07 as 7 %."
        )
    if struck:
        notes.append(f"Rows with struck-out cells ({_some(struck)}) were read like the others.")
    return notes


def _some(texts: Sequence[str], limit: int = 10) -> str:
    more = f" and {len(texts) - limit} more" if len(texts) > limit else ""
    return ", ".join(shown(text) for text in texts[:limit]) + more
