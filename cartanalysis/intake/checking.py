"""From a table of text cells to a checked cohort.

What can mean one thing only is understood and noted; everything else is a problem, and all
problems of a file are told together.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

import pandas as pd

from cartanalysis.contract import (
    DEFAULT_COHORT,
    DERIVED,
    FIELDS,
    MAX_GROUPS,
    MAX_STRATA,
    MISSING,
    PAIRS,
    REQUIRED,
    Cohort,
    Field,
    drawn_by,
)
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake import rules
from cartanalysis.intake.mapping import codes, numbers
from cartanalysis.intake.mapping.names import contradicts, other_origin
from cartanalysis.intake.reading import delimited, read_source
from cartanalysis.intake.source import Source
from cartanalysis.text import LETTERS, fold, look, visible

NOT_USED_SHOWN = 20
"""So many names of columns that are not used are told."""

RESERVED = frozenset({"time", "event", "group", *DERIVED})
"""Names that tables of the package give columns of their own."""

_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+", re.ASCII)
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(\D.*)?", re.ASCII)
_WITH_UNIT = re.compile(r"[+-]?\d+([.,]\d+)?\s*[A-Za-z]+\.?", re.ASCII)
_APART = re.compile(r"[\s\-‐‑‒–_]+")  # blanks and hyphens


def read(source: str | Path, strata: Sequence[str] = ()) -> Cohort:
    """Read and check a cohort in the contract's own columns."""
    if str(source) == DEFAULT_COHORT:
        data = (
            resources.files("cartanalysis.study") / "data" / f"{DEFAULT_COHORT}.csv"
        ).read_bytes()
        cohort = build(delimited.parse(data, f"{DEFAULT_COHORT}.csv"), strata)
        return replace(cohort, name=DEFAULT_COHORT, is_reconstruction=True)
    return build(read_source(source), strata)


def parse(data: bytes, source: str, strata: Sequence[str] = ()) -> Cohort:
    """Turn the bytes of a delimited text file into a checked cohort."""
    return build(delimited.parse(data, source), strata)


def build(source: Source, strata: Sequence[str] = ()) -> Cohort:
    """Turn a table whose columns have the contract's names into a checked cohort."""
    problems = list(source.problems)
    notes = list(source.notes)
    fields = _own_fields(source, strata, problems)
    names = _match_header(source, fields, problems, notes)
    written = {ours: source.cells[theirs] for theirs, ours in names.items()}
    index = pd.Index(source.rows, name="row")
    # by the mapping, in the user's own unit
    checked = {c.name for c in source.columns if c.origin is not None}
    has_codes = any(not numbers.OFTEN_MISSING.isdisjoint(c) for c in source.cells.values())
    parsed = {
        name: pd.Series(
            _parse_column(
                spec, written[name], source.rows, problems, notes, name in checked, has_codes
            ),
            index=index,
            dtype=object if spec.kind in ("id", "label", "level") else float,
        )
        for name, spec in fields.items()
        if name in written
    }
    table = pd.DataFrame(parsed, index=index)
    against = [*_against_codes(source, fields, names), *_against_units(source, fields, names)]
    problems += against
    # what a column means must be settled before it can contradict another
    unsettled = {names[p.column] for p in against if p.column} | _not_understood(source)
    settled = table.drop(columns=unsettled & set(table))
    problems += rules.check(settled, written)
    if not any(c.name == "rfs_days" and c.counted_from for c in source.columns):
        problems += rules.rfs_from_infusion(settled)
    problems += _few_groups(table, fields) + _look_alikes(table, fields)
    notes += _near_groups(table, fields)
    if problems:
        raise InputError(source.name, in_order(_with_origin(problems, source)))
    ordered = {f.name: pd.CategoricalDtype(list(f.levels)) for f in FIELDS.values() if f.levels}
    seeded = drawn_by(table["patient_id"])
    return Cohort(
        name=seeded or _short_name(source.name),
        table=table.astype({c: t for c, t in ordered.items() if c in table}).reset_index(drop=True),
        notes=tuple(notes),
        is_reconstruction=bool(seeded),
        strata=tuple(strata),
    )


def split_names(text: str) -> list[str]:
    """Take a list of column names apart."""
    return [name.strip() for name in text.split(",") if name.strip()]


def in_order(problems: Sequence[Problem]) -> list[Problem]:
    """Sort problems as a reader goes through a file, one per cell."""
    by_place = {
        (p.row, p.column) if p.row is not None and p.column else id(p): p
        for p in reversed(problems)
    }
    return sorted(
        by_place.values(), key=lambda p: (p.row is not None, p.row or 0, p.column or "", p.what)
    )


def _with_origin(problems: Sequence[Problem], source: Source) -> list[Problem]:
    """Name the user's own column beside ours where a mapping renamed it.

    What a mapping could not read is told once: that our cell is empty then is no second problem.
    """
    origin = {c.name: c.origin or () for c in source.columns}
    unread = {(p.row, p.column) for p in source.problems if p.column}
    named = list(source.problems)  # these name the user's columns already
    known = {(p.row, p.what) for p in named if p.row is not None}
    for p in problems[len(source.problems) :]:
        made_from = origin.get(p.column or "", ())
        if p.value is None and any((p.row, c) in unread for c in made_from):
            continue
        if p.column == "patient_id" and (p.row, p.what) in known:
            continue
        renamed = made_from and made_from != (p.column,)
        told = f"{p.column} (from {' and '.join(made_from)})"
        named.append(replace(p, column=told) if renamed else p)
    return named


def _not_understood(source: Source) -> set[str]:
    """Name the columns of ours whose origin has a problem as a whole, such as its coding."""
    whole = {p.column for p in source.problems if p.row is None and p.column}
    return {c.name for c in source.columns if whole & {c.name, *(c.origin or ())}}


def _against_codes(
    source: Source, fields: Mapping[str, Field], names: Mapping[str, str]
) -> list[Problem]:
    """Find columns whose label or data dictionary gives their codes another meaning."""
    problems = []
    for column in source.columns:
        spec = fields.get(names.get(column.name, ""))
        if spec is None or spec.kind not in ("level", "grade", "event"):
            continue
        if column.origin is not None:  # the mapping has looked at it
            continue
        against = codes.doubt(column, spec, source.cells[column.name])
        if against is not None:
            problems.append(Problem(*against, column=column.name))
    return problems


def _against_units(
    source: Source, fields: Mapping[str, Field], names: Mapping[str, str]
) -> list[Problem]:
    """Find times and ages whose label gives another unit, or first day, than ours."""
    problems = []
    for column in source.columns:
        spec = fields.get(names.get(column.name, ""))
        if spec is None or spec.unit not in numbers.DAYS or column.origin is not None:
            continue
        stated = contradicts(column.label, spec.unit)
        if stated:
            what = f"its label says {stated}, but {column.name} is in {spec.unit}"
            remedy = (
                f"Convert it, or say “unit: {stated}” in a mapping file; “unit: {spec.unit}” if "
                "the label is wrong"
            )
            problems.append(Problem(what, remedy, column=column.name))
        against = other_origin(column, spec.name)
        if against is not None:
            problems.append(Problem(*against, column=column.name))
    return problems


# --- columns -----------------------------------------------------------------------------------


def _own_fields(source: Source, strata: Sequence[str], problems: list[Problem]) -> dict[str, Field]:
    """Give the contract's fields and one for each of the user's own columns."""
    own: dict[str, Field] = {}
    present = [c.name for c in source.columns]
    for name in sorted({n for n in strata if list(strata).count(n) > 1}):
        problems.append(
            Problem("the column is named twice as a stratum", "Name it once", column=name)
        )
    if len(strata) > MAX_STRATA:
        problems.append(Problem(f"{len(strata)} strata", f"Name at most {MAX_STRATA} columns"))
    for name in strata:
        if name in RESERVED and name in present:
            what = "the book itself uses this name, so the column cannot be a stratum"
            problems.append(Problem(what, f"Rename it, for example my_{name}", column=name))
            continue
        made_from = DERIVED.get(name, name)
        if made_from in FIELDS:
            if FIELDS[made_from].kind not in ("level", "label") and name not in DERIVED:
                what = "the column has no groups, so it cannot be a stratum"
                remedy = "Name a column of groups, such as sex, arm or a column of your own"
                problems.append(Problem(what, remedy, column=name))
            continue
        if name not in present:
            close = difflib.get_close_matches(name, [*present, *FIELDS, *DERIVED], n=1)
            hint = f"Did you mean {close[0]}?" if close else "Name a column of the file"
            problems.append(Problem("there is no such column to compare groups by", hint,
                                    column=name))  # fmt: skip
            continue
        own[name] = Field(name, "groups of your own", "label")
    return {**FIELDS, **own}


def _match_header(
    source: Source, fields: Mapping[str, Field], problems: list[Problem], notes: list[str]
) -> dict[str, str]:
    """Tell which of the file's columns are which of ours."""
    present = [c.name for c in source.columns]
    names: dict[str, str] = {}
    ignored: list[str] = []
    for name in present:
        if name in fields:
            names[name] = name
        elif name.lower() in present and name.lower() in FIELDS:
            what = f"the column appears twice, the other time as {name.lower()}"
            remedy = "Keep one of them or rename the other"
            problems.append(Problem(what, remedy, row=1, column=name))
        else:
            close = difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.8)
            if close and close[0] not in present:
                what = "the column is not known, but much like one that is"
                problems.append(Problem(what, f"Did you mean {close[0]}?", row=1, column=name))
            else:
                ignored.append(shown(name))
    for name in REQUIRED:
        if name not in names.values():
            what = "the column is missing"
            remedy = (
                "Add it (it is the only column every cohort needs), or let “cartanalysis map” "
                "propose which of your columns is which of ours"
            )
            problems.append(Problem(what, remedy, row=1, column=name))
    for pair in PAIRS:
        here = [c for c in pair if c in names.values()]
        if len(here) == 1:
            other = next(c for c in pair if c not in here)
            what = f"the column is missing, but {here[0]} is there"
            problems.append(Problem(what, f"{other}: {FIELDS[other].meaning}", row=1, column=other))
    if ignored:
        more = len(ignored) - NOT_USED_SHOWN
        told = ", ".join(ignored[:NOT_USED_SHOWN]) + (f" and {more} more" if more > 0 else "")
        notes.append(f"Columns not used: {told}.")
    return names


def _near_groups(table: pd.DataFrame, fields: Mapping[str, Field]) -> list[str]:
    """Point out groups that may be one: CAR-19, CAR19 and Car 19."""
    notes = []
    for name in (str(n) for n in table if fields[str(n)].kind == "label"):
        near: dict[str, list[str]] = {}
        for label in table[name].dropna().unique():
            near.setdefault(_APART.sub("", label).casefold(), []).append(shown(label))
        for alike in near.values():
            if len(alike) > 1:
                told = f"{', '.join(alike[:-1])} and {alike[-1]}"
                what = "differ by blanks or hyphens only and count as different groups"
                notes.append(f"Column {name}: {told} {what}.")
    return notes


def _look_alikes(table: pd.DataFrame, fields: Mapping[str, Field]) -> list[Problem]:
    """Ask about groups that differ by letters of another alphabet which look the same."""
    problems = []
    for name in (str(n) for n in table if fields[str(n)].kind == "label"):
        first: dict[str, str] = {}
        for row, label in table[name].dropna().drop_duplicates().items():
            other = first.setdefault(fold(look(label)), label)
            if other != label:
                what = f"the group looks like {shown(other)}, but {LETTERS}"
                remedy = "Write both alike, or give two groups different names"
                problems.append(Problem(what, remedy, int(str(row)), name, label))
    return problems


def _few_groups(table: pd.DataFrame, fields: Mapping[str, Field]) -> list[Problem]:
    problems = []
    for name in table:
        count = table[name].nunique() if fields[str(name)].kind == "label" else 0
        if count > MAX_GROUPS:
            what = f"{count} different groups"
            problems.append(Problem(what, f"Join them into at most {MAX_GROUPS}", column=str(name)))
    return problems


# --- cells -------------------------------------------------------------------------------------


def _parse_column(
    spec: Field,
    cells: Sequence[str],
    rows: Sequence[int],
    problems: list[Problem],
    notes: list[str],
    mapped: bool,
    has_codes: bool,
) -> list[object]:
    """Turn one column's text into values; what cannot be understood becomes a problem."""
    if spec.kind == "id":
        return [text if fold(text) else None for text in cells]
    if spec.kind == "label":
        cells = _visible(spec, cells, notes)
    read_as: dict[str, str] = {}
    missing: set[str] = set()
    faults = {} if mapped else _misread_numbers(spec, cells, has_codes)
    commas = _decimal_commas(spec, cells)
    seen: dict[str, str] = {}
    made: dict[str, str] = {}  # a long column holds few different texts
    values: list[object] = []
    for row, text in zip(rows, cells, strict=True):
        if fold(text) in MISSING:
            if text:
                missing.add(text)
            values.append(None)
            continue
        fault = faults.get(text) or codes.why_no_level(spec, text)
        if fault:
            problems.append(Problem(*fault, row, spec.name, text))
            values.append(None)
            continue
        if text not in made:
            made[text] = (
                _level(spec, text, seen)
                if spec.kind in ("label", "level")
                else _as_number(spec, text, commas)
            )
        value = made[text]
        if value != text:
            read_as[text] = value
        if spec.kind in ("label", "level"):
            values.append(value)
            continue
        if not codes.PLAIN.fullmatch(value) or len(value) > numbers.MAX_LENGTH:
            what, remedy = _why_no_number(spec, text)
            problems.append(Problem(what, remedy, row, spec.name, text))
            values.append(None)
        else:
            values.append(float(value))
    notes += _spelling_notes(spec, read_as, missing)
    return values


def _visible(spec: Field, cells: Sequence[str], notes: list[str]) -> list[str]:
    """Leave out what cannot be seen: a sign that turns the direction of text would turn a page."""
    seen = [visible(text) for text in cells]
    if any(len(text) != len(clean) for text, clean in zip(cells, seen, strict=True)):
        notes.append(f"Column {spec.name}: invisible characters were left out.")
    made = [unicodedata.normalize("NFC", text) for text in seen]
    if made != seen:
        notes.append(f"Column {spec.name}: letters with accents were stored in two ways.")
    return made


def _level(spec: Field, text: str, seen: dict[str, str]) -> str:
    """Give the level that a text means; the first spelling of a label is the one shown."""
    if spec.kind == "label":
        return seen.setdefault(fold(text), text)
    return codes.as_ours(spec, text)


def _as_number(spec: Field, text: str, commas: bool) -> str:
    """Give the plain number that a text means, or the text."""
    if spec.unit.startswith("%"):
        text = numbers.without_sign(text)
    if commas and _DECIMAL_COMMA.fullmatch(text):
        return text.replace(",", ".")
    return codes.as_ours(spec, text)


def _decimal_commas(spec: Field, cells: Sequence[str]) -> bool:
    """Tell whether commas in a column can only be decimal ones."""
    if spec.unit.startswith("%"):
        cells = [numbers.without_sign(c) for c in cells]
    with_comma = [c for c in cells if "," in c]
    return (
        spec.kind == "number"
        and bool(with_comma)
        and all(_DECIMAL_COMMA.fullmatch(c) for c in with_comma)
        and not all(_THOUSANDS.fullmatch(c) for c in with_comma)
        and not any("." in c for c in cells)
    )


def _why_no_number(spec: Field, text: str) -> tuple[str, str]:
    """Say what a text that is no number looks like, and what to do."""
    if spec.unit == "days" and _DATE.fullmatch(text):
        remedy = "Write days since infusion, or let a mapping file count them from two dates"
        return "a date where days are wanted", remedy
    if spec.kind == "number" and (fault := numbers.limit_or_range(text)):
        return fault
    if spec.kind == "number" and _WITH_UNIT.fullmatch(text):
        remedy = f"Write the number alone, {spec.allowed}; a mapping file can change the unit"
        return "not a number, but one with a unit", remedy
    if spec.kind == "number" and "," in text:
        remedy = "Write a decimal point and no thousands separator"
        return "not a number: the comma can be read in two ways", remedy
    if spec.kind == "grade" and re.search(r"[≥≤<>/-]|or", text):
        return "not one grade", f"Write {spec.allowed}: the highest grade that was seen"
    if spec.kind == "event":
        remedy = f"Write {spec.allowed}: {spec.meaning}"
        return "not an event code (not a number)", remedy
    return "not a number", f"Write {spec.allowed}; leave the cell empty if unknown"


def _spelling_notes(spec: Field, read_as: Mapping[str, str], missing: Collection[str]) -> list[str]:
    """Tell what was understood other than as written."""
    notes = []
    respelt = {text: value for text, value in read_as.items() if fold(text) != fold(value)}
    alike = {t: v for t, v in read_as.items() if t not in respelt}
    if any(_in_case(text) == _in_case(value) for text, value in alike.items()):
        notes.append(f"Column {spec.name}: upper and lower case were not told apart.")
    if any(_in_case(text) != _in_case(value) for text, value in alike.items()):
        notes.append(f"Column {spec.name}: kinds of hyphens and letters were not told apart.")
    if any(text.endswith("%") for text in respelt):
        notes.append(f"Column {spec.name}: the sign of percent was left out.")
        respelt = {t: v for t, v in respelt.items() if not t.endswith("%")}
    if respelt and any("," in text for text in respelt):
        notes.append(f"Column {spec.name}: the comma was read as a decimal point.")
        respelt = {t: v for t, v in respelt.items() if "," not in t}
    if respelt:
        told = ", ".join(f"{shown(t)} as {v}" for t, v in sorted(respelt.items())[:6])
        notes.append(f"Column {spec.name}: read {told}.")
    notes += [f"Column {spec.name}: {shown(text)} was read as missing." for text in sorted(missing)]
    return notes


def _in_case(text: str) -> str:
    return " ".join(text.casefold().split())


def _misread_numbers(
    spec: Field, cells: Sequence[str], has_codes: bool
) -> dict[str, numbers.Fault]:
    """Find times in days, and percentages, that may have been written as something else."""
    if spec.unit.startswith("%"):
        return numbers.repeated_99(cells, has_codes)
    if spec.unit != "days":
        return {}
    texts = [c for c in cells if fold(c) not in MISSING]
    return numbers.missing_codes(texts, in_days=True) | numbers.thousands(texts, spec.high)


def _short_name(source: str) -> str:
    """Make a name of a file's name; only harmless characters, as themes write titles unescaped."""
    stem = Path(source).stem
    clean = "".join(c if c.isalnum() or c in "-_.()" else " " for c in stem)
    name = " ".join(clean.split())[:60] or "cohort"
    # must not pass for the reconstruction
    return f"{name} (a file)" if name == DEFAULT_COHORT else name
