"""What a cohort must satisfy: the pandera schema of single columns, and rules across them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import pandas as pd
import pandera.pandas as pa

from cartanalysis.contract import FIELDS, MISSING, PAIRS
from cartanalysis.errors import Problem, shown
from cartanalysis.text import LETTERS, each_row, fold, look, same_id


@cache
def schema() -> pa.DataFrameSchema:
    """Build the pandera schema of the single-column rules."""
    columns = {}
    for spec in FIELDS.values():
        checks: list[pa.Check] = []
        nullable = spec.kind != "id"
        if spec.kind == "level":
            error = (
                f"not a level of this column|Use {spec.allowed}, or translate it in a mapping file"
            )
            checks.append(pa.Check.isin(spec.levels, error=error))
        elif spec.kind == "event":
            remedy = f"Write {spec.allowed}: {spec.meaning}; in a file coded 1/2, 1 becomes 0"
            remedy += "; a third code, such as a competing event, has to become 0, 1 or empty"
            checks.append(pa.Check.isin([0.0, 1.0], error=f"not an event code|{remedy}"))
        elif spec.kind == "grade":
            grades = [float(g) for g in range(int(spec.low), int(spec.high) + 1)]
            error = f"not a grade|Write {spec.allowed}"
            checks.append(pa.Check.isin(grades, error=error))
        elif spec.kind == "number":
            error = f"out of range|Write {spec.allowed}; leave the cell empty if unknown"
            checks.append(pa.Check.in_range(spec.low, spec.high, error=error))
        columns[spec.name] = pa.Column(None, checks, nullable=nullable, required=False)
    return pa.DataFrameSchema(columns)


def check(table: pd.DataFrame, cells: Mapping[str, Sequence[str]]) -> list[Problem]:
    """Apply the schema and every rule."""
    problems = _check_schema(table, cells)
    if "patient_id" in cells:
        others = [texts for name, texts in cells.items() if name != "patient_id"]
        about = cells["patient_id"], others, list(table.index), "patient_id"
        problems += no_patients(*about) + repeated(*about)
    for rule in RULES:
        problems += rule(table)
    return problems


def _check_schema(table: pd.DataFrame, cells: Mapping[str, Sequence[str]]) -> list[Problem]:
    """Run the pandera schema and put each failure into words."""
    try:
        schema().validate(table, lazy=True)
    except pa.errors.SchemaErrors as failures:
        cases = failures.failure_cases
    else:
        return []
    position = {row: i for i, row in enumerate(table.index)}
    problems = []
    for case in each_row(cases):
        column, row = str(case.column), int(case.index)
        written = cells[column][position[row]]
        if case.check == "not_nullable":
            remedy = "Give every patient an identifier, for example P01, P02, …"
            problems.append(Problem("the identifier is missing", remedy, row, column))
        else:
            what, remedy = str(case.check).split("|", 1)
            problems.append(Problem(what, remedy, row, column, written))
    return problems


Rule = Callable[[pd.DataFrame], Iterable[Problem]]
RULES: list[Rule] = []
"""Rules across columns or rows; each yields a problem per offending row."""


def _rule(*columns: str) -> Callable[[Rule], Rule]:
    """Register a rule that applies where all of its columns are present."""

    def register(function: Rule) -> Rule:
        def guarded(table: pd.DataFrame) -> Iterable[Problem]:
            return function(table) if all(c in table for c in columns) else ()

        RULES.append(guarded)
        return function

    return register


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


LOST = re.compile(r"\d([.,]\d+)?e\+\d+|\d{15}0+", re.IGNORECASE | re.ASCII)
"""A long number of which a spreadsheet program kept the first digits only."""


def repeated(
    identifiers: Sequence[str],
    others: Sequence[Sequence[str]],
    rows: Sequence[int],
    column: str,
    *,
    is_secret: bool = False,
) -> list[Problem]:
    """Find identifiers that are there twice, or look as if they were."""
    problems = []
    first: dict[str, int] = {}
    for i, text in enumerate(identifiers):
        if not fold(text):
            continue
        earlier = first.setdefault(same_id(look(text)), i)
        if earlier == i:
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
        problems.append(Problem(what, remedy, rows[i], column, None if is_secret else text))
    return problems


SUMMARIES = frozenset(
    {
        *("mean", "median", "total", "totals", "sum", "average", "sd", "std", "min", "max"),
        *("summe", "mittelwert", "gesamt", "durchschnitt", "standardabweichung", "moyenne"),
        *("合计", "总计", "平均"),
    }
)
"""What stands where the identifier is, in a row that is not a patient's."""


def _is_empty(columns: Sequence[Sequence[str]], i: int) -> bool:
    return all(fold(cells[i]) in MISSING for cells in columns)


_ONE_WORD = re.compile(r"[^\s=()*]+")


def no_patients(
    identifiers: Sequence[str], others: Sequence[Sequence[str]], rows: Sequence[int], column: str
) -> list[Problem]:
    """Find rows that are not a patient's: summaries, and remarks below the table."""

    problems = []
    for i, (row, text) in enumerate(zip(rows, identifiers, strict=True)):
        if text.casefold().strip(" :=") in SUMMARIES:
            what = "the row looks like a summary, not like a patient"
            remedy = "Delete the row; if it is a patient, change the identifier"
            problems.append(Problem(what, remedy, row, column, text))
        elif text and others and not _ONE_WORD.fullmatch(text) and _is_empty(others, i):
            what = "the row looks like a remark, not like a patient: its other cells are empty"
            remedy = "Delete the row; if it is a patient, write an identifier of one word"
            problems.append(Problem(what, remedy, row, column, text))
    return problems


def _pair_is_complete(days: str, event: str) -> Rule:
    def rule(table: pd.DataFrame) -> Iterable[Problem]:
        for present, absent in ((days, event), (event, days)):
            for row in table.index[table[present].notna() & table[absent].isna()]:
                what = f"empty, but {present} is {_written(table.at[row, present])}"
                remedy = (
                    f"Fill it ({FIELDS[absent].meaning}), or empty both: the patient then counts "
                    "in everything else"
                )
                yield Problem(what, remedy, int(row), absent)

    return rule


for _days, _event in PAIRS:
    _rule(_days, _event)(_pair_is_complete(_days, _event))


@_rule("response", "rfs_days")
def _rfs_only_in_remission(table: pd.DataFrame) -> Iterable[Problem]:
    for row in table.index[(table["response"] == "NR") & table["rfs_days"].notna()]:
        what = "relapse-free survival is given for a patient who was never in remission (NR)"
        remedy = "Empty rfs_days and rfs_event, or correct the response"
        yield Problem(what, remedy, int(row), "rfs_days", _written(table.at[row, "rfs_days"]))


@_rule("os_days", "rfs_days")
def _rfs_within_os(table: pd.DataFrame) -> Iterable[Problem]:
    for row in table.index[table["rfs_days"] > table["os_days"]]:
        what = f"relapse-free survival is longer than survival ({table.at[row, 'os_days']:g} days)"
        remedy = "RFS counts from remission and ends at death or last contact; check both dates"
        yield Problem(what, remedy, int(row), "rfs_days", _written(table.at[row, "rfs_days"]))


@_rule("os_days", "os_event", "rfs_days", "rfs_event")
def _death_ends_rfs(table: pd.DataFrame) -> Iterable[Problem]:
    censored = (table["rfs_event"] == 0) & (table["rfs_days"] == table["os_days"])
    for row in table.index[censored & (table["os_event"] == 1)]:
        what = "relapse-free survival is censored on the day of death, but death is an RFS event"
        yield Problem(what, "Set rfs_event to 1 (rfs_cause death)", int(row), "rfs_event", "0")


MANY_DEATHS = 5
"""If so many who died are censored in RFS and none is not, deaths were not counted."""


@_rule("os_event", "rfs_event")
def _rfs_counts_deaths(table: pd.DataFrame) -> Iterable[Problem]:
    of_dead = table.loc[table["os_event"] == 1, "rfs_event"].dropna()
    if len(of_dead) >= MANY_DEATHS and (of_dead == 0).all():
        what = "everybody who died is censored here, but RFS must count deaths"
        remedy = "Set rfs_event to 1 for relapse or death, and rfs_days to the day of the first"
        yield Problem(what, remedy, column="rfs_event")


MANY_ALIKE = 3
"""If RFS equals OS in so many who did not relapse, and in all, both count from one day."""


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
        "Count it from the day of remission; if it does already, say “origin: remission” for it "
        "in a mapping file"
    )
    return [Problem(what, remedy, column="rfs_days")]


def _grade_5_is_a_death(column: str) -> Rule:
    def rule(table: pd.DataFrame) -> Iterable[Problem]:
        for row in table.index[(table[column] == 5) & (table["os_event"] == 0)]:
            what = "grade 5 is death, but os_event says alive"
            yield Problem(what, "Correct one of the two", int(row), column, "5")

    return rule


for _column in ("crs_grade", "icans_grade", "ae_grade_max"):
    _rule(_column, "os_event")(_grade_5_is_a_death(_column))


@_rule("rfs_event", "rfs_cause")
def _cause_needs_event(table: pd.DataFrame) -> Iterable[Problem]:
    for row in table.index[table["rfs_cause"].notna() & (table["rfs_event"] != 1)]:
        what = "a cause is given, but there is no RFS event"
        remedy = "Set rfs_event to 1 or empty the cause"
        yield Problem(what, remedy, int(row), "rfs_cause", str(table.at[row, "rfs_cause"]))


@_rule("os_event", "rfs_cause")
def _death_without_relapse_is_a_death(table: pd.DataFrame) -> Iterable[Problem]:
    for row in table.index[(table["rfs_cause"] == "death") & (table["os_event"] == 0)]:
        what = "the RFS event is a death, but os_event says alive"
        yield Problem(what, "Correct one of the two", int(row), "rfs_cause", "death")


@_rule("os_days", "hsct_day")
def _transplant_within_os(table: pd.DataFrame) -> Iterable[Problem]:
    for row in table.index[table["hsct_day"] > table["os_days"]]:
        what = f"the transplant is after the last day of follow-up ({table.at[row, 'os_days']:g})"
        remedy = "Check both; days count from infusion"
        yield Problem(what, remedy, int(row), "hsct_day", _written(table.at[row, "hsct_day"]))
