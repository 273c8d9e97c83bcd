"""From a table of text cells to a checked cohort.

What can mean one thing only is understood and noted; everything else is a problem, and all
problems of a file are told together.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
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
    PAIRS,
    REQUIRED,
    Cohort,
    Field,
)
from cartanalysis.errors import InputError, Problem, shown
from cartanalysis.intake import mapping, rules
from cartanalysis.intake.reading import delimited, read_source
from cartanalysis.intake.source import Source
from cartanalysis.text import LETTERS, fold, look

RESERVED = frozenset({"time", "event", "group", *DERIVED})  # columns of the package's own tables
APART = re.compile(r"[\s\-‐‑‒–_]+")  # blanks and hyphens, which do not set groups apart to the eye

SETTLED = ".settled.csv"  # a file written from a checked cohort ends so: nothing is asked again


def read(source: str | Path, strata: Sequence[str] = ()) -> Cohort:
    """Read and check a cohort in the contract's own columns."""
    if str(source) == DEFAULT_COHORT:
        file = resources.files("cartanalysis.study") / "data" / f"{DEFAULT_COHORT}.csv"
        cohort = parse(file.read_bytes(), f"{DEFAULT_COHORT}.csv", strata, settled=True)
        return replace(cohort, name=DEFAULT_COHORT, is_reconstruction=True)
    return build(read_source(source), strata, settled=str(source).endswith(SETTLED))


def parse(data: bytes, source: str, strata: Sequence[str] = (), *, settled: bool = False) -> Cohort:
    """Turn the bytes of a delimited text file into a checked cohort."""
    return build(delimited.parse(data, source), strata, settled=settled)


def build(source: Source, strata: Sequence[str] = (), *, settled: bool = False) -> Cohort:
    """Check a table in the columns of the contract; if it is ``settled``, no value is doubted."""
    made = mapping.apply(source, mapping.identity(source, strata, settled=settled))
    return check(made, strata, () if settled else [*source.cells])


def check(made: Source, strata: Sequence[str] = (), present: Sequence[str] = ()) -> Cohort:
    """Check what a mapping made a cohort of; ``present`` are the file's columns that are ours."""
    problems, notes = list(made.problems), list(made.notes)
    known = present or list(made.cells)
    problems += _wrong_strata(known, strata)
    own = {name for name in strata if name in known} - RESERVED - {*FIELDS}
    fields = FIELDS | {n: Field(n, "groups of your own", "label") for n in strata if n in own}
    others = [name for name in made.cells if name not in fields]
    problems += [*_misnamed(present or others, made.cells), *_absent(made.cells)]
    notes += mapping.names_told("Columns not used", others)
    index = pd.Index(made.rows, name="row")
    table = pd.DataFrame(
        {name: _values(spec, made.cells[name], index) for name, spec in fields.items()
         if name in made.cells},
        index=index,
    )  # fmt: skip
    # what a column means must be settled before it can contradict another
    settled = table.drop(columns=_unsettled(made) & set(table))
    told = any(c.name == "rfs_days" and c.counted_from for c in made.columns)
    found = rules.check(settled, is_from_remission=told)
    for name in (n for n, spec in fields.items() if spec.kind == "label" and n in table):
        labels = table[name].dropna().drop_duplicates()
        found += _against_groups(name, labels)
        notes += _near_groups(name, labels)
    problems += _with_origin(found, made)
    if problems:
        raise InputError(made.name, in_order(problems))
    ordered = {f.name: pd.CategoricalDtype(list(f.levels)) for f in FIELDS.values() if f.levels}
    return Cohort(
        name=_short_name(made.name),
        table=table.astype({c: t for c, t in ordered.items() if c in table}).reset_index(drop=True),
        notes=tuple(notes),
        strata=tuple(strata),
        left_out=made.left_out,
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


def _values(spec: Field, cells: Sequence[str], index: pd.Index) -> pd.Series:
    """Make values of cells that a mapping has read."""
    if spec.kind in ("id", "label", "level"):
        return pd.Series([text or None for text in cells], index=index, dtype=object)
    return pd.Series([float(text) if text else None for text in cells], index=index, dtype=float)


def _unsettled(made: Source) -> set[str]:
    """Name the columns of ours that have a problem as a whole, such as their coding."""
    whole = {p.column for p in made.problems if p.row is None and p.column}
    return {c.name for c in made.columns if whole & {c.name, *(c.origin or ())}}


def _with_origin(problems: Iterable[Problem], made: Source) -> Iterator[Problem]:
    """Name the user's own column beside ours; what could not be read is told already."""
    origin = {c.name: c.origin or () for c in made.columns}
    unread = {(p.row, p.column) for p in made.problems}
    for p in problems:
        made_from = origin.get(p.column or "", ())
        if p.row is not None and any((p.row, c) in unread for c in made_from):
            continue
        renamed = made_from and made_from != (p.column,)
        told = f"{p.column} (from {' and '.join(made_from)})"
        yield replace(p, column=told) if renamed else p


# --- columns -----------------------------------------------------------------------------------


def _wrong_strata(present: Collection[str], strata: Sequence[str]) -> Iterator[Problem]:
    """Find columns by which groups cannot be compared."""
    for name in sorted({n for n in strata if list(strata).count(n) > 1}):
        yield Problem("the column is named twice as a stratum", "Name it once", column=name)
    if len(strata) > MAX_STRATA:
        yield Problem(f"{len(strata)} strata", f"Name at most {MAX_STRATA} columns")
    for name in strata:
        made_from = DERIVED.get(name, (name,))[0]
        if name in RESERVED and name in present:
            what = "the book itself uses this name, so the column cannot be a stratum"
            yield Problem(what, f"Rename it, for example my_{name}", column=name)
        elif made_from in FIELDS:
            if FIELDS[made_from].kind not in ("level", "label") and name not in DERIVED:
                remedy = "Name a column of groups, such as sex, arm or a column of your own"
                what = "the column has no groups, so it cannot be a stratum"
                yield Problem(what, remedy, column=name)
        elif name not in present:
            close = difflib.get_close_matches(name, [*present, *FIELDS, *DERIVED], n=1)
            hint = f"Did you mean {close[0]}?" if close else "Name a column of the file"
            yield Problem("there is no such column to compare groups by", hint, column=name)


def _misnamed(names: Sequence[str], present: Collection[str]) -> Iterator[Problem]:
    """Find columns that are nearly called as one of ours that is not there."""
    present = {*names, *present}
    for name in names:
        if name in FIELDS:
            continue
        if name.lower() in present and name.lower() in FIELDS:
            what = f"the column appears twice, the other time as {name.lower()}"
            yield Problem(what, "Keep one of them or rename the other", row=1, column=name)
            continue
        close = difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.8)
        if close and close[0] not in present:
            what = "the column is not known, but much like one that is"
            yield Problem(what, f"Did you mean {close[0]}?", row=1, column=name)


def _absent(present: Collection[str]) -> Iterator[Problem]:
    """Find columns that are missing for themselves, or beside their other half."""
    for name in REQUIRED:
        if name not in present:
            remedy = (
                "Add it (it is the only column every cohort needs), or let “cartanalysis map” "
                "propose which of your columns is which of ours"
            )
            yield Problem("the column is missing", remedy, row=1, column=name)
    for pair in PAIRS:
        absent = [c for c in pair if c not in present]
        if len(absent) == 1:
            (here,) = set(pair) - {*absent}
            what = f"the column is missing, but {here} is there"
            remedy = f"{absent[0]}: {FIELDS[absent[0]].meaning}"
            yield Problem(what, remedy, row=1, column=absent[0])


# --- groups ------------------------------------------------------------------------------------


def _near_groups(name: str, labels: pd.Series) -> Iterator[str]:
    """Point out groups that may be one: CAR-19, CAR19 and Car 19."""
    near: dict[str, list[str]] = {}
    for label in labels:
        near.setdefault(APART.sub("", label).casefold(), []).append(shown(label))
    for alike in near.values():
        if len(alike) > 1:
            told = f"{', '.join(alike[:-1])} and {alike[-1]}"
            what = "differ by blanks or hyphens only and count as different groups"
            yield f"Column {name}: {told} {what}."


def _against_groups(name: str, labels: pd.Series) -> Iterator[Problem]:
    """Find too many groups, and such as differ by letters of another alphabet only."""
    if len(labels) > MAX_GROUPS:
        remedy = f"Join them into at most {MAX_GROUPS}"
        yield Problem(f"{len(labels)} different groups", remedy, column=name)
    first: dict[str, str] = {}
    for row, label in labels.items():
        other = first.setdefault(fold(look(label)), label)
        if other != label:
            what = f"the group looks like {shown(other)}, but {LETTERS}"
            remedy = "Write both alike, or give two groups different names"
            yield Problem(what, remedy, int(str(row)), name, label)


def _short_name(source: str) -> str:
    """Make a name of a file's name; only harmless characters, as themes write titles unescaped."""
    stem = Path(source.removesuffix(SETTLED)).stem
    clean = "".join(c if c.isalnum() or c in "-_.()" else " " for c in stem)
    name = " ".join(clean.split())[:60] or "cohort"
    # must not pass for a reconstruction
    return f"{name} (a file)" if name.casefold().startswith(DEFAULT_COHORT) else name
