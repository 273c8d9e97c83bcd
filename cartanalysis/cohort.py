"""The cohort contract: one row per patient, days since infusion, events 0/1.

``FIELDS`` is the one place where columns, levels and ranges are written down; the reader, the
checks and the documentation are made from it.
"""

from __future__ import annotations

import csv
import difflib
import hashlib
import io
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from cartanalysis.errors import InputError, MissingColumns, Problem, shown
from cartanalysis.tables import each_row

DEFAULT_COHORT = "an2020"
"""The reconstruction that ships with the package."""

MISSING = frozenset({"", "na", "n/a", "nan", "."})
"""What counts as an empty cell, in any case; ``none`` is a level of ``emd`` and does not."""

MAX_DAYS = 36_500.0
"""A hundred years; more is a date or a mistake."""

MAX_ARMS = 6
"""A treatment column with more levels than this is taken for a mistake."""


@dataclass(frozen=True)
class Field:
    """A column of the contract.

    Attributes
    ----------
    name : str
        Column name.
    meaning : str
        What it holds, for the data dictionary.
    kind : {"id", "level", "label", "number", "grade", "event"}
        How its text is understood.
    levels : tuple of str
        Allowed levels, the reference level first.
    low, high : float
        Allowed range, both ends included.
    unit : str
        Unit shown to readers.
    """

    name: str
    meaning: str
    kind: str = "number"
    levels: tuple[str, ...] = ()
    low: float = 0.0
    high: float = math.inf
    unit: str = ""

    @property
    def allowed(self) -> str:
        """What the column may hold, as words.

        Returns
        -------
        str
            The text.
        """
        if self.kind == "level":
            return "one of " + ", ".join(self.levels)
        if self.kind == "event":
            return "0 (no event so far) or 1 (event)"
        if self.kind == "grade":
            return f"a whole number from {self.low:g} to {self.high:g}"
        if self.kind == "number":
            top = f" to {self.high:g}" if math.isfinite(self.high) else " or more"
            return f"a number, {self.low:g}{top}" + (f" {self.unit}" if self.unit else "")
        return "text"


FIELDS: dict[str, Field] = {
    f.name: f
    for f in (
        Field("patient_id", "unique identifier without personal meaning", "id"),
        Field("age_years", "age at infusion", high=120, unit="years"),
        Field("sex", "sex", "level", ("female", "male")),
        Field("arm", "treatment arm or product, where there is more than one", "label"),
        Field(
            "emd",
            "extramedullary disease (EMD): none, isolated CNS, other than CNS",
            "level",
            ("none", "cns", "other"),
        ),
        Field("treg_pct", "regulatory T cells before infusion", high=100, unit="% of CD4⁺ T cells"),
        Field("genetic_risk", "genetic risk group", "level", ("standard", "high")),
        Field("bm_blasts_pct", "blasts in bone marrow before infusion", high=100, unit="%"),
        Field("prior_hsct", "stem-cell transplant before CAR T", "level", ("no", "yes")),
        Field("response", "best response", "level", ("CR", "CRi", "NR")),
        Field("mrd", "measurable residual disease at response", "level", ("negative", "positive")),
        Field("crs_grade", "highest grade of CRS (ASTCT)", "grade", high=5),
        Field("icans_grade", "highest grade of ICANS (ASTCT)", "grade", high=5),
        Field("ae_grade_max", "highest grade of any adverse event (CTCAE)", "grade", high=5),
        Field("os_days", "time from infusion to death or last contact", high=MAX_DAYS, unit="days"),
        Field("os_event", "1 = died, 0 = alive at last contact", "event"),
        Field(
            "rfs_days",
            "time from remission to relapse, death or last contact; responders only",
            high=MAX_DAYS,
            unit="days",
        ),
        Field("rfs_event", "1 = relapse or death, 0 = neither at last contact", "event"),
        Field("rfs_cause", "first RFS event", "level", ("relapse", "death")),
        Field(
            "hsct_day", "day of transplant after CAR T, empty if none", high=MAX_DAYS, unit="days"
        ),
    )
}

DERIVED = {
    "responder": "response",
    "emd_any": "emd",
    "emd_other": "emd",
    "treg_group": "treg_pct",
}
"""Columns that `derive` adds, and the column of the file each is made from."""

PAIRS = (("os_days", "os_event"), ("rfs_days", "rfs_event"))
REQUIRED = ("patient_id",)


@dataclass(frozen=True)
class Cohort:
    """A checked cohort.

    Attributes
    ----------
    name : str
        Short name shown on the pages.
    table : pandas.DataFrame of shape (n_patients, n_columns)
        The contract's columns that the file has, in the contract's order.
    sha256 : str
        Hash of the file's bytes.
    notes : tuple of str
        What was handled rather than refused while reading; one sentence each.
    is_reconstruction : bool
        Whether this is the default cohort, which is not patient data.
    """

    name: str
    table: pd.DataFrame
    sha256: str
    notes: tuple[str, ...] = field(default=())
    is_reconstruction: bool = False


def require(patients: pd.DataFrame, *columns: str) -> None:
    """Make sure that columns are there and hold at least one value.

    Parameters
    ----------
    patients : pandas.DataFrame
        A cohort's table.
    *columns : str
        Names of the columns needed.

    Raises
    ------
    MissingColumns
        If any is absent or entirely empty; a derived column is told by its source.
    """
    absent = [c for c in columns if c not in patients or patients[c].isna().all()]
    if absent:
        named = {DERIVED.get(c, c) for c in absent}
        raise MissingColumns([c for c in FIELDS if c in named] + sorted(named - set(FIELDS)))


def column_of(patients: pd.DataFrame, name: str) -> pd.Series:
    """Take a column that must be there.

    Parameters
    ----------
    patients : pandas.DataFrame
        A cohort's table.
    name : str
        The column.

    Returns
    -------
    pandas.Series of shape (n_patients,)
        Its values.

    Raises
    ------
    MissingColumns
        If it is absent or entirely empty.
    """
    require(patients, name)
    return patients[name]


# --- derived columns ---------------------------------------------------------------------------


def derive(patients: pd.DataFrame, treg_cutoff: float | None = None) -> pd.DataFrame:
    """Add the columns that follow from others: responder, EMD of any or other kind, Treg group.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    treg_cutoff : float, optional
        Regulatory T cells above this count as high; the cohort's median if not given.

    Returns
    -------
    pandas.DataFrame of shape (n_patients, n_columns + up to 4)
        A copy with ``responder`` (no/yes), ``emd_any`` (none/any), ``emd_other`` (no/yes: other
        than CNS) and ``treg_group`` (low/high), each only where its source column exists.

    Raises
    ------
    ValueError
        If the cut-off is not a percentage.
    """
    if treg_cutoff is not None and not 0 <= treg_cutoff <= 100:
        raise ValueError(f"treg_cutoff is {treg_cutoff}; give a percentage from 0 to 100")
    out = patients.copy()
    if "response" in out:
        out["responder"] = _two_levels(out["response"], out["response"] != "NR", "no", "yes")
    if "emd" in out:
        out["emd_any"] = _two_levels(out["emd"], out["emd"] != "none", "none", "any")
        out["emd_other"] = _two_levels(out["emd"], out["emd"] == "other", "no", "yes")
    if "treg_pct" in out:
        cutoff = out["treg_pct"].median() if treg_cutoff is None else treg_cutoff
        out["treg_group"] = _two_levels(out["treg_pct"], out["treg_pct"] > cutoff, "low", "high")
    return out


def treg_cutoff_of(patients: pd.DataFrame, treg_cutoff: float | None = None) -> pd.DataFrame:
    """Give the cut-off above which regulatory T cells count as high.

    Parameters
    ----------
    patients : pandas.DataFrame of shape (n_patients, n_columns)
        A cohort's table.
    treg_cutoff : float, optional
        A cut-off chosen by the user.

    Returns
    -------
    pandas.DataFrame
        One row: group, n (measured), estimate (% of CD4⁺ T cells), method.

    Raises
    ------
    MissingColumns
        If regulatory T cells were not measured.
    """
    require(patients, "treg_pct")
    known = patients["treg_pct"].dropna()
    cutoff, method = (
        (float(known.median()), "median of the cohort")
        if treg_cutoff is None
        else (treg_cutoff, "chosen by the user")
    )
    columns = ["group", "n", "estimate", "method"]
    return pd.DataFrame([("cut-off", len(known), cutoff, method)], columns=columns)


def _two_levels(source: pd.Series, is_second: pd.Series, first: str, second: str) -> pd.Series:
    values = pd.Series(np.where(is_second, second, first), index=source.index, dtype=object)
    values[source.isna()] = None
    return values.astype(pd.CategoricalDtype([first, second]))


# --- reading -----------------------------------------------------------------------------------


def read(source: str | Path) -> Cohort:
    """Read and check a cohort.

    Parameters
    ----------
    source : str or pathlib.Path
        ``"an2020"`` for the reconstruction that ships with the package, or a CSV file.

    Returns
    -------
    Cohort
        The checked cohort.

    Raises
    ------
    InputError
        With every problem of the file at once.
    """
    if str(source) == DEFAULT_COHORT:
        data = (resources.files("cartanalysis") / "data" / f"{DEFAULT_COHORT}.csv").read_bytes()
        return parse(data, DEFAULT_COHORT, is_reconstruction=True)
    path = Path(source)
    return parse(read_file(path), path.name)


def read_file(path: Path) -> bytes:
    """Read a regular file's bytes.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    bytes
        Its content.

    Raises
    ------
    InputError
        If there is no such file, it is not a regular file or it cannot be read.
    """
    try:
        there = path.exists()
    except OSError as error:  # a name that no file can have
        remedy = "Check the name"
        what = f"not a file name ({error.strerror})"
        raise InputError(shown(str(path)), [Problem(what, remedy)]) from error
    if not there:
        remedy = f"Check the name, or use {DEFAULT_COHORT} for the cohort that comes with the book"
        raise InputError(str(path), [Problem("no such file", remedy)])
    if not path.is_file():
        raise InputError(str(path), [Problem("not a regular file", "Give a CSV file")])
    try:
        return path.read_bytes()
    except OSError as error:
        remedy = "Check that you may read it"
        raise InputError(
            str(path), [Problem(f"cannot be read ({error.strerror})", remedy)]
        ) from error


def parse(data: bytes, source: str, *, is_reconstruction: bool = False) -> Cohort:
    """Turn the bytes of a CSV file into a checked cohort.

    Parameters
    ----------
    data : bytes
        Content of a comma-separated file in UTF-8, header first.
    source : str
        File name for messages; without its ending it becomes the cohort's name.
    is_reconstruction : bool
        Whether this is the default cohort.

    Returns
    -------
    Cohort
        The checked cohort.

    Raises
    ------
    InputError
        With every problem of the file at once.
    """
    header, rows = _records(data, source)
    problems: list[Problem] = []
    notes: list[str] = []
    names = _match_header(header, problems, notes)
    cells: dict[str, list[str]] = {name: [] for name in names.values()}
    numbers: list[int] = []
    for number, row in rows:
        if len(row) != len(header):
            what = f"the row has {len(row)} cells, the header {len(header)}"
            problems.append(
                Problem(what, "Quote cells that hold a comma, or fill the row", row=number)
            )
            continue
        numbers.append(number)
        for index, name in names.items():
            cells[name].append(row[index].strip())
    if not numbers and not problems:
        problems.append(Problem("there is no patient in the file", "Add one row per patient"))

    parsed = {
        name: _parse_column(FIELDS[name], cells[name], numbers, problems, notes)
        for name in FIELDS
        if name in cells
    }
    table = pd.DataFrame(parsed, index=pd.Index(numbers, name="row"))
    problems += _check_schema(table, cells)
    for rule in RULES:
        problems += rule(table)
    if problems:
        # one problem per cell: what cannot be read at all need not be called empty as well
        by_place = {(p.row, p.column) if p.column else id(p): p for p in reversed(problems)}
        in_order = sorted(
            by_place.values(), key=lambda p: (p.row is not None, p.row or 0, p.column or "")
        )
        raise InputError(source, in_order)
    ordered = {f.name: pd.CategoricalDtype(list(f.levels)) for f in FIELDS.values() if f.levels}
    name = _short_name(source)
    if name == DEFAULT_COHORT and not is_reconstruction:
        name = f"{name} (a file)"  # must not pass for the reconstruction, nor the other way round
    return Cohort(
        name=name,
        table=table.astype({c: t for c, t in ordered.items() if c in table}).reset_index(drop=True),
        sha256=hashlib.sha256(data).hexdigest(),
        notes=tuple(notes),
        is_reconstruction=is_reconstruction,
    )


def _records(data: bytes, source: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Split a file into its header and its non-blank rows, numbered as a spreadsheet does."""
    if not data.strip():
        raise InputError(source, [Problem("the file is empty", "Export it again")])
    if b"\x00" in data:
        what = "the file holds NUL bytes, so it is not a plain CSV file"
        raise InputError(source, [Problem(what, "Save it as “CSV UTF-8”")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data[: error.start].count(b"\n") + 1
        what = f"byte {data[error.start]:#04x} is not UTF-8 text"
        raise InputError(source, [Problem(what, "Save it as “CSV UTF-8”", row=row)]) from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                rows.append((number, cells))
    except csv.Error as error:
        problem = Problem(
            f"not readable as CSV ({error})", "Check the quotation marks", row=len(rows) + 1
        )
        raise InputError(source, [problem]) from error
    if not rows:
        raise InputError(source, [Problem("the file is empty", "Export it again")])
    header = [name.strip() for name in rows[0][1]]
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        what = "the cells are separated by semicolons or tabs"
        raise InputError(source, [Problem(what, "Save it separated by commas", row=1)])
    return header, rows[1:]


def _match_header(header: list[str], problems: list[Problem], notes: list[str]) -> dict[int, str]:
    """Tell which of the file's columns are which of ours."""
    names: dict[int, str] = {}
    ignored: list[str] = []
    for index, name in enumerate(header):
        if name.lower() in names.values():
            remedy = "Keep one of them or rename the other"
            problems.append(Problem("the column appears twice", remedy, row=1, column=name))
        elif name in FIELDS:
            names[index] = name
        else:
            close = difflib.get_close_matches(name.lower(), FIELDS, n=1, cutoff=0.8)
            if close and close[0] not in header:
                what = "the column is not known, but much like one that is"
                problems.append(Problem(what, f"Did you mean {close[0]}?", row=1, column=name))
            else:
                ignored.append(shown(name))
    for name in REQUIRED:
        if name not in names.values():
            remedy = "Add it; it is the only column every cohort needs"
            problems.append(Problem("the column is missing", remedy, row=1, column=name))
    for pair in PAIRS:
        present = [c for c in pair if c in names.values()]
        if len(present) == 1:
            other = next(c for c in pair if c not in present)
            what = f"the column is missing, but {present[0]} is there"
            remedy = f"{other}: {FIELDS[other].meaning}"
            problems.append(Problem(what, remedy, row=1, column=other))
    if ignored:
        notes.append("Columns not used: " + ", ".join(ignored[:20]) + ".")
    return names


def _parse_column(
    spec: Field, cells: list[str], rows: list[int], problems: list[Problem], notes: list[str]
) -> pd.Series:
    """Turn one column's text into values; what cannot be understood becomes a problem."""
    values: list[object] = []
    by_fold = {level.casefold(): level for level in spec.levels}
    respelt: set[str] = set()
    for row, text in zip(rows, cells, strict=True):
        if text.casefold() in MISSING and spec.kind != "id":
            values.append(None)
        elif spec.kind == "label":
            first = by_fold.setdefault(text.casefold(), text)
            if first != text:
                respelt.add(text)
            values.append(first)
        elif spec.kind == "id":
            values.append(text or None)
        elif spec.kind == "level":
            level = by_fold.get(text.casefold(), text)
            if level != text and level in spec.levels:
                respelt.add(text)
            values.append(level)
        else:
            number = _number(text)
            if number is None:
                remedy = f"Write {spec.allowed}; leave the cell empty if unknown"
                problems.append(Problem("not a number", remedy, row, spec.name, text))
            values.append(number)
    if respelt:
        notes.append(f"Column {spec.name}: upper and lower case were not told apart.")
    index = pd.Index(rows, name="row")
    if spec.kind in ("id", "label", "level"):
        return pd.Series(values, index=index, dtype=object)
    return pd.Series(values, index=index, dtype=float)


def _number(text: str) -> float | None:
    """Understand plain decimal notation only: 1e5, 1_000 or full-width digits are suspicious."""
    return float(text) if re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text, re.ASCII) else None


def _short_name(source: str) -> str:
    stem = Path(source).stem
    # the name reaches titles, which themes write unescaped: only harmless characters stay
    clean = "".join(c if c.isalnum() or c in "-_.()" else " " for c in stem)
    return " ".join(clean.split())[:60] or "cohort"


# --- checks ------------------------------------------------------------------------------------


@cache
def schema() -> pa.DataFrameSchema:
    """Build the pandera schema of the single-column rules.

    Returns
    -------
    pandera.DataFrameSchema
        One optional, nullable column per field; each check's ``error`` is "what|remedy".
    """
    columns = {}
    for spec in FIELDS.values():
        checks: list[pa.Check] = []
        nullable = spec.kind != "id"
        if spec.kind == "level":
            error = f"not a level of this column|Use {spec.allowed}"
            checks.append(pa.Check.isin(spec.levels, error=error))
        elif spec.kind == "event":
            remedy = f"Write {spec.allowed}: {spec.meaning}; in a file coded 1/2, 1 becomes 0"
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


def _check_schema(table: pd.DataFrame, cells: dict[str, list[str]]) -> list[Problem]:
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


@_rule("patient_id")
def _ids_are_unique(table: pd.DataFrame) -> Iterable[Problem]:
    keys = table["patient_id"].dropna().astype(str).str.casefold()
    first: dict[str, int] = {}
    for row, key in keys.items():
        if key in first:
            what = f"the identifier is already in row {first[key]} (case is not told apart)"
            remedy = "Keep one row per patient; for a second infusion, keep the first"
            yield Problem(
                what, remedy, int(str(row)), "patient_id", str(table.at[row, "patient_id"])
            )
        else:
            first[key] = int(str(row))


@_rule("arm")
def _arms_are_few(table: pd.DataFrame) -> Iterable[Problem]:
    count = table["arm"].nunique()
    if count > MAX_ARMS:
        what = f"{count} different treatment arms"
        yield Problem(what, f"Group them into at most {MAX_ARMS}", column="arm")


def _pair_is_complete(days: str, event: str) -> Rule:
    def rule(table: pd.DataFrame) -> Iterable[Problem]:
        for present, absent in ((days, event), (event, days)):
            for row in table.index[table[present].notna() & table[absent].isna()]:
                what = f"empty, but {present} is {_written(table.at[row, present])}"
                remedy = f"Fill it ({FIELDS[absent].meaning}), or empty both"
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
