"""What a cohort must satisfy across columns (``rules.yml``) and rows; `contract` has the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import yaml

from cartanalysis.contract import FIELDS
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.source import is_empty
from cartanalysis.intake.words import WORDS
from cartanalysis.text import LETTERS, fold, look, same_id

_FILE = resources.files("cartanalysis.intake") / "rules.yml"
_SAID: dict[str, Any] = yaml.safe_load(_FILE.read_text("utf-8"))
REMARKS: dict[str, str] = _SAID["remarks"]
"""What is said if a query is true of any row."""


def check(table: pd.DataFrame, *, is_from_remission: bool = False) -> list[Problem]:
    """Find patients without identifier, and whatever columns or rows say against each other."""
    problems = []
    if "patient_id" in table:
        remedy = "Give every patient an identifier, for example P01, P02, …"
        for row in table.index[table["patient_id"].isna()]:
            problems.append(Problem("the identifier is missing", remedy, int(row), "patient_id"))
    for rule in (*RULES, *OF_ALL):
        if not (is_from_remission and isinstance(rule, OfAll) and rule.column == "rfs_days"):
            problems += rule.broken(table)
    return problems


@dataclass(frozen=True)
class Rule:
    """What no patient's row may say; ``rules.yml`` explains what belongs to it."""

    query: str  # true in the rows that are wrong
    what: str
    remedy: str
    column: str  # in which it is told

    def broken(self, table: pd.DataFrame) -> Iterator[Problem]:
        """Find the rows that break the rule, if all of its columns are there."""
        for row, cells in table[holds(table, self.query)].iterrows():
            value = cells[self.column]
            told = None if pd.isna(value) else value if isinstance(value, str) else f"{value:g}"
            yield Problem(self.what.format(**cells), self.remedy, int(str(row)), self.column, told)


@dataclass(frozen=True)
class OfAll(Rule):
    """What cannot be so of everybody, where there are enough patients of one of some kinds."""

    of: tuple[str, ...]
    enough: int

    def broken(self, table: pd.DataFrame) -> Iterator[Problem]:
        """Find out whether the rule is broken."""
        meant = np.logical_or.reduce([holds(table, query) for query in self.of])
        if meant.sum() >= self.enough and holds(table, self.query)[meant].all():
            yield Problem(self.what, self.remedy, column=self.column)


def holds(table: pd.DataFrame, query: str) -> pd.Series:
    """Tell in which rows a query is true; in none if one of its columns is not there."""
    needed = [name for name in FIELDS if re.search(rf"\b{name}\b", query)]
    if not set(needed) <= set(table):
        return pd.Series(False, table.index)
    # no other column's name can disturb the query
    found: Any = table[needed].eval(query, engine="python")
    return pd.Series(found)


RULES = [
    Rule(**said | {"remedy": said["remedy"].format(meaning=FIELDS[said["column"]].meaning)})
    for said in _SAID["rules"]
]
OF_ALL = [OfAll(**said | {"of": tuple(said["of"])}) for said in _SAID["of_all"]]


LOST = re.compile(r"\d([.,]\d+)?e\+\d+|\d{15}0+", re.IGNORECASE | re.ASCII)
"""A long number of which a spreadsheet program kept the first digits only."""


SUMMARIES = frozenset(WORDS["summaries"])  # in place of an identifier: no patient's row
ONE_WORD = re.compile(r"[^\s=()*]+")


def check_identifiers(
    identifiers: Sequence[str],
    others: Sequence[Sequence[str]],
    rows: Sequence[int],
    column: str,
    *,
    is_secret: bool = False,
) -> Iterator[Problem]:
    """Find rows that are not a patient's, and identifiers that are there twice or seem to be."""
    first: dict[str, int] = {}
    for i, (row, text) in enumerate(zip(rows, identifiers, strict=True)):
        what = ""
        if text.casefold().strip(" :=") in SUMMARIES:
            what = "the row looks like a summary, not like a patient"
            remedy = "Delete the row; if it is a patient, change the identifier"
        elif (
            text
            and others
            and not ONE_WORD.fullmatch(text)
            and all(is_empty(cells[i]) for cells in others)
        ):
            what = "the row looks like a remark, not like a patient: its other cells are empty"
            remedy = "Delete the row; if it is a patient, write an identifier of one word"
        if what:
            yield Problem(what, remedy, row, column, text)
        earlier = first.setdefault(same_id(look(text)), i)
        if earlier == i or not fold(text):
            continue
        what = f"the identifier is already in row {rows[earlier]}"
        other = identifiers[earlier]
        named = "" if is_secret else f" {shown(other)}"
        if LOST.fullmatch(text) and LOST.fullmatch(other):
            what += ", since a spreadsheet program kept only its first digits"
            remedy = (
                "Export the identifiers again as text, so that all digits are there; delete no row"
            )
        elif other != text and same_id(other) != same_id(text):
            what = (
                f"the identifier looks like{named or ' that'} in row {rows[earlier]}, but {LETTERS}"
            )
            remedy = "Write both alike if it is one patient, else give them different identifiers"
        elif other != text:
            what += (
                f"{named and ' as'}{named} (case, blanks, kinds of hyphens, leading zeros, “.0” "
                "and what cannot be seen are not told apart)"
            )
            remedy = "Keep one row per patient, or give two patients different identifiers"
        elif all(cells[i] == cells[earlier] for cells in others):
            what, remedy = f"the row repeats row {rows[earlier]}", "Remove one of the two"
        else:
            what += ", with other values"
            remedy = "Keep one row per patient; for a second infusion, keep the first"
        yield Problem(what, remedy, row, column, None if is_secret else text)
