"""The dates of one patient in the order of a life: infusion, remission, relapse, death."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from cartanalysis.errors import shown
from cartanalysis.intake.mapping import model


def out_of_order(
    plan: model.Mapping, days: Mapping[str, list[dt.date | None]]
) -> Iterator[tuple[int, str, str]]:
    """Find dates that cannot both be right.

    What a column is the date of follows from the entries: survival counts from infusion to death,
    relapse-free survival from remission to relapse or death, else both to the last contact.
    """
    for earlier, later, fatal in _pairs(plan):
        if earlier not in days or later not in days:
            continue
        for i, (first, second) in enumerate(zip(days[earlier], days[later], strict=True)):
            if first is None or second is None or first <= second:
                continue
            if fatal:
                yield (
                    i,
                    earlier,
                    f"the date is after {shown(later)} ({second}), the patient's death",
                )
            else:
                yield i, later, f"the date is before {shown(earlier)} ({first})"


def _pairs(plan: model.Mapping) -> Iterator[tuple[str, str, bool]]:
    """Give columns of which the first must not be later, and whether the second is the death."""
    entries = {e.target: e for e in plan.entries if isinstance(e, model.FromDates)}
    survival, relapse_free = entries.get("os_days"), entries.get("rfs_days")
    death = survival.dates if survival else ()
    infusion = {survival.since} if survival else set()
    remission = {relapse_free.since} - infusion if relapse_free else set()
    relapse = [d for d in relapse_free.dates if d not in death] if relapse_free else []
    for start in infusion:
        for name in (*remission, *relapse):
            yield start, name, False
    for start in remission:
        for name in relapse:
            yield start, name, False
    # that death is not before a first day is checked where days are counted
    others = dict.fromkeys(n for e in entries.values() for n in (*e.dates, *e.otherwise))
    for last in death:
        for name in others:
            if name not in {*death, *infusion}:
                yield name, last, True
