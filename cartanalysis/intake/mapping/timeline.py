"""What a mapping takes from columns of dates: times, events, and the order of a patient's life."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from cartanalysis.contract import Field
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.hints import COUNTED_FROM
from cartanalysis.intake.mapping import dates
from cartanalysis.intake.mapping.conditions import Condition, is_filled, leave_out
from cartanalysis.intake.mapping.model import AGE, FromDates, FromFilled
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.source import Source, is_empty

NOT_INFUSED = "no date of infusion, and the book counts those who were infused"
"""What is wrong with a patient who may never have been infused."""

Days = dict[str, list[dt.date | None]]


class Timeline:
    """The dates that a mapping names, each column read once."""

    def __init__(self, source: Source, plan: Plan, today: dt.date) -> None:
        self.source = source
        self.plan = plan
        self.today = today
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.read: dict[tuple[str, str], list[dt.date | None]] = {}
        self.orders = self.orders_of_file()

    def orders_of_file(self) -> dict[str, tuple[str, str]]:
        """Tell day from month, and which column shows it; a file is seldom written in two ways."""
        cells = self.source.cells
        entries = [e for e in self.plan.entries if isinstance(e, FromDates | FromFilled)]
        named = dict.fromkeys(n for e in entries for n in e.columns if n in cells)
        given = {n: e.order for e in entries for n in e.columns if e.order in dates.IN_WORDS}
        shows = {name: given.get(name) or dates.settles(cells[name]) for name in named}
        settled = {name: order for name, order in shows.items() if order}
        if len(set(settled.values())) > 1:
            for name, order in settled.items():
                if name not in given:
                    other = next(n for n, o in settled.items() if o != order)
                    what = (
                        f"the dates are written with the {dates.IN_WORDS[order]}, those of "
                        f"{shown(other)} with the {dates.IN_WORDS[settled[other]]}"
                    )
                    remedy = (
                        "Check how they were exported; if both are right, write order: for each"
                    )
                    self.problems.append(Problem(what, remedy, column=name))
            return {name: (order, name) for name, order in settled.items()}
        by = next(iter(settled), "")
        return {name: (settled[by], name if name in settled else by) for name in named if by}

    def column(self, name: str, order: str) -> list[dt.date | None]:
        """Read a column of dates, once."""
        if (name, order) not in self.read:
            cells = self.source.cells[name]
            texts = [None if is_empty(text) else text for text in cells]
            shared, by = self.orders.get(name, ("", name))
            found = dates.read(texts, order, self.today, shared)
            if found.whole:
                what = f"{found.whole.what} (such as {shown(found.example)})"
                self.problems.append(Problem(what, found.whole.remedy, column=name))
            for i, fault in found.faults:
                self.problems.append(self.source.problem(fault.what, fault.remedy, name, i))
            if found.order in dates.IN_WORDS:
                how = dates.IN_WORDS[found.order] + (
                    f", as {shown(by)} shows" if by != name and not order else ""
                )
                self.notes.append(f"Dates of {shown(name)} were read with the {how}.")
            self.read[name, order] = found.values
        return self.read[name, order]

    def filled(self, name: str, order: str) -> list[bool | None]:
        """Tell in which rows a column has a date; none where it cannot be read."""
        pairs = zip(self.column(name, order), self.source.cells[name], strict=True)
        return [True if day else False if is_empty(text) else None for day, text in pairs]

    # --- what entries want -----------------------------------------------------------------------

    def counted(self, entry: FromDates, spec: Field) -> list[str]:
        """Count time between dates, or tell which date was first."""
        days = {name: self.column(name, entry.order) for name in entry.columns}
        if spec.kind != "level":
            ends = ", ".join(shown(d) for d in entry.dates)
            if entry.otherwise:
                ends += ", otherwise " + ", ".join(shown(d) for d in entry.otherwise)
            unit = "completed years" if entry.target == AGE else "days"
            self.notes.append(f"{entry.target}: {unit} from {shown(entry.since)} to {ends}.")
        told = zip(*(self.filled(name, entry.order) for name in entry.columns), strict=True)
        return [
            "" if None in filled else self._counted(entry, spec, days, i)
            for i, filled in enumerate(told)
        ]

    def _counted(self, entry: FromDates, spec: Field, days: Days, i: int) -> str:
        since, end = days[entry.since][i], last_day(days, entry.dates, entry.otherwise, i)
        if since is None or end is None:
            return ""
        day, name = end
        if day < since:
            what = f"the date is before {shown(entry.since)} ({since})"
            self.problems.append(self.source.problem(what, "Check both dates", name, i))
            return ""
        if spec.kind == "level":
            return (entry.levels or {})[name] or ""
        return str(dates.years_between(since, day) if entry.target == AGE else (day - since).days)

    # --- the order of a life ---------------------------------------------------------------------

    def found(self) -> list[Problem]:
        """Give all problems, with the dates of one patient that cannot both be right."""
        self.tell_out_of_order()
        self.tell_not_infused()
        return self.problems

    def tell_out_of_order(self) -> None:
        """Find dates of the course of a patient's life in the wrong order."""
        told = {(p.row, p.column) for p in self.problems}
        by_name = {name: values for (name, _), values in self.read.items()}
        for earlier, later, is_death in self.pairs():
            if earlier not in by_name or later not in by_name:
                continue
            for i, (first, second) in enumerate(zip(by_name[earlier], by_name[later], strict=True)):
                if first is None or second is None or first <= second:
                    continue
                column = earlier if is_death else later
                what = f"the date is before {shown(earlier)} ({first})"
                if is_death:
                    what = f"the date is after {shown(later)} ({second}), the patient's death"
                problem = self.source.problem(what, "Check both dates", column, i)
                if (problem.row, column) not in told:
                    told.add((problem.row, column))
                    self.problems.append(problem)

    def pairs(self) -> Iterator[tuple[str, str, bool]]:
        """Give columns of which the first must not be later, and whether the second is the death.

        What a column is the date of follows from the entries: survival counts from infusion to
        death, relapse-free survival from remission to relapse or death, else to the last contact.
        """
        entries = {e.target: e for e in self.plan.entries if isinstance(e, FromDates)}
        survival, relapse_free = entries.get("os_days"), entries.get("rfs_days")
        death = survival.dates if survival else ()
        infusion = {survival.since} if survival else set()
        remission = {relapse_free.since} - infusion if relapse_free else set()
        relapse = [d for d in relapse_free.dates if d not in death] if relapse_free else []
        for earlier, later in itertools.combinations((infusion, remission, relapse), 2):
            for first, second in itertools.product(earlier, later):
                yield first, second, False
        # that death is not before a first day is checked where days are counted
        others = dict.fromkeys(n for e in entries.values() for n in (*e.dates, *e.otherwise))
        for last in death:
            for name in others:
                if name not in {*death, *infusion}:
                    yield name, last, True

    def tell_not_infused(self) -> None:
        """Ask for the first day of those without: who was never infused is not counted here."""
        by_target = {e.target: e for e in self.plan.entries if isinstance(e, FromDates)}
        counted = [e.since for t, e in by_target.items() if COUNTED_FROM.get(t) == "infusion"]
        if AGE in by_target:
            counted += by_target[AGE].dates
        for name in dict.fromkeys(n for n in counted if n in self.source.cells):
            self.problems += without_date(self.source, name, self.plan.only)


def last_day(
    days: Mapping[str, Sequence[Any]], events: Iterable[str], contacts: Iterable[str], i: int
) -> tuple[Any, str] | None:
    """Give a patient's first event, else last contact, and its column; of a tie the first."""
    happened, seen = (
        [(day, name) for name in names if (day := days[name][i]) is not None]
        for names in (events, contacts)
    )
    first = itemgetter(0)
    return min(happened, key=first) if happened else max(seen, key=first, default=None)


def without_date(
    source: Source, name: str, only: Condition | None, more: str = ""
) -> Iterator[Problem]:
    """Ask for the date of infusion of those without, or to leave them out."""
    remedy = leave_out("who was never infused", Condition(((is_filled(name),),)), only)
    for row, text in zip(source.rows, source.cells[name], strict=True):
        if is_empty(text):
            yield Problem(NOT_INFUSED, f"Fill in the date. {remedy}{more}", row, name)
