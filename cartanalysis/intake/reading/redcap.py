"""REDCap exports: what the data dictionary says of the columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from cartanalysis.errors import InputError
from cartanalysis.intake.reading.files import refuse
from cartanalysis.intake.reading.gather import gather, likely_parts
from cartanalysis.intake.source import Column, Layout, Source, filled

FIELD = "Variable / Field Name"
LABEL = "Field Label"
_API = {
    "field_name": FIELD,
    "field_label": LABEL,
    "field_type": "Field Type",
    "select_choices_or_calculations": "Choices, Calculations, OR Slider Labels",
    "identifier": "Identifier?",
}
"""What REDCap's API calls the columns of a dictionary."""

HEADINGS = ((FIELD, LABEL), ("field_name", "field_label", "field_type"))
"""By which a dictionary is known: as downloaded, or from the API."""

EVENT = "redcap_event_name"
EVENTS = (EVENT, "redcap_repeat_instrument", "redcap_repeat_instance")
"""Columns of an export that has several rows per record."""

OWN = {
    "redcap_event_name": "event of a longitudinal project",
    "redcap_repeat_instrument": "repeated form",
    "redcap_repeat_instance": "number of the repetition",
    "redcap_data_access_group": "data access group",
    "redcap_survey_identifier": "survey participant",
}
_CODED = ("", "radio", "dropdown", "checkbox")
_FIXED = {"yesno": {"1": "Yes", "0": "No"}, "truefalse": {"1": "True", "0": "False"}}
_TEXT = (".csv", ".tsv", ".txt")
_HEAD = 4096
_EXPORT = re.compile(r"(.*)_data((_labels)?_\d{4}-\d\d-\d\d.*)?\.csv", re.IGNORECASE)
_DICTIONARY = r"_(data)?dictionary(_\d{4}-\d\d-\d\d.*)?\.csv"
RECORD = "record_id"
_FORM_STATUS = re.compile(r"Complete\?[ .]?\d*")
STATUS = {"0": "Incomplete", "1": "Unverified", "2": "Complete"}


def is_dictionary(source: Source) -> bool:
    """Tell whether a table is a REDCap data dictionary."""
    return any({*headings} <= source.cells.keys() for headings in HEADINGS)


def is_export(source: Source) -> bool:
    """Tell whether a table looks like a REDCap export."""
    first = source.columns[0].name if source.columns else ""
    return first == RECORD or any(
        name in OWN or (name.endswith("_complete") and set(source.cells[name]) <= {*STATUS, ""})
        for name in source.cells
    )


def refuse_labels(source: Source) -> None:
    """Refuse the export whose columns are called by their labels, as several may be alike."""
    forms = [text for name, text in source.cells.items() if _FORM_STATUS.fullmatch(name)]
    if any(filled(texts) and {*filled(texts)} <= {*STATUS.values()} for texts in forms):
        what = "this looks like REDCap's export with labels, in which columns may be called alike"
        remedy = (
            "Export the raw data (“CSV / Microsoft Excel (raw data)”), and the data dictionary "
            "beside it, which explains the codes"
        )
        raise refuse(source.name, what, remedy)


def fits(data: Source, dictionary: Source) -> bool:
    """Tell whether a table is the data dictionary of an export, by what it describes."""
    if not data.columns or not is_dictionary(dictionary):
        return False
    known = _columns(dictionary)
    described = [c.name in known for c in data.columns]
    return described[0] and sum(described) > len(described) / 2


def dictionaries(path: Path) -> tuple[list[Path], bool]:
    """Find data dictionaries beside a file, and tell whether one has REDCap's usual name."""
    try:
        beside = sorted(p for p in path.parent.iterdir() if p != path and p.is_file())
    except OSError:  # a file may be open to the user in a folder that is not
        return [], False
    if export := _EXPORT.fullmatch(path.name):
        usual = re.compile(re.escape(export[1]) + _DICTIONARY, re.IGNORECASE)
        if named := [p for p in beside if usual.fullmatch(p.name)]:
            return [max(named)], True
    # without such a name they are known by their first line
    return [p for p in beside if begins_as_dictionary(p)], False


def begins_as_dictionary(path: Path) -> bool:
    """Tell whether a text file looks like a REDCap data dictionary, by its first line."""
    if path.suffix.lower() not in _TEXT:
        return False
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:  # closed to the user
        return False
    text = head.replace(b"\0", b"").decode("utf-8", "replace")  # UTF-16, too
    first = next(iter(text.splitlines()), "")
    return any(all(word in first for word in words) for words in HEADINGS)


def describe(source: Source, dictionary: Source) -> Source:
    """Fill labels, choices and identifier marks from the dictionary."""
    if not is_dictionary(dictionary):
        what = f"not a REDCap data dictionary (no columns “{FIELD}” and “{LABEL}”)"
        raise refuse(dictionary.name, what, "Download it from REDCap as CSV")
    if dictionary.problems:
        raise InputError(dictionary.name, dictionary.problems)
    known = _columns(dictionary)
    columns = tuple(known.get(c.name, _own(c)) for c in source.columns)
    unknown = [c.name for c, d in zip(source.columns, columns, strict=True) if c == d]
    notes = [f"Columns are described by {dictionary.name}."]
    if unknown:
        notes.append(f"Not in {dictionary.name}: {', '.join(unknown)}.")
    return source.also(notes, form="REDCap export", columns=columns)


def one_row_per_record(source: Source, own: Collection[str], layout: Layout) -> Source:
    """Make one row of each record; events tell rows apart, repetitions only number them."""
    record = source.columns[0].name
    if layout.wanted is None:
        layout = replace(layout, by=tuple(likely_parts(source, record, own)))
    events = [EVENT] if EVENT in own else []
    whole = replace(layout, tables={"": record}, by=(*events, *layout.by))
    made = gather({"": source}, whole, source.name, own)
    return replace(made, layout=replace(layout, take=(made.layout or layout).take))


def _own(column: Column) -> Column:
    if column.name in OWN:
        return replace(column, label=OWN[column.name])
    if column.name.endswith("_complete"):
        return replace(column, label="form status", choices=STATUS)
    return column


def _columns(dictionary: Source) -> Mapping[str, Column]:
    """Describe every column that an export of these fields may have."""
    cells = {_API.get(name, name): texts for name, texts in dictionary.cells.items()}
    texts = [cells.get(name, [""] * len(dictionary.rows)) for name in _API.values()]
    described: dict[str, Column] = {}
    for name, label, kind, text, mark in zip(*texts, strict=True):
        label = " ".join(re.sub(r"<[^>]*>", " ", label).split())  # labels may hold HTML
        identifies = mark.casefold() == "y"
        coded = _choices(text) if kind in _CODED else {}
        if kind == "checkbox":
            for code, meaning in coded.items():
                part = f"{name}___{code.casefold().replace('-', '_')}"
                choices = {"0": "Unchecked", "1": "Checked"}
                described[part] = Column(part, f"{label}: {meaning}", choices, identifies)
        else:
            described[name] = Column(name, label, _FIXED.get(kind, coded), identifies)
    return described


def _choices(text: str) -> dict[str, str]:
    """Split ``0, Female | 1, Male``."""
    pairs = (part.partition(",") for part in text.split("|"))
    return {code.strip(): meaning.strip() for code, comma, meaning in pairs if comma}
