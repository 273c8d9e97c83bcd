"""CDISC Dataset-JSON 1.1: one JSON document, or newline-delimited; either may be compressed.

The compressed form of the standard (``.dsjc``) is a zlib stream of the newline-delimited one:
https://cdisc-org.github.io/DataExchange-DatasetJson/doc/compressed-dataset-json1-1.html
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import itertools
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from cartanalysis.errors import Problem
from cartanalysis.intake.reading.files import MAX_UNPACKED_BYTES, check_bytes, damaged, refuse
from cartanalysis.intake.reading.table import as_text, build, check_size, first_of
from cartanalysis.intake.source import Column, Source

MAX_DOCUMENT_BYTES = 64 * 2**20
"""64 MB: a document has to be parsed as a whole, at up to twenty times its size in memory; the
newline-delimited form is read row by row."""

_FORM = "Dataset-JSON"
_ORIGIN = dt.datetime(1960, 1, 1)  # of SAS dates and times
_DATE = re.compile(r"(DATE|YYMMDD|DDMMYY|MMDDYY|(E8601|IS8601|B8601)DA)[A-Z]?[\d.]*")
_DATETIME = re.compile(r"(DATETIME|(E8601|IS8601|B8601)DT)[\d.]*")


def parse(data: bytes, name: str) -> Source:
    """Read Dataset-JSON, as one document or newline-delimited."""
    check_bytes(name, len(data), MAX_UNPACKED_BYTES)
    about, rows = _split(data, name)
    entries = about.get("columns")
    if not isinstance(entries, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in entries
    ):
        what = "the file is JSON, but not CDISC Dataset-JSON 1.1 (it does not list its columns)"
        raise refuse(name, what, "Give Dataset-JSON 1.1, or save the table as CSV")
    check_size(name, [entry["name"] for entry in entries], 0)
    header = [
        Column(entry["name"].strip(), str(entry.get("label") or "").strip()) for entry in entries
    ]
    problems: list[Problem] = []
    source = build(name, _FORM, header, _records(rows, about, name, problems))
    return replace(source, problems=first_of((*source.problems, *problems)))


def _records(
    rows: Iterable[Any], about: Mapping[str, Any], name: str, problems: list[Problem]
) -> Iterator[tuple[int, list[str]]]:
    """Write the records as text, numbered as if a header stood above them, and count them."""
    number = 1
    for number, row in enumerate(rows, start=2):
        yield number, _texts(row, about["columns"], number, name, problems)
    stated = about.get("records")
    if isinstance(stated, int) and stated != number - 1:
        what = f"the file says that it has {stated:,} records, but holds {number - 1:,}"
        problems.append(Problem(what, "Export or copy it again"))


def _split(data: bytes, name: str) -> tuple[Mapping[str, Any], Iterable[Any]]:
    """Tell the description of the dataset from its rows, which are read one by one if possible."""
    stream = io.BytesIO(data.removeprefix(b"\xef\xbb\xbf").lstrip())
    first = stream.readline()
    check_bytes(name, len(first), MAX_DOCUMENT_BYTES, "the JSON document")
    try:
        about = json.loads(first)
    except (ValueError, RecursionError):  # not complete in one line
        about = _parsed(first + stream.read(), name)
    if not isinstance(about, dict):
        about = {}
    if isinstance(about.get("rows"), list):
        if stream.read().strip():
            raise damaged(name, "a Dataset-JSON file")
        return about, about["rows"]
    return about, (_parsed(line, name) for line in stream if line.strip())


def _parsed(text: bytes, name: str) -> Any:
    check_bytes(name, len(text), MAX_DOCUMENT_BYTES, "the JSON document")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # also what is not UTF-8, or nested without end
        raise damaged(name, "a Dataset-JSON file") from error


def _texts(
    row: Any, entries: list[dict[str, Any]], number: int, name: str, problems: list[Problem]
) -> list[str]:
    if isinstance(row, dict):
        row = [row.get(entry["name"]) for entry in entries]
    if not isinstance(row, list):
        raise damaged(name, "a Dataset-JSON file")
    texts = []
    # a short row stays short, and is told
    pairs: Iterable[tuple[Any, Any]] = itertools.zip_longest(row, entries[: len(row)], fillvalue={})
    for value, entry in pairs:
        column, text = entry.get("name"), ""
        try:
            if isinstance(value, list | dict):
                problems.append(Problem("the cell holds a list", "Give one value", number, column))
            else:
                text = _text(value, entry)
        except OverflowError:
            what = "the date lies outside the calendar (year 1 to 9999)"
            problems.append(Problem(what, "Correct it", number, column, as_text(value)))
        texts.append(text)
    return texts


def _text(value: Any, entry: Mapping[str, Any]) -> str:
    if isinstance(value, float) and math.isnan(value):  # no JSON, but written by some for missing
        return ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        # SAS counts days and seconds; elsewhere Dataset-JSON writes dates as text
        layout = str(entry.get("displayFormat") or "").upper()
        if _DATE.fullmatch(layout):
            return (_ORIGIN + dt.timedelta(days=value)).date().isoformat()
        if _DATETIME.fullmatch(layout):
            return as_text(_ORIGIN + dt.timedelta(seconds=value))
    if isinstance(value, str) and entry.get("dataType") == "decimal":  # exact numbers are text
        with contextlib.suppress(InvalidOperation):
            value = Decimal(value)
    return as_text(value)
