"""From somebody's file to a cohort that may be published: read, check privacy, map, check.

Nothing is written here, and nothing may be written before `admit` has returned.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from cartanalysis.contract import DEFAULT_COHORT, FIELDS, PAIRS, Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import checking, contradictions, identifiers, mapping
from cartanalysis.intake.mapping.model import AGE, FromColumn
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Source

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
    """What a user wants published."""

    cohort: str = DEFAULT_COHORT  # "an2020", a file or a folder
    mapping: Path | None = None  # which of its columns is which of ours
    sheet: str | None = None  # of a workbook
    dictionary: Path | None = None  # data dictionary of a REDCap export

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
        return checking.read(DEFAULT_COHORT, strata)
    if request.mapping is None:
        source = request.source()
        made, present = checking.as_ours(source, strata), [c.name for c in source.columns]
        plan = mapping.identity(source, strata)
        seen: set[str] = set()  # nobody has looked at these columns for us
        shown = {"arm", *strata}
    else:
        plan = mapping.load(request.mapping, for_use=True)
        request = replace(
            request,
            sheet=request.sheet or plan.sheet,
            dictionary=request.dictionary or _beside(request.mapping, plan.dictionary),
        )
        source = request.source()
        made, present = mapping.apply(source, plan), []
        seen, shown = _consumed(plan, source), _shown(plan)
    findings = [
        found.problem(renumber=found.column in _columns_of("patient_id", plan))
        for found in identifiers.identifying(source, seen, shown)
    ]
    findings += _old(source, made, plan, seen)
    findings += contradictions.find(source, made, plan.drop)
    try:
        cohort = checking.check(made, strata, present)
    except InputError as error:
        raise InputError(source.name, checking.in_order([*findings, *error.problems])) from None
    if findings:
        raise InputError(source.name, checking.in_order(findings))
    heard = {*plan.drop, *(name for e in plan.entries for name in e.columns)}
    untreated = contradictions.not_treated(source, heard)
    return replace(cohort, notes=(*cohort.notes, *untreated, *_remarks(cohort, _stated(plan))))


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


def _columns_of(target: str, plan: mapping.Mapping) -> set[str]:
    """Name the columns that one of ours is made of."""
    return {name for e in plan.entries if e.target == target for name in e.columns}


def _stated(plan: mapping.Mapping) -> set[str]:
    """Name our times of which a mapping says how they are counted."""
    return {e.target for e in plan.entries if not isinstance(e, FromColumn) or e.unit}


def _old(
    source: Source, made: Source, plan: mapping.Mapping, seen: Collection[str]
) -> list[Problem]:
    """Find ages above 89 in the cohort, or in a column called so that is not used."""
    entry = next((e for e in plan.entries if e.target == AGE), None)
    if entry is None:
        ages = [] if AGE in seen else source.cells.get(AGE, [])
        return identifiers.old_ages(ages, source.rows, AGE)
    ages = made.cells.get(AGE, [])
    if isinstance(entry, FromColumn) and not entry.unit:
        return identifiers.old_ages(
            ages, source.rows, entry.source, source.cells.get(entry.source, [])
        )
    return identifiers.old_ages(ages, source.rows, AGE)


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
