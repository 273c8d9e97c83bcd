"""Carry out a mapping: a table in somebody's columns becomes one in ours, every cell read once."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from cartanalysis.contract import FIELDS, Field
from cartanalysis.errors import Problem, counted, listed, shown
from cartanalysis.intake import cells as grammar
from cartanalysis.intake import hints
from cartanalysis.intake.cells import Fault
from cartanalysis.intake.mapping import conditions, dates
from cartanalysis.intake.mapping.column import Cells, Reader, fitting
from cartanalysis.intake.mapping.model import (
    UNSAID,
    Constant,
    Entry,
    FromColumn,
    FromDates,
    FromDays,
    FromFilled,
    FromHighest,
    FromRules,
)
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.mapping.timeline import Timeline, last_day
from cartanalysis.intake.source import Column, Source, filled, is_empty
from cartanalysis.text import fold, same_code

NAMES_SHOWN = 20  # so many names of columns are told in one note


def identity(source: Source, strata: Collection[str] = (), *, settled: bool = False) -> Plan:
    """Make the mapping of a file whose columns are ours, with the user's own columns as strata."""
    present = [c.name for c in source.columns]
    origins = hints.COUNTED_FROM if settled else {}
    entries = tuple(
        FromColumn(target=name, source=name, origin=origins.get(name, ""))
        for name in FIELDS
        if name in present
    )
    extra = [name for name in dict.fromkeys(strata) if name in present and name not in FIELDS]
    # a column that is called patient_id says itself whose rows these are
    return Plan(source.name, entries, tuple(extra), patients="rows", settled=settled)


def select(source: Source, mapping: Plan) -> Source:
    """Leave out the rows that do not count, before anything else is read of them."""
    only = mapping.only
    if only is None:
        return source
    absent = [name for name in only.columns if name not in source.cells]
    if absent:
        why = f"{mapping.name} names it under only"
        return source.also(problems=[_absent(source, n, why) for n in absent])
    held, before = conditions.hold([only], source), len(source.rows)
    places = [i for i, counts in enumerate(held.rows[0]) if counts is not False]
    problems, notes = held.problems, _unsaid("only", held.unsaid)
    if not places:
        remedy = "Compare its words with those of the column; case and blanks do not count"
        problems.append(Problem(f"no row of the file fulfils only: {only.words}", remedy))
        places = [*range(before)]
    if len(places) < before:
        out = {*range(before)} - {*places}
        asked = {c.column for c in only.clauses if c.test != "filled"}
        empty = sum(any(is_empty(source.cells[n][i]) for n in asked) for i in out)
        told = f" ({empty} with an empty cell there)" if empty else ""
        notes.append(
            f"{counted(before, 'row')} in the file, {len(places)} with {only.words} count; "
            f"{len(out)}{told} left out."
        )
        gone = {source.rows[i] for i in out}
        source = replace(
            source,
            problems=tuple(p for p in source.problems if p.row not in gone),
            left_out=source.left_out + len(out),
        )
    return source.take(places).also(notes, problems)


def apply(source: Source, mapping: Plan, *, today: dt.date | None = None) -> Source:
    """Turn a table, of the rows that count, into one in the columns, levels and units of ours."""
    mapping.require_answers()
    work = _Work(source, mapping, today or dt.date.today())
    work.tell_unused()
    for entry in mapping.entries:
        if work.has(entry):
            work.map(entry)
    work.keep_responders()
    work.tell_deaths_without_date()
    work.end_with_survival()
    for name in mapping.extra:
        work.keep(name)
    return replace(
        source,
        columns=tuple(work.columns),
        cells=work.cells,
        notes=(*source.notes, *work.notes, *work.timeline.notes),
        problems=(*source.problems, *work.problems, *work.timeline.found()),
    )


class _Work(Reader):
    """A table in the making."""

    def __init__(self, source: Source, mapping: Plan, today: dt.date) -> None:
        super().__init__(source, mapping)
        self.columns: list[Column] = []
        self.cells: dict[str, Cells] = {}
        self.timeline = Timeline(source, mapping, today)
        self.read: dict[tuple[Entry, str], list[Decimal | None]] = {}

    # --- one entry -----------------------------------------------------------------------------

    def has(self, entry: Entry) -> bool:
        """Tell whether the file has what an entry names."""
        absent = [name for name in entry.columns if name not in self.by_name]
        place = f"{self.mapping.name}{f', line {entry.line}' if entry.line else ''}"
        why = f"{entry.target} needs it ({place})"
        self.problems += [_absent(self.source, name, why) for name in absent]
        return not absent

    def map(self, entry: Entry) -> None:
        """Carry out one entry; what is computed holds nothing that could identify somebody."""
        spec, made_from = FIELDS[entry.target], Column(entry.target, origin=entry.columns)
        if isinstance(entry, FromColumn):
            cells, theirs = self.from_column(entry, spec), self.by_name[entry.source]
            personal = theirs.identifier and spec.kind in ("id", "label") and not entry.renumber
            origin, since = theirs.origin or entry.columns, entry.origin or theirs.counted_from
            made_from = Column(entry.target, "", {}, personal, "", origin, since)
        elif isinstance(entry, FromDates):
            cells = self.from_dates(entry, spec)
        elif isinstance(entry, FromFilled):
            cells = self.happened(entry)
        elif isinstance(entry, FromRules):
            cells = self.by_rules(entry)
        elif isinstance(entry, FromHighest):
            cells = self.highest(entry, spec)
        elif isinstance(entry, FromDays):
            cells = self.from_days(entry)
        elif isinstance(entry, Constant):
            cells = [entry.constant] * len(self.source.rows)
            self.notes.append(f"{entry.target}: {shown(entry.constant)} for every patient.")
        self.columns.append(made_from)
        self.cells[entry.target] = cells

    # --- from several columns ------------------------------------------------------------------

    def by_rules(self, entry: FromRules) -> Cells:
        """Decide each row by the first rule that it fulfils."""
        held = conditions.hold([*entry.rules.values()], self.source)
        self.problems += held.problems
        self.notes += _unsaid(entry.target, held.unsaid)
        told = "; ".join(f"{ours} where {rule.words}" for ours, rule in entry.rules.items())
        self.notes.append(f"{entry.target}: {told}.")
        levels, made = [*entry.rules], []
        for i, answers in enumerate(zip(*held.rows, strict=True)):
            first = next((k for k, answer in enumerate(answers) if answer is not False), None)
            if first is not None:
                made.append(levels[first] if answers[first] else "")
                continue
            if entry.rest == UNSAID:
                self.tell_unruled(entry, i)
            made.append(entry.rest or "")
        return made

    def tell_unruled(self, entry: FromRules, i: int) -> None:
        """Add the problem of a row that no rule fits, unless all its cells are empty."""
        cells = {name: self.source.cells[name][i] for name in entry.columns}
        if not filled(cells.values()):
            return
        says = ", ".join(f"{shown(n)} {shown(t) if t else 'empty'}" for n, t in cells.items())
        what = f"no rule of {entry.target} fits ({says})"
        remedy = f"Add a rule, or otherwise: null to leave {entry.target} empty in such rows"
        self.wrong(Fault(what, remedy), entry.columns[0], i)

    def highest(self, entry: FromHighest, spec: Field) -> Cells:
        """Take the highest of several grades; an empty one does not count."""
        grades = []
        for name in entry.highest:
            said = {"levels": entry.levels, "missing": entry.missing}
            one = FromColumn(target=entry.target, source=name, **said)  # type: ignore[arg-type]
            grades.append(self.coded(one, spec))
        named = ", ".join(map(shown, entry.highest))
        self.notes.append(f"{entry.target}: the highest of {named}; empty cells do not count.")
        return [max(row) for row in zip(*grades, strict=True)]  # a grade is one digit

    def from_days(self, entry: FromDays) -> Cells:
        """Count time from one day to another, both told in numbers."""
        times = {name: self.times(entry, name) for name in entry.columns}
        if entry.since:
            self.tell_shift(entry)
        made = []
        for i in range(len(self.source.rows)):
            start = times[entry.since][i] if entry.since else Decimal(0)
            end = last_day(times, entry.days, entry.otherwise, i)
            if start is None or end is None:
                made.append("")
                continue
            if end[0] < start:
                what = f"the time is before that in {shown(entry.since)} ({start} days)"
                self.wrong(Fault(what, "Check both; they have to count from one day"), end[1], i)
            made.append(grammar.plainly(max(end[0] - start, Decimal(0))))
        return made

    def tell_shift(self, entry: FromDays) -> None:
        """Tell what counting from a later day means; both times have to count from one day."""
        stated = {n: hints.origin_in(self.by_name[n], entry.target) for n in entry.columns}
        different = {day: name for name, day in stated.items() if day}
        if len(different) > 1:
            told = " and ".join(f"{shown(n)} from {day}" for day, n in different.items())
            what = f"{entry.target} takes one time from another, but by name or label {told}"
            self.wrong(Fault(what, "Name columns that count from one day"), entry.since)
        self.notes.append(f"{entry.target}: {shown(entry.since)} was taken off.")
        if entry.target == "os_days":
            self.notes[-1] += hints.DELAYED_ENTRY

    def times(self, entry: FromDays | FromFilled, name: str) -> list[Decimal | None]:
        """Read a column of numbers of days, or of another unit of time, once."""
        if (entry, name) not in self.read:
            spec = replace(FIELDS["os_days"], name=entry.target)
            # where times are compared, it does not matter from which day they count
            is_compared = isinstance(entry, FromFilled) or bool(entry.since)
            others = self.mapping.entries if isinstance(entry, FromFilled) else ()
            said = [e for e in (entry, *others) if isinstance(e, FromDays | FromColumn)]
            one = FromColumn(
                target=entry.target,
                source=name,
                unit="days" if isinstance(entry, FromFilled) else entry.unit,
                missing=entry.missing,
                values=next((e.values for e in said if name in e.columns and e.values), None),
                origin="any" if is_compared else "",
            )
            before = self.steps.pop(spec.name, None)
            cells = self.measured(one, spec)
            self.read[entry, name] = [Decimal(text) if text else None for text in cells]
            if before and spec.name in self.steps:  # a difference is as rough as both together
                pairs = zip(before, self.steps[spec.name], strict=True)
                self.steps[spec.name] = [one + other for one, other in pairs]
        return self.read[entry, name]

    def filled(self, entry: FromDates | FromDays | FromFilled, name: str) -> list[bool | None]:
        """Tell in which rows a column has a date or day; none where it cannot be read."""
        if not isinstance(entry, FromDays) and not (
            isinstance(entry, FromFilled) and _are_days(self.source.cells[name], entry)
        ):
            return self.timeline.filled(name, entry.order)
        return [time is not None for time in self.times(entry, name)]

    def happened(self, entry: FromFilled) -> Cells:
        """Tell who has any of several dates or days."""
        filled = {name: self.filled(entry, name) for name in entry.columns}
        named = ", ".join(shown(name) for name in entry.filled)
        self.notes.append(f"{entry.target}: an event where {named} is filled.")
        made = []
        for i in range(len(self.source.rows)):
            is_open = bool(entry.since) and not filled[entry.since][i]
            is_open |= any(filled[name][i] is None for name in entry.columns)
            event = "1" if any(filled[name][i] for name in entry.filled) else "0"
            made.append("" if is_open else event)
        return made

    # --- from dates ----------------------------------------------------------------------------

    def from_dates(self, entry: FromDates, spec: Field) -> Cells:
        """Count time between dates, or tell which date was first."""
        cells = self.timeline.counted(entry, spec)
        if spec.kind == "level":
            return cells
        for i, text in enumerate(cells):
            fits = fitting(spec, text, "") if text else text
            if isinstance(fits, Fault):
                self.wrong(fits, entry.since, i)
                cells[i] = ""
        return self.capped(entry, cells)

    def tell_deaths_without_date(self) -> None:
        """Compare deaths with their dates, where the two are from different columns."""
        time, event = map(self.mapping.by_target.get, ("os_days", "os_event"))
        cells = self.cells.get("os_event")
        if not isinstance(time, FromDates | FromDays) or isinstance(event, FromFilled) or not cells:
            return
        ends = time.dates if isinstance(time, FromDates) else time.days if time.otherwise else ()
        if not all(name in self.by_name for name in time.columns):
            return
        filled = {name: self.filled(time, name) for name in ends}
        by_contact = False
        for i, died in enumerate(cells if ends else ()):  # else one column ends with either
            dated = [name for name in ends if filled[name][i]]
            by_contact |= died == "1" and not dated
            if died == "0" and dated:
                fault = Fault("a date of death, but os_event says alive", "Correct one of the two")
                self.wrong(fault, dated[0], i)
        if by_contact:
            named = ", ".join(map(shown, ends))
            what = (
                f"of patients who died, but have no date in {named}, time ends at the last contact"
            )
            self.notes.append(f"os_days: {what}.")

    def keep_responders(self) -> None:
        """Empty what is wanted of responders only in everybody else."""
        responded = [level in ("CR", "CRi") for level in self.cells.get("response", [])]
        for entry in self.mapping.entries:
            if not entry.responders or not responded or entry.target not in self.cells:
                continue
            cells = self.cells[entry.target]
            kept = [text if yes else "" for text, yes in zip(cells, responded, strict=True)]
            count = sum(bool(text) for text in cells) - sum(bool(text) for text in kept)
            self.cells[entry.target] = kept
            whom = "with a response other than CR and CRi, or none"
            if count:
                self.notes.append(f"{entry.target}: emptied in {counted(count, 'patient')} {whom}.")

    # --- the rest ------------------------------------------------------------------------------

    def end_with_survival(self) -> None:
        """Take times beyond the last contact back to it where rounding to months put them there."""
        exact = [Decimal(0)] * len(self.source.rows)
        for name in ("rfs_days", "hsct_day"):
            if not {name, "os_days"} <= self.cells.keys():
                continue
            rounding = map(max, *(self.steps.get(n, exact) for n in (name, "os_days")))
            ends = list(zip(self.cells[name], self.cells["os_days"], rounding, strict=True))
            made = [
                last if time and last and 0 < Decimal(time) - Decimal(last) <= step else time
                for time, last, step in ends
            ]
            if made != self.cells[name]:
                self.cells[name] = made
                what = "times that rounding had put beyond os_days were set to it"
                self.notes.append(f"{name}: {what}.")

    def keep(self, name: str) -> None:
        """Take over an own column of the user, as groups."""
        if name not in self.by_name:
            why = f"{self.mapping.name} lists it under extra"
            self.problems.append(_absent(self.source, name, why))
            return
        self.columns.append(replace(self.by_name[name], choices={}))
        cells = self.in_words(name, self.source.cells[name], name)
        self.cells[name] = grammar.groups(name, cells, self.notes)

    def tell_unused(self) -> None:
        """Note which columns were dropped, and which nobody asked for."""
        used = self.mapping.columns() | {*self.mapping.extra, *self.mapping.drop}
        present, drop = self.by_name, self.mapping.drop
        kept = [n for n in self.mapping.keep if n in present]
        self.notes += names_told("Columns that you looked at and that identify nobody", kept)
        self.notes += names_told("Columns dropped", [n for n in drop if n in present])
        self.notes += names_told("Columns not used", [n for n in present if n not in used])
        absent = [n for n in drop if n not in present]
        self.notes += names_told("Columns to drop that the file does not have", absent)


def names_told(head: str, names: Sequence[str]) -> list[str]:
    """Note a list of names, cut short; nothing if there is none."""
    return [f"{head}: {listed(names, NAMES_SHOWN)}."] if names else []


def _absent(source: Source, name: str, why: str) -> Problem:
    """Say that a column is not there, and which may be meant."""
    folded = {fold(known): known for known in source.cells}
    close = difflib.get_close_matches(fold(name), folded, n=1)
    hint = f"Did you mean {shown(folded[close[0]])}?" if close else "Correct its name"
    return Problem(f"the file has no such column; {why}", hint, column=name)


def _unsaid(target: str, clauses: Collection[conditions.Clause]) -> list[str]:
    """Note tests for a text that no cell says."""
    return [f"{target}: no cell of the file fits the words of {c.words}." for c in clauses]


def _are_days(cells: Cells, entry: FromFilled) -> bool:
    """Tell whether a column holds numbers of days, and not one date."""
    empty = {*map(same_code, entry.missing)}
    texts = {text for text in filled(cells) if same_code(text) not in empty}
    are_dates = any(isinstance(dates.split(text), dates.Cell) for text in texts)
    return not are_dates and any(grammar.PLAIN.fullmatch(text) for text in texts)
