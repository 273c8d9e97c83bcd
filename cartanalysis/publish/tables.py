"""The tables of a site's chapters as files to edit: CSV each, one workbook, one Word document.

They are read off the pages, so that a file never holds more than its page.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from xml.sax.saxutils import escape

import nbformat
import pandas as pd
import yaml
from bs4 import BeautifulSoup
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.writer.excel import ExcelWriter

from cartanalysis.chapter.handover import csv_of

FOLDER, WORKBOOK, DOCUMENT = "tables", "tables.xlsx", "tables.docx"
MARK = 'class="cart-table"'
"""What the HTML of a table that was handed over holds."""

STAMP = datetime(2020, 1, 1)
"""Date in the files, always the same: equal runs give equal bytes."""

_UNWRITABLE = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_NUMBER = re.compile(r"\d{1,15}(?:\.(\d+))?")
_WIDEST = 60


@dataclass(frozen=True)
class Table:
    """A table as its page shows it."""

    name: str
    chapter: str
    caption: str
    headings: list[str]
    rows: list[list[str]]


def collect(pages: Mapping[str, nbformat.NotebookNode]) -> list[Table]:
    """Give the tables that chapters show, and let each page offer its own as CSV."""
    found: list[Table] = []
    for chapter, notebook in pages.items():
        outputs = [o for c in notebook.cells for o in c.get("outputs", [])]
        shown = [o for o in outputs if MARK in o.get("data", {}).get("text/html", "")]
        for place, output in enumerate(shown, start=1):
            name = f"{chapter}-{place}"
            found.append(_read(name, chapter, output.data["text/html"]))
            output.data["text/html"] += (
                f'<p class="cart-files"><a href="../{FOLDER}/{name}.csv" download>'
                "This table (CSV)</a></p>"
            )
    return found


def _read(name: str, chapter: str, text: str) -> Table:
    table = BeautifulSoup(text, "html.parser").select_one(f"[{MARK}] table")
    if table is None or table.caption is None:
        raise ValueError(f"{name}: a table without a caption; make it with html_table")
    head, *rows = ([_text(c.get_text()) for c in r(["th", "td"])] for r in table("tr"))
    return Table(name, chapter, _text(table.caption.get_text()), head, rows)


def _text(text: str) -> str:
    return _UNWRITABLE.sub("", text).strip()


def write(folder: Path, tables: Sequence[Table], paragraph: str) -> None:
    """Write all tables, and the paragraph that says how they were computed."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for table in tables:
        text = csv_of(pd.DataFrame(table.rows, columns=table.headings))
        # programs that write spreadsheets know by the mark that this is Unicode
        (folder / FOLDER / f"{table.name}.csv").write_text(text, encoding="utf-8-sig")
    (folder / WORKBOOK).write_bytes(_workbook(tables, paragraph))
    (folder / DOCUMENT).write_bytes(_document(tables, paragraph))


def _zipped(parts: Mapping[str, bytes | str]) -> bytes:
    """Pack parts with one date."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, STAMP.timetuple()[:6])
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


# --- Excel ---------------------------------------------------------------------------------------


def _workbook(tables: Sequence[Table], paragraph: str) -> bytes:
    book = Workbook()
    book.properties.created = book.properties.modified = STAMP
    contents = book.worksheets[0]
    contents.title = "Contents"
    contents.column_dimensions["C"].width = 100
    for column, heading in enumerate(("Sheet", "Chapter", "Table"), start=1):
        contents.cell(1, column, heading).font = Font(bold=True)
    for place, table in enumerate(tables, start=1):
        sheet = book.create_sheet(f"Table {place}")
        _fill(contents.cell(place + 1, 1), sheet.title)
        contents.cell(place + 1, 1).hyperlink = f"#'{sheet.title}'!A1"
        _fill(contents.cell(place + 1, 2), table.chapter)
        _fill(contents.cell(place + 1, 3), table.caption)
        _fill(sheet.cell(1, 1), table.caption)
        for number, row in enumerate([table.headings, *table.rows], start=3):
            for column, text in enumerate(row, start=1):
                _fill(sheet.cell(number, column), text)
        for column, heading in enumerate(table.headings, start=1):
            sheet.cell(3, column).font = Font(bold=True)
            texts = [heading, *(row[column - 1] for row in table.rows)]
            width = min(max(map(len, texts)) + 2, _WIDEST)
            sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.freeze_panes = "A4"
    last = contents.cell(len(tables) + 3, 3)
    _fill(last, paragraph)
    last.alignment = Alignment(wrap_text=True, vertical="top")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        ExcelWriter(book, archive).save()
    with zipfile.ZipFile(packed) as archive:
        return _zipped({name: archive.read(name) for name in archive.namelist()})


def _fill(cell: Cell, text: str) -> None:
    """Write a number as one, with the digits shown; any other text as text, never as a formula."""
    if number := _NUMBER.fullmatch(text):
        cell.value = float(text) if number[1] else int(text)
        cell.number_format = f"0.{'0' * len(number[1])}" if number[1] else "0"
    else:
        cell.value = text
        cell.data_type = "s"


# --- Word ----------------------------------------------------------------------------------------

_FILE = resources.files("cartanalysis.publish") / "word.yml"
_PARTS: dict[str, str] = yaml.safe_load(_FILE.read_text("utf-8"))
_LINES = "".join(
    f'<w:{side} w:val="single" w:sz="8" w:color="000000"/>' for side in ("top", "bottom")
)


def _document(tables: Sequence[Table], paragraph: str) -> bytes:
    body = [_paragraph("Tables", "Heading1")]
    for place, table in enumerate(tables, start=1):
        body += [_paragraph(f"Table {place}. {table.caption}", "Caption"), _grid(table)]
    body += [_paragraph("Methods", "Heading1"), _paragraph(paragraph)]
    return _zipped({name: part.replace("{body}", "".join(body)) for name, part in _PARTS.items()})


def _paragraph(text: str, style: str = "Normal", *, bold: bool = False) -> str:
    mark = "<w:rPr><w:b/></w:rPr>" if bold else ""
    return (
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>'
        f'<w:r>{mark}<w:t xml:space="preserve">{escape(_text(text))}</w:t></w:r></w:p>'
    )


def _grid(table: Table) -> str:
    rows = [_row(table.headings, heading=True), *map(_row, table.rows)]
    columns = '<w:gridCol w:w="1500"/>' * len(table.headings)
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="0" w:type="auto"/><w:tblBorders>{_LINES}</w:tblBorders>'
        f"</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(texts: Sequence[str], *, heading: bool = False) -> str:
    cells = "".join(f"<w:tc>{_paragraph(text, bold=heading)}</w:tc>" for text in texts)
    repeated = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>" if heading else ""
    return f"<w:tr>{repeated}{cells}</w:tr>"
