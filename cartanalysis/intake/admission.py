"""From somebody's file to a cohort that may be published: read, check privacy, map, check.

Nothing is written here, and nothing may be written before `admit` has returned.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from cartanalysis import intake
from cartanalysis.contract import DEFAULT_COHORT, FIELDS, PAIRS, Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import contradictions, mapping
from cartanalysis.intake import identifiers as privacy
from cartanalysis.intake.mapping import numbers
from cartanalysis.intake.mapping.model import FromColumn
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Source

FRACTION = 1.0
"""A column of percentages that never exceeds this holds fractions, or needs a mapping's word."""

SHARE = re.compile(r"\+?(\d+([.,]\d*)?|[.,]\d+)", re.ASCII)
"""A share as it may be written, decimal comma included."""

SHORT_FOLLOW_UP = 60.0
"""Days; a longest follow-up below this looks like months."""

SHORT_WITH_DECIMALS = 400.0
"""Days; times that have decimals and are all below this look like months or years."""

LONG_FOLLOW_UP = 20 * 365.25
"""Days; nobody has been followed so long after CAR T."""

MONTHS_APART = 15
"""A median this many times shorter than another group's looks like months beside days."""

FEW = 5
"""Fewer values than this look like nothing."""


@dataclass(frozen=True)
class Request:
    """What a user wants published.

    Attributes
    ----------
    cohort : str
        ``"an2020"``, a file or a folder.
    mapping : pathlib.Path, optional
        Which of its columns is which of ours.
    sheet : str, optional
        Sheet of a workbook.
    dictionary : pathlib.Path, optional
        Data dictionary of a REDCap export.
    """

    cohort: str = DEFAULT_COHORT
    mapping: Path | None = None
    sheet: str | None = None
    dictionary: Path | None = None

    @property
    def is_default(self) -> bool:
        """Whether the reconstruction is meant."""
        return self.cohort == DEFAULT_COHORT

    def source(self) -> Source:
        """Read the file, understanding nothing yet."""
        return read_source(self.cohort, sheet=self.sheet, dictionary=self.dictionary)


def admit(request: Request, strata: Sequence[str] = ()) -> Cohort:
    """Read a cohort and make sure that it may be used."""
    if request.is_default:
        return intake.read(DEFAULT_COHORT, strata)
    if request.mapping is None:
        source = request.source()
        findings = _private(source, strict={"arm", *strata}) + _suspicious(source)
        findings += contradictions.find(source, source)
        table, stated, heard = source, set(), {*FIELDS}
    else:
        plan = mapping.load(request.mapping, for_use=True)
        given = replace(
            request,
            sheet=request.sheet or plan.sheet,
            dictionary=request.dictionary or _beside(request.mapping, plan.dictionary),
        )
        source = given.source()
        findings = _private(source, _consumed(plan, source), _shown(plan), _identifier(plan))
        table = mapping.apply(source, plan)
        findings += _old(table)  # of the ages that the mapping did not cap
        findings += contradictions.find(source, table, plan.drop)
        heard = {*plan.drop, *(name for e in plan.entries for name in e.columns)}
        stated = _stated(plan)
    try:
        cohort = intake.build(table, strata)
    except InputError as error:
        raise InputError(source.name, intake.in_order([*findings, *error.problems])) from None
    if findings:
        raise InputError(source.name, intake.in_order(findings))
    untreated = contradictions.not_treated(source, heard)
    return replace(cohort, notes=(*cohort.notes, *untreated, *_remarks(cohort, stated)))


def _beside(file: Path, name: str | None) -> Path | None:
    """Take a name in a mapping file as relative to it."""
    return None if name is None else file.parent / name


def _consumed(plan: mapping.Mapping, source: Source) -> set[str]:
    """Name the columns that are dropped, or of which nothing identifying is kept."""
    names = set(plan.drop)
    for entry in plan.entries:
        # what becomes a number, a level or an event keeps nothing of a text
        if FIELDS[entry.target].kind not in ("id", "label") or (
            isinstance(entry, FromColumn) and entry.renumber
        ):
            names |= set(entry.columns)
    # the user looked at these; what a data dictionary marks stays marked
    return names | set(plan.keep) - {c.name for c in source.columns if c.identifier}


def _shown(plan: mapping.Mapping) -> set[str]:
    """Name the columns whose texts readers may see as groups."""
    labels = [e for e in plan.entries if FIELDS[e.target].kind == "label"]
    return {*plan.extra, *(name for entry in labels for name in entry.columns)}


def _identifier(plan: mapping.Mapping) -> str:
    """Name the column that a mapping takes the identifiers from."""
    names = [name for e in plan.entries if e.target == "patient_id" for name in e.columns]
    return names[0] if names else ""


def _stated(plan: mapping.Mapping) -> set[str]:
    """Name our times of which a mapping says how they are counted."""
    return {e.target for e in plan.entries if not isinstance(e, FromColumn) or e.unit}


def _private(
    source: Source,
    ignore: Collection[str] = (),
    strict: Collection[str] = (),
    identifier: str = "patient_id",
) -> list[Problem]:
    found = privacy.identifying(source, ignore, strict)
    problems = [f.problem(renumber=f.column == identifier) for f in found]
    return problems + _old(source, ignore)


def _old(source: Source, ignore: Collection[str] = ()) -> list[Problem]:
    name = "age_years"
    if name not in source.cells or name in ignore:
        return []
    return privacy.old_ages(source.cells[name], source.rows, name)


def _suspicious(source: Source) -> list[Problem]:
    """Find percentages that are or may be fractions; a mapping says which and is not asked."""
    problems = []
    for spec in FIELDS.values():
        if spec.kind != "number" or not spec.unit.startswith("%") or spec.name not in source.cells:
            continue
        cells = source.cells[spec.name]
        known = [float(c.replace(",", ".")) for c in cells if SHARE.fullmatch(c)]
        mixed = numbers.mixed_shares(known)
        if mixed:
            problems.append(Problem(*mixed, column=spec.name))
        if len(known) >= FEW and 0 < max(known) <= FRACTION:
            what = f"every value is {max(known):g} or less: fractions where percentages are meant"
            remedy = (
                "Multiply them by 100; if they are percentages, say “unit: percent” in a mapping "
                "file"
            )
            problems.append(Problem(what, remedy, column=spec.name))
    return problems


def _remarks(cohort: Cohort, stated: Collection[str] = ()) -> tuple[str, ...]:
    """Point out what is allowed, but rare; without counts or values, as readers see it."""
    table = cohort.table
    remarks = [r for name in ("os_days", "rfs_days") for r in _short_times(table, name, stated)]
    for name in ("os_days", "rfs_days", "hsct_day"):
        if name in table and (table[name] > LONG_FOLLOW_UP).any():
            remarks.append(f"Some times in {name} are above 20 years. Are they in days?")
    for days, event in PAIRS:
        if {days, event} <= set(table) and ((table[days] == 0) & (table[event] == 1)).any():
            remarks.append(
                f"{days} is 0 with an event for some patients; the curve starts below 1."
            )
        remarks += _months_in_one_group(cohort, days)
    if {"os_event", "rfs_event"} <= set(table) and (
        (table["os_event"] == 1) & (table["rfs_event"] == 0)
    ).any():
        remarks.append(
            "Some patients who died are censored in relapse-free survival. Deaths are RFS events; "
            "is rfs_event right for them?"
        )
    return tuple(remarks)


def _short_times(table: pd.DataFrame, name: str, stated: Collection[str]) -> list[str]:
    """Point out times that look like months or years, unless a mapping states their unit."""
    known: list[float] = table[name].dropna().tolist() if name in table else []
    if name in stated or len(known) < FEW or max(known) <= 0:
        return []
    if name == "os_days" and max(known) < SHORT_FOLLOW_UP:
        return [
            f"The longest follow-up is below {SHORT_FOLLOW_UP:g} days. If these are months, "
            "say “unit: months” in a mapping file."
        ]
    if max(known) < SHORT_WITH_DECIMALS and not all(time.is_integer() for time in known):
        return [
            f"Times in {name} have decimals, and all are below {SHORT_WITH_DECIMALS:g} days. "
            "If these are months or years, say so in a mapping file (“unit: months”)."
        ]
    return []


def _months_in_one_group(cohort: Cohort, name: str) -> list[str]:
    """Compare medians between groups: one site that writes months is a thirtieth of the others."""
    table = cohort.table
    if name not in table:
        return []
    remarks = []
    for by in dict.fromkeys((*(["arm"] if "arm" in table else []), *cohort.strata)):
        if by not in table:
            continue
        grouped = table.groupby(by, observed=True)[name].agg(["median", "count"])
        medians = grouped[grouped["count"] >= FEW]["median"]
        if len(medians) > 1 and 0 < medians.min() < medians.max() / MONTHS_APART:
            remarks.append(
                f"The median of {name} is far shorter in {medians.idxmin()} than in "
                f"{medians.idxmax()}. Are both in days?"
            )
    return remarks
