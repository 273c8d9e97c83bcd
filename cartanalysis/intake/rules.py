"""What a cohort must satisfy: rules across columns and rows; `contract.FIELDS` has the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from cartanalysis.contract import FIELDS, PAIRS
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.source import is_empty
from cartanalysis.intake.words import WORDS
from cartanalysis.text import LETTERS, fold, look, same_id


def check(table: pd.DataFrame) -> list[Problem]:
    """Find patients without identifier, and whatever columns or rows say against each other."""
    problems = []
    if "patient_id" in table:
        remedy = "Give every patient an identifier, for example P01, P02, …"
        for row in table.index[table["patient_id"].isna()]:
            problems.append(Problem("the identifier is missing", remedy, int(row), "patient_id"))
    for rule in RULES:
        problems += rule.broken(table)
    return problems + rfs_counts_deaths(table)


@dataclass(frozen=True)
class Rule:
    """What no patient's row may say; the texts may name columns of the row, as in {os_days:g}."""

    query: str  # for pandas, true in the rows that are wrong
    what: str
    remedy: str
    column: str  # in which it is told

    def broken(self, table: pd.DataFrame) -> Iterator[Problem]:
        """Find the rows that break the rule, if all of its columns are there."""
        for row, cells in where(table, self.query).iterrows():
            value = cells[self.column]
            told = None if pd.isna(value) else value if isinstance(value, str) else f"{value:g}"
            yield Problem(self.what.format(**cells), self.remedy, int(str(row)), self.column, told)


def where(table: pd.DataFrame, query: str) -> pd.DataFrame:
    """Give the rows of which a query is true, without other columns; none if one is not there."""
    needed = [name for name in FIELDS if re.search(rf"\b{name}\b", query)]
    if not set(needed) <= set(table):
        return table.iloc[:0]
    # no other column's name can disturb the query
    return table[needed].query(query, engine="python")


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


def _incomplete(present: str, absent: str) -> Rule:
    return Rule(
        f"{present}.notna() & {absent}.isna()",
        f"empty, but {present} is {{{present}:g}}",
        f"Fill it ({FIELDS[absent].meaning}), or empty both: the patient then counts in "
        "everything else",
        absent,
    )


_CORRECT = "Correct one of the two"
RULES = [
    *(_incomplete(*pair) for days, event in PAIRS for pair in ((days, event), (event, days))),
    Rule(
        "response == 'NR' & rfs_days.notna()",
        "relapse-free survival is given for a patient who was never in remission (NR)",
        "Empty rfs_days and rfs_event (“for: responders” in a mapping file does), or correct the "
        "response",
        "rfs_days",
    ),
    Rule(
        "rfs_days > os_days",
        "relapse-free survival is longer than survival ({os_days:g} days)",
        "RFS counts from remission and ends at death or last contact; check both dates",
        "rfs_days",
    ),
    Rule(
        "rfs_event == 0 & rfs_days == os_days & os_event == 1",
        "relapse-free survival is censored on the day of death, but death is an RFS event",
        "Set rfs_event to 1 (rfs_cause death)",
        "rfs_event",
    ),
    *(
        Rule(
            f"{grade} == 5 & os_event == 0",
            "grade 5 is death, but os_event says alive",
            _CORRECT,
            grade,
        )
        for grade in ("crs_grade", "icans_grade", "ae_grade_max")
    ),
    Rule(
        "rfs_cause.notna() & rfs_event != 1",
        "a cause is given, but there is no RFS event",
        "Set rfs_event to 1 or empty the cause",
        "rfs_cause",
    ),
    Rule(
        "rfs_cause == 'death' & os_event == 0",
        "the RFS event is a death, but os_event says alive",
        _CORRECT,
        "rfs_cause",
    ),
    Rule(
        "hsct_day > os_days",
        "the transplant is after the last day of follow-up ({os_days:g})",
        "Check both; days count from infusion",
        "hsct_day",
    ),
]

MANY_DEATHS = 5  # if so many who died are censored in RFS and none is not, deaths were not counted


def rfs_counts_deaths(table: pd.DataFrame) -> list[Problem]:
    """Find relapse-free survival in which nobody's death is an event."""
    if not {"os_event", "rfs_event"} <= set(table):
        return []
    of_dead = table.loc[table["os_event"] == 1, "rfs_event"].dropna()
    if len(of_dead) < MANY_DEATHS or (of_dead != 0).any():
        return []
    what = "everybody who died is censored here, but RFS must count deaths"
    remedy = "Set rfs_event to 1 for relapse or death, and rfs_days to the day of the first"
    return [Problem(what, remedy, column="rfs_event")]


MANY_ALIKE = 3  # if RFS equals OS in so many without relapse, and in all, both count from one day


def rfs_from_infusion(table: pd.DataFrame) -> list[Problem]:
    """Find relapse-free survival that seems to count from infusion, not from remission."""
    if not {"os_days", "rfs_days", "rfs_event"} <= set(table):
        return []
    stayed = table["rfs_event"] == 0
    if "rfs_cause" in table:
        stayed |= table["rfs_cause"] == "death"
    times = table.loc[stayed, ["os_days", "rfs_days"]].dropna()
    if len(times) < MANY_ALIKE or (times["os_days"] != times["rfs_days"]).any():
        return []
    what = "equals os_days in everybody without relapse, so it seems to count from infusion"
    remedy = (
        "Count it from the day of remission, as {days: [relapse], since: remission} in a mapping "
        "file; if it does already, say “origin: remission” for it there"
    )
    return [Problem(what, remedy, column="rfs_days")]
