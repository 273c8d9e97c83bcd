"""From somebody's file to a cohort that may be published: read, check privacy, map, check.

Nothing is written here, and nothing may be written before `admit` has returned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cartanalysis.contract import DEFAULT_COHORT, Cohort
from cartanalysis.errors import InputError, Problem
from cartanalysis.intake import checking, contradictions, identifiers, mapping, rules
from cartanalysis.intake.mapping.model import AGE, FromColumn, FromRules
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.reading import read_source
from cartanalysis.intake.source import Source

SHORT_FOLLOW_UP = 60.0  # days; a longest follow-up below this looks like months

SHORT_WITH_DECIMALS = 400.0  # days; times with decimals, all below this, look like months or years

MONTHS_APART = 15  # so many times shorter than another group's, a median looks like months
FEW = 5  # fewer values than this look like nothing


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

    def source(self, plan: Plan | None = None) -> Source:
        """Read the file, understanding nothing yet but how rows and tables belong together."""
        named = (plan.columns() | {*plan.extra}) if plan else ()
        layout = plan.laid_out if plan else None
        return read_source(
            self.cohort, sheet=self.sheet, dictionary=self.dictionary, layout=layout, wanted=named
        )


def admit(request: Request, strata: Sequence[str] = ()) -> Cohort:
    """Read a cohort and make sure that it may be used."""
    if request.is_default:
        return checking.read(DEFAULT_COHORT, strata)
    if request.mapping is None:
        source = request.source()
        plan, present = mapping.identity(source, strata), [*source.cells]
        seen: set[str] = set()  # nobody has looked at these columns for us
        shown = {"arm", *strata}
    else:
        plan = mapping.load(request.mapping, for_use=True)
        request = replace(
            request,
            sheet=request.sheet or plan.sheet,
            dictionary=request.dictionary
            or (request.mapping.parent / plan.dictionary if plan.dictionary else None),
        )
        source = request.source(plan)
        present = []
        source = mapping.select(source, plan)
        seen, shown = _consumed(plan, source), {*plan.extra, *plan.columns("label")}
    made = mapping.apply(source, plan)
    findings = [
        found.problem(renumber=found.column in plan.columns("id"))
        for found in identifiers.identifying(source, seen, shown)
    ]
    findings += _old(source, made, plan, seen)
    findings += contradictions.find(source, made, plan)
    died, late = contradictions.deaths_of_adam(source, made, plan)
    findings, made = [*findings, *died], made.also(late)
    try:
        cohort = checking.check(made, strata, present)
    except InputError as error:
        raise InputError(source.name, checking.in_order([*findings, *error.problems])) from None
    if findings:
        raise InputError(source.name, checking.in_order(findings))
    # times of which the mapping says how they are counted
    stated = {e.target for e in plan.entries if not isinstance(e, FromColumn) or e.unit}
    return replace(cohort, notes=(*cohort.notes, *_remarks(cohort, stated)))


def _consumed(plan: Plan, source: Source) -> set[str]:
    """Name the columns that are dropped, or of which nothing identifying is kept."""
    # what becomes a number, a level or an event keeps nothing of a text
    names = {*plan.drop, *plan.columns("number", "level", "grade", "event")}
    names |= {e.source for e in plan.entries if isinstance(e, FromColumn) and e.renumber}
    # nor does what conditions test, unless its words are kept elsewhere
    rules = {n for e in plan.entries if isinstance(e, FromRules) for n in e.columns}
    names |= {*rules, *(plan.only.columns if plan.only else ())} - plan.kept
    # the user looked at these; what a data dictionary marks stays marked
    return names | set(plan.keep) - {c.name for c in source.columns if c.identifier}


def _old(source: Source, made: Source, plan: Plan, seen: Collection[str]) -> list[Problem]:
    """Find ages above 89 in the cohort, or in a column called so that is not used."""
    entry = plan.by_target.get(AGE)
    if entry is None:
        ages = [] if AGE in seen else source.cells.get(AGE, [])
        return identifiers.old_ages(ages, source.rows, AGE)
    ages = made.cells.get(AGE, [])
    if isinstance(entry, FromColumn) and not entry.unit:
        written = source.cells.get(entry.source, [])
        return identifiers.old_ages(ages, source.rows, entry.source, written)
    return identifiers.old_ages(ages, source.rows, AGE)


def _remarks(cohort: Cohort, stated: Collection[str] = ()) -> Iterator[str]:
    """Point out what is allowed, but rare; without counts or values, as readers see it."""
    for query, remark in rules.REMARKS.items():
        if rules.holds(cohort.table, query).any():
            yield remark
    for name in ("os_days", "rfs_days"):
        if name in cohort.table:
            yield from _months_in_one_group(cohort, name)
            if name not in stated:
                yield from _short_times(name, cohort.table[name].dropna().tolist())


def _short_times(name: str, known: Sequence[float]) -> Iterator[str]:
    """Point out times that look like months or years."""
    if len(known) < FEW or max(known) <= 0:
        return
    if name == "os_days" and max(known) < SHORT_FOLLOW_UP:
        yield (
            f"The longest follow-up is below {SHORT_FOLLOW_UP:g} days. If these are months, "
            "say “unit: months” in a mapping file."
        )
    elif max(known) < SHORT_WITH_DECIMALS and not all(time.is_integer() for time in known):
        yield (
            f"Times in {name} have decimals, and all are below {SHORT_WITH_DECIMALS:g} days. "
            "If these are months or years, say so in a mapping file (“unit: months”)."
        )


def _months_in_one_group(cohort: Cohort, name: str) -> Iterator[str]:
    """Compare medians between groups: one site that writes months is a thirtieth of the others."""
    for by in dict.fromkeys(("arm", *cohort.strata)):
        if by not in cohort.table:
            continue
        grouped = cohort.table.groupby(by, observed=True)[name].agg(["median", "count"])
        medians = grouped[grouped["count"] >= FEW]["median"]
        if len(medians) > 1 and 0 < medians.min() < medians.max() / MONTHS_APART:
            yield (
                f"The median of {name} is far shorter in {medians.idxmin()} than in "
                f"{medians.idxmax()}. Are both in days?"
            )
