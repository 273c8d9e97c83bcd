"""Excel workbooks (.xlsx, .xlsm): one sheet, plain cells under one header row."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import openpyxl
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.styles.colors import COLOR_INDEX, Color
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.worksheet._reader import FORMULA_TAG, WorkSheetParser

from cartanalysis.errors import InputError, Problem, listed, shown
from cartanalysis.intake.reading.files import (
    MAX_UNPACKED_BYTES,
    check_bytes,
    damaged,
    empty,
    refuse,
    too_large,
)
from cartanalysis.intake.reading.table import (
    MAX_RECORDS,
    as_text,
    build,
    check_size,
    with_names,
)
from cartanalysis.intake.source import Column, Source

_SMALL = 2**20  # bytes; how far so small a part unfolds does not matter
_LAST_ROW = 1_048_576  # of any Excel sheet; a damaged or hostile file may name rows beyond it
_MOST_NAMED = 10  # rows or columns in a note
_MERE_TEXT = re.compile(r'"[^"]*"|[\\_*].')  # in a number format
_SHOWN_PERCENT = re.compile(r'"[^"]*%[^"]*"|\\%')  # in a number format, as mere text
_FEW = 3  # if one row in so many is grey, or more, it is how the table is drawn
_GREYS = (0.15, 0.98)  # lightness, from black to white
_COLOURLESS = 8  # of 255; so much may red, green and blue differ in a grey
_THEME = {0: "FFFFFF", 1: "000000", 2: "E7E6E6"}  # a workbook's own grounds and type

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
    RuntimeError,  # encrypted within the zip, or compressed in a way that Python does not know
    OverflowError,
)

Place = tuple[int, int]  # row and column of a cell, both counted from 1


class _Sheet(WorkSheetParser):
    """A sheet, gone through once: its filled rows as text, and what the texts do not tell."""

    def __init__(self, sheet: Any) -> None:
        book = sheet.parent
        super().__init__(
            sheet._get_source(),
            sheet._shared_strings,
            data_only=True,
            epoch=book.epoch,
            date_formats=book._date_formats,
            timedelta_formats=book._timedelta_formats,
        )
        self.sheet = sheet
        self.rows: list[tuple[int, list[str]]] = []
        self.last_row = self.last_column = 0
        self.errors: dict[Place, str] = {}
        self.formulas: dict[Place, bool] = {}  # whether a value is stored with it
        self.percentages: dict[Place, int] = {}  # by how much the number is shown multiplied
        self.struck: dict[int, None] = {}
        self.in_full_colour: set[int] = set()  # rows with a cell that is not grey
        self.greys: dict[int, bool] = {}  # by style

    def parse_cell(self, element: ElementTree.Element) -> tuple[int, str]:
        """Write a cell as it is shown; give its column and text."""
        cell = ReadOnlyCell(self.sheet, **super().parse_cell(element))
        place = (cell.row, cell.column)
        if element.find(FORMULA_TAG) is not None:
            # a formula may give an empty text, which is stored as none
            self.formulas[place] = cell.value is not None or cell.data_type == "str"
        elif cell.value is None:
            return cell.column, ""
        self.last_row = cell.row
        self.last_column = max(self.last_column, cell.column)
        if cell.data_type == "e":
            self.errors[place] = str(cell.value)
            return cell.column, ""
        style = cell._style_id
        if style not in self.greys:
            self.greys[style] = cell.has_style and _is_grey(cell)
        if not self.greys[style]:
            self.in_full_colour.add(cell.row)
        if cell.value is not None and cell.has_style:
            if cell.font.strike:
                self.struck[cell.row] = None
            if times := _percentage(cell):
                self.percentages[place] = times
                return cell.column, f"{as_text(cell.value * times)}%"
        return cell.column, as_text(cell.value)

    def holds_anything(self) -> bool:
        """Look no further than the first cell with a text or a formula."""
        return any(self.formulas or any(text for _, text in row) for _, row in self.parse())


def parse(data: bytes, name: str, sheet: str | None = None, names: Collection[str] = ()) -> Source:
    """Read one sheet of a workbook: the given one, the only one, or the first with these names."""
    with _opened(data, name) as book:
        if names:
            sheets = (_read(one, name) for one in book.worksheets)
            rows = (((s, i), texts) for s in sheets for i, (_, texts) in enumerate(s.rows))
            found, above = with_names(rows, names, name)
            found.rows = found.rows[above:]
            return _table(found, name, [], is_whole=False)
        chosen, notes = _choose(book, name, sheet)
        return _table(_read(chosen, name), name, notes, is_whole=True)


def sheets(data: bytes, name: str) -> list[str]:
    """Name the sheets of a workbook that hold anything and are not hidden."""
    with _opened(data, name) as book:
        visible = [s for s in book.worksheets if s.sheet_state == "visible"]
        return [s.title for s in visible if _Sheet(s).holds_anything()]


@contextlib.contextmanager
def _opened(data: bytes, name: str) -> Iterator[Any]:
    """Open a workbook, and tell what is wrong with it in one way."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_members(archive, name)
        with warnings.catch_warnings():
            # openpyxl tells of drawings, rules and styles it does not keep; none is a value
            warnings.filterwarnings("ignore", category=UserWarning, module="openpyxl")
            yield openpyxl.load_workbook(
                io.BytesIO(data), read_only=True, data_only=True, keep_links=False
            )
    except InputError:  # is a ValueError, but says already what is wrong
        raise
    except _DAMAGED as error:
        raise damaged(name, "an Excel workbook") from error


def _check_members(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a workbook that unfolds too far; zipfile reads no more than is declared here."""
    members = archive.infolist()
    size = sum(member.file_size for member in members)
    check_bytes(name, size, MAX_UNPACKED_BYTES, "unpacked, the workbook")
    for member in members:
        if member.file_size > max(_SMALL, MAX_RATIO * member.compress_size):
            what = f"a part of the workbook unfolds to more than {MAX_RATIO} times its size"
            raise too_large(name, what)


# --- sheets ------------------------------------------------------------------------------------


def _choose(book: Any, name: str, sheet: str | None) -> tuple[Any, list[str]]:
    """Take the sheet that the user named, or the only one that holds anything."""
    filled = [s for s in book.worksheets if _Sheet(s).holds_anything()]
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
        remedy = (
            "Say which one to read (--sheet), or join them by tables: in a mapping file, as "
            "cartanalysis map proposes it"
        )
        raise refuse(name, what, remedy)
    hidden = [shown(s.title) for s in filled if s not in visible]
    notes = [f"Hidden sheets were not read: {', '.join(hidden)}."] if hidden else []
    return visible[0], notes


def _read(sheet: Any, name: str) -> _Sheet:
    """Go through all rows; what the sheet declares of its size is not believed."""
    found = _Sheet(sheet)
    for number, cells in found.parse():
        if number > _LAST_ROW:
            raise ValueError("a row beyond the last row of any sheet")
        check_size(name, [""] * found.last_column, 0)
        filled = {column: text for column, text in cells if text}
        if filled:
            found.rows.append((number, [filled.get(i, "") for i in range(1, max(filled) + 1)]))
        if len(found.rows) > MAX_RECORDS + 1:
            what = f"the sheet has more than {MAX_RECORDS:,} rows, which is the limit"
            raise too_large(name, what)
    return found


def _percentage(cell: Any) -> int:
    """Say by how much a number shown with a sign of percent is multiplied; 0 if it has none."""
    if not isinstance(cell.value, int | float) or isinstance(cell.value, bool):
        return 0
    layout = str(cell.number_format)
    # a quoted sign is mere text: 7 is then shown as 7 %, not as 700 %
    return 100 if "%" in _MERE_TEXT.sub("", layout) else int(bool(_SHOWN_PERCENT.search(layout)))


def _is_grey(cell: Any) -> bool:
    """Tell whether a cell is written in grey, or on grey."""
    ground = cell.fill.fgColor if cell.fill.fill_type == "solid" else None
    return any(_is_grey_colour(c) for c in (cell.font.color, ground) if c is not None)


def _is_grey_colour(colour: Color) -> bool:
    """Tell whether a colour is neither black, white nor coloured, however it is given."""
    base = _THEME.get(colour.theme, "") if colour.type == "theme" else ""
    if colour.type == "indexed" and colour.indexed < len(COLOR_INDEX):
        base = COLOR_INDEX[colour.indexed]
    elif colour.type == "rgb":
        base = colour.rgb
    red, green, blue = bytes.fromhex(base[-6:] or "000000")
    tint = colour.tint if colour.type == "theme" else 0
    light = red / 255 * (1 + tint) if tint < 0 else red / 255 + (1 - red / 255) * tint
    low, high = _GREYS
    return max(red, green, blue) - min(red, green, blue) <= _COLOURLESS and low < light < high


# --- table -------------------------------------------------------------------------------------


def _table(found: _Sheet, name: str, notes: Sequence[str], *, is_whole: bool) -> Source:
    if not found.rows:
        what = f"the sheet {shown(found.sheet.title)} is empty"
        raise refuse(name, what, "Choose another sheet")
    (header_row, texts), *rows = found.rows
    width = found.last_column
    cells = enumerate(_filled(texts, width), start=1)
    names = {i: found.errors.get((header_row, i), text) for i, text in cells}
    while not names[len(names)]:
        names.popitem()
    problems = _merged(found, header_row, name, is_whole=is_whole)
    for (row, index), value in found.errors.items():
        if row > header_row and index in names:
            what = "the cell shows an error of the spreadsheet program"
            remedy = "Correct the formula or empty the cell"
            problems.append(Problem(what, remedy, row, names[index], value))
    for (row, index), is_stored in found.formulas.items():
        if not is_stored:
            what = "the cell holds a formula without a stored value"
            remedy = "Open the workbook in the spreadsheet program and save it again"
            problems.append(Problem(what, remedy, row, _title(index, names)))
    return build(
        name,
        "Excel workbook",
        [Column(text) for text in names.values()],
        ((row, _filled(texts, width)) for row, texts in rows),
        header_row=header_row,
        width=width,
        notes=[*notes, *_notes(found, names, header_row)],
        problems=problems,
    )


def _title(index: int, names: Mapping[int, str]) -> str:
    return names.get(index) or get_column_letter(index)


def _filled(texts: Sequence[str], width: int) -> list[str]:
    return [*texts, *[""] * (width - len(texts))]


def _merged(found: _Sheet, header_row: int, name: str, *, is_whole: bool) -> list[Problem]:
    """Tell of merged cells below the header; in the header, or above it, they are fatal."""
    problems = []
    for text in (cells.ref for cells in found.merged_cells.mergeCell) if found.merged_cells else ():
        left, top, right, bottom = range_boundaries(text)
        # above a header that was searched, there may be anything
        is_above = is_whole and bottom < header_row and left != right
        if is_above or top <= header_row <= bottom:
            what = f"the header has merged cells ({text})"
            remedy = "Split them, so that each column has one name in one row"
            raise refuse(name, what, remedy, row=header_row)
        if header_row < top <= found.last_row and left <= found.last_column:
            what = f"the cells {text} are merged, so that only the first holds the value"
            remedy = "Split them, and write the value into each"
            problems.append(Problem(what, remedy, row=top))
    return problems


def _notes(found: _Sheet, names: Mapping[int, str], header_row: int) -> list[str]:
    percentages: dict[int, set[str]] = {1: set(), 100: set()}
    for (row, index), times in found.percentages.items():
        if row > header_row and index in names:
            percentages[times].add(names[index])
    rows = [row for row, _ in found.rows if row > header_row]
    grey = [row for row in rows if row not in found.in_full_colour]
    hidden_rows = [int(row) for row, about in found.row_dimensions.items() if _is_hidden(about)]
    ranges = [
        range(int(about["min"]), int(about["max"]) + 1)
        for about in filter(_is_hidden, found.column_dimensions.values())
    ]
    told = {
        "Formulas ({}) were read by the values that were stored with them.": [
            _title(index, names) for index in sorted({index for _, index in found.formulas})
        ],
        "Hidden rows ({}) were read like the others.": [
            str(row) for row in hidden_rows if header_row <= row <= found.last_row
        ],
        "Hidden columns ({}) were read like the others.": [
            text for index, text in names.items() if any(index in columns for columns in ranges)
        ],
        "Cells formatted as a percentage ({}) were read as they are shown: a stored 0.07 as 7 %.": (
            sorted(percentages[100])
        ),
        "Cells whose format adds a sign of percent ({}) were read as they are shown: a stored 7 as "
        "7 %.": sorted(percentages[1]),
        "Rows with struck-out cells ({}) were read like the others.": [
            str(row) for row in found.struck if row > header_row
        ],
        "Rows in grey ({}) were read like the others.": [
            str(row) for row in grey if len(grey) * _FEW < len(rows)
        ],
    }
    return [words.format(listed(texts, _MOST_NAMED)) for words, texts in told.items() if texts]


def _is_hidden(about: Mapping[str, str]) -> bool:
    return about.get("hidden") in ("1", "true")
