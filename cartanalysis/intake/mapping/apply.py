"""Carry out a mapping: a table in their columns becomes a table in ours."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from decimal import Decimal

from cartanalysis.contract import FIELDS, MISSING, Field
from cartanalysis.errors import Problem, shown
from cartanalysis.intake.mapping import codes, dates, numbers
from cartanalysis.intake.mapping.chronology import out_of_order
from cartanalysis.intake.mapping.model import (
    AGE,
    Constant,
    Entry,
    FromColumn,
    FromDates,
    FromFilled,
    Mapping,
)
from cartanalysis.intake.mapping.names import COUNTED_FROM, other_origin, other_units
from cartanalysis.intake.rules import no_patients, repeated
from cartanalysis.intake.source import Column, Source
from cartanalysis.text import LETTERS, fold, look, same_id

NAMES_SHOWN = 20
"""So many names of columns are told in one note."""

Cells = list[str]


def apply(source: Source, mapping: Mapping, *, today: dt.date | None = None) -> Source:
    """Turn a table in somebody's columns into one in the contract's."""
    mapping.require_answers()
    work = _Work(source, mapping, today or dt.date.today())
    for entry in mapping.entries:
        if work.has(entry):
            work.map(entry)
    work.tell_out_of_order()
    work.tell_not_infused()
    work.tell_deaths_without_date()
    work.end_with_survival()
    for name in mapping.extra:
        work.keep(name)
    work.tell_unused()
    return Source(
        name=source.name,
        form=source.form,
        columns=tuple(work.columns),
        cells=work.cells,
        rows=source.rows,
        notes=(*source.notes, *work.notes),
        problems=(*source.problems, *work.problems),
    )


class _Work:
    """A table in the making."""

    def __init__(self, source: Source, mapping: Mapping, today: dt.date) -> None:
        self.source = source
        self.mapping = mapping
        self.today = today
        self.by_name = {c.name: c for c in source.columns}
        self.columns: list[Column] = []
        self.cells: dict[str, Cells] = {}
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.read: dict[tuple[str, str], list[dt.date | None]] = {}
        self.orders = self.orders_of_file()
        self.steps: dict[str, list[Decimal]] = {}
        self.has_codes = any(not numbers.OFTEN_MISSING.isdisjoint(c) for c in source.cells.values())

    # --- one entry -----------------------------------------------------------------------------

    def has(self, entry: Entry) -> bool:
        """Tell whether the file has what an entry names."""
        absent = [name for name in entry.columns if name not in self.by_name]
        for name in absent:
            place = f"{self.mapping.name}{f', line {entry.line}' if entry.line else ''}"
            self.absent(name, f"{entry.target} needs it ({place})")
        return not absent

    def absent(self, name: str, why: str) -> None:
        """Add the problem of a column that is not there."""
        folded = {fold(known): known for known in self.by_name}
        close = difflib.get_close_matches(fold(name), folded, n=1)
        hint = f"Did you mean {shown(folded[close[0]])}?" if close else "Correct its name"
        self.problems.append(Problem(f"the file has no such column; {why}", hint, column=name))

    def map(self, entry: Entry) -> None:
        """Carry out one entry."""
        spec = FIELDS[entry.target]
        if isinstance(entry, FromColumn):
            self.from_column(entry, spec)
        elif isinstance(entry, FromDates):
            cells = list(self.by_dates(entry, spec))
            if spec.kind == "number":
                written = self.source.cells[entry.since]
                cells = self.in_range(spec, entry.since, written, cells)
            self.add(entry, self.capped(cells, entry.cap, entry.target))
        elif isinstance(entry, FromFilled):
            self.add(entry, list(self.by_filled(entry)))
        elif isinstance(entry, Constant):
            self.add(entry, [entry.constant] * len(self.source.rows))
            self.notes.append(f"{entry.target}: {shown(entry.constant)} for every patient.")

    def add(self, entry: Entry, cells: Cells) -> None:
        """Add a computed column; it no longer holds anything of the file that could identify."""
        self.columns.append(Column(entry.target, origin=entry.columns))
        self.cells[entry.target] = cells

    # --- from a column -------------------------------------------------------------------------

    def from_column(self, entry: FromColumn, spec: Field) -> None:
        """Take a column over, changing only what the entry says."""
        theirs = self.by_name[entry.source]
        cells = self.source.cells[entry.source]
        made = self.without_codes(entry, cells)
        if spec.kind == "id":  # before constants fill such rows, and numbers replace what they say
            about = made, self.others(entry), self.source.rows, entry.source
            self.problems += no_patients(*about)
            if entry.renumber:
                self.problems += repeated(*about, is_secret=True)
        if entry.renumber:
            made = self.renumbered(entry, made)
        elif spec.kind == "number":
            made = self.in_range(spec, entry.source, cells, self.measured(entry, spec, made))
            made = self.capped(made, entry.cap, entry.target)
        elif entry.levels is not None:
            made = self.translated(entry, spec, made)
        elif entry.coding == "cnsr":
            what = f"in {shown(entry.source)} 0 is the event and more than 0 is censoring"
            self.notes.append(f"{entry.target}: {what}.")
            written, made = made, list(self.uncensored(entry, made))
            self.against_file(entry, spec, dict(zip(written, made, strict=True)))
        elif spec.kind in ("level", "grade", "event"):
            made = self.as_they_are(entry, spec, theirs, made)
        elif spec.kind == "label":
            made = self.in_words(theirs, made, entry.target)
        # numbers, levels and codes are checked one by one; only free text can still identify
        personal = theirs.identifier and spec.kind in ("id", "label") and not entry.renumber
        made_from = Column(entry.target, identifier=personal, origin=(entry.source,))
        self.columns.append(replace(made_from, counted_from=entry.origin))
        self.cells[entry.target] = made

    def others(self, entry: FromColumn) -> list[Cells]:
        """Give the cells of the columns that other entries use."""
        used = {name for other in self.mapping.entries for name in other.columns}
        used |= set(self.mapping.extra)
        return [self.source.cells[n] for n in self.by_name if n in used - {entry.source}]

    def without_codes(self, entry: FromColumn, cells: Cells) -> Cells:
        """Empty the cells that hold a code for a missing value."""
        empty = {fold(code) for code in entry.missing}
        found = {text for text in cells if text and fold(text) in empty}
        self.tell_missing(entry.target, found)
        return ["" if text in found else text for text in cells]

    def renumbered(self, entry: FromColumn, cells: Cells) -> Cells:
        """Number the patients; what is there twice is told already, in the file's own words."""
        twice = {p.row for p in self.problems if p.column == entry.source}
        numbered: dict[str, str] = {}
        made = []
        for row, text in zip(self.source.rows, cells, strict=True):
            key = "" if row in twice else same_id(text)
            made.append(numbered.setdefault(key, f"P{len(numbered) + 1:04d}") if key else "")
        what = "patients are numbered P0001, P0002, … in the order of the file"
        self.notes.append(f"{entry.target}: {what}; their own identifiers are not kept.")
        return made

    def measured(self, entry: FromColumn, spec: Field, cells: Cells) -> Cells:
        """Read numbers and put them into our unit."""
        self.tell_other_unit(entry, spec)
        against = other_origin(self.by_name[entry.source], spec.name)
        if against is not None and not entry.origin:
            self.problems.append(Problem(*against, column=entry.source))
        factor = _factor(spec, entry.unit)
        faults: dict[str, numbers.Fault] = {}
        if spec.unit == "days":
            texts = [text for text in cells if fold(text) not in MISSING]
            faults = numbers.missing_codes(texts, in_days=factor == 1)
            if not entry.decimal:
                faults |= numbers.thousands(texts, spec.high / float(factor))
        is_share = spec.unit.startswith("%")
        if is_share and not entry.unit:
            faults |= numbers.repeated_99(cells, self.has_codes)
        values: list[Decimal | None] = []
        for row, text in zip(self.source.rows, cells, strict=True):
            number = (
                None
                if fold(text) in MISSING
                else numbers.parse(text, entry.decimal or ".", percent=is_share)
            )
            number = faults.get(text, number)
            if isinstance(number, numbers.Fault):
                self.problems.append(Problem(*number, row, entry.source, text))
                number = None
            values.append(number)
        signed = [is_share and text.endswith("%") for text in cells]
        if is_share and not entry.unit:
            self.tell_fractions(entry, cells, values, signed)
        if entry.unit and factor != 1:
            self.notes.append(f"{entry.target}: {shown(entry.source)} is in {_told(entry.unit)}.")
        if entry.decimal == ",":
            self.notes.append(f"{entry.target}: the comma was read as a decimal point.")
        if spec.unit == "days" and factor != 1:
            self.steps[spec.name] = [factor * _last_place(v) for v in values]
        if factor == 1 and entry.decimal != "," and not any(signed):
            return [t if v is not None else "" for t, v in zip(cells, values, strict=True)]
        return [
            "" if v is None else numbers.plainly(v if is_percent else v * factor)
            for v, is_percent in zip(values, signed, strict=True)
        ]

    def tell_fractions(
        self, entry: FromColumn, cells: Cells, values: list[Decimal | None], signed: list[bool]
    ) -> None:
        """Ask about percentages of which all or some may be fractions; a sign of percent tells."""
        bare = [(t, v) for t, v, s in zip(cells, values, signed, strict=True) if v and not s]
        known = [v for _, v in bare]
        fault = numbers.mixed_shares(float(v) for v in known)
        if numbers.look_like_fractions(known):
            fault = numbers.fractions_fault(bare[0][0])
        if fault:
            self.problems.append(Problem(*fault, column=entry.source))

    def end_with_survival(self) -> None:
        """Take times beyond the last contact back to it where rounding to months put them there."""
        exact = [Decimal(0)] * len(self.source.rows)
        for name in ("rfs_days", "hsct_day"):
            if not {name, "os_days"} <= self.cells.keys():
                continue
            rounding = map(max, *(self.steps.get(n, exact) for n in (name, "os_days")))
            ends = list(zip(self.cells[name], self.cells["os_days"], rounding, strict=True))
            made = [last if _just_beyond(time, last, step) else time for time, last, step in ends]
            if made != self.cells[name]:
                self.cells[name] = made
                what = "times that rounding had put beyond os_days were set to it"
                self.notes.append(f"{name}: {what}.")

    def tell_other_unit(self, entry: FromColumn, spec: Field) -> None:
        """Refuse a time or age without unit: if the file says that it is not in ours."""
        if entry.unit or spec.unit not in numbers.DAYS:
            return
        theirs = self.by_name[entry.source]
        for unit, place in other_units(theirs, self.source.cells, spec.unit).items():
            what = f"its {place} says {unit}, but without unit: it is read as {spec.unit}"
            remedy = (
                f"Write unit: {unit} for {spec.name} in the mapping file, or unit: {spec.unit} if "
                f"the {place} is wrong"
            )
            self.problems.append(Problem(what, remedy, column=entry.source))

    def translated(self, entry: FromColumn, spec: Field, cells: Cells) -> Cells:
        """Translate levels; one that the mapping does not name is a problem."""
        levels = {fold(theirs): ours for theirs, ours in (entry.levels or {}).items()}
        made: Cells = []
        emptied: set[str] = set()
        for row, text in zip(self.source.rows, cells, strict=True):
            key = fold(text)
            if key in levels:
                if levels[key] is None and text:
                    emptied.add(text)
                made.append(levels[key] or "")
                continue
            if key not in MISSING:
                told = ", ".join(
                    shown(level, 20) for level in list(entry.levels or ())[:NAMES_SHOWN]
                )
                what = f"a level that the mapping does not name (it names {told})"
                if fold(look(text)) in {fold(look(level)) for level in levels}:
                    what += f"; it {LETTERS}"
                remedy = f"Add it under levels: of {entry.target} ({spec.allowed}, or null)"
                self.problems.append(Problem(what, remedy, row, entry.source, text))
            made.append("")
        self.tell_missing(entry.target, emptied)
        if spec.kind in ("level", "grade", "event"):
            self.against_file(entry, spec, dict(zip(cells, made, strict=True)))
        return made

    def as_they_are(self, entry: FromColumn, spec: Field, theirs: Column, cells: Cells) -> Cells:
        """Take codes over untranslated, unless the file says that they mean something else."""
        if entry.coding:
            self.against_file(entry, spec, {text: codes.level_of(spec, text) for text in cells})
        against = None if entry.coding else codes.doubt(theirs, spec, cells)
        if against is not None:
            self.problems.append(Problem(*against, column=entry.source))
            return cells
        made: Cells = []
        for row, text in zip(self.source.rows, cells, strict=True):
            known = fold(text) in MISSING or codes.level_of(spec, text) is not None
            if not known:
                kind = {"grade": "one grade", "event": "an event code"}.get(spec.kind, "a level")
                remedy = f"Write levels: for {entry.target}, with {spec.allowed}, or null for it"
                fault = codes.why_no_level(spec, text) or (f"not {kind} of ours", remedy)
                self.problems.append(Problem(*fault, row, entry.source, text))
            made.append(text if known else "")
        return made

    def against_file(self, entry: FromColumn, spec: Field, read: dict[str, str | None]) -> None:
        """Refuse a coding that the file's own words contradict; of levels it is told only."""
        theirs = self.by_name[entry.source]
        read = {text: ours for text, ours in read.items() if text}
        against = codes.contradiction(theirs, spec, read, answers=entry.levels is not None)
        if against is None:
            return
        if entry.levels is None:
            self.problems.append(Problem(*against, column=entry.source))
        else:
            what = f"{against.what}, as the mapping says under levels"
            self.notes.append(f"{entry.target}, from {shown(entry.source)}: {what}.")

    def uncensored(self, entry: FromColumn, cells: Cells) -> Iterator[str]:
        """Turn CNSR into events."""
        for row, text in zip(self.source.rows, cells, strict=True):
            if fold(text) in MISSING:
                yield ""
            elif re.fullmatch(r"\d{1,4}(\.0*)?", text, re.ASCII):
                yield "1" if Decimal(text) == 0 else "0"
            else:
                remedy = "CNSR is 0 for the event and 1 or more for censoring"
                self.problems.append(
                    Problem("not a censoring code", remedy, row, entry.source, text)
                )
                yield ""

    def in_words(self, theirs: Column, cells: Cells, target: str) -> Cells:
        """Show groups by the words that the file's dictionary has for its codes."""
        words = {fold(code): word.strip() for code, word in theirs.choices.items() if word.strip()}
        made = [words.get(fold(text), text) for text in cells]
        if made != cells:
            self.notes.append(f"{target}: codes are shown by the words of the data dictionary.")
        return made

    def in_range(self, spec: Field, column: str, written: Cells, cells: Cells) -> Cells:
        """Check numbers where the user's own cell can still be told, and before any is capped."""
        made: Cells = []
        for row, text, cell in zip(self.source.rows, written, cells, strict=True):
            fits = not cell or Decimal(spec.low) <= Decimal(cell) <= Decimal(spec.high)
            if not fits:
                told = "" if cell == text else f": {cell} {spec.unit}"
                remedy = f"{spec.name} is {spec.allowed}; correct the cell, or the unit: given"
                if numbers.plainly(Decimal(cell)) in numbers.OFTEN_MISSING | {"-1", "-9", "-99"}:
                    remedy += f"; if it means missing, write missing: [{text}]"
                self.problems.append(Problem(f"out of range{told}", remedy, row, column, text))
            made.append(cell if fits else "")
        return made

    def capped(self, cells: Cells, cap: str, target: str) -> Cells:
        """Replace high ages, which can identify people."""
        if not cap:
            return cells
        high = [bool(text) and Decimal(text) > Decimal(cap) for text in cells]
        if any(high):
            self.notes.append(f"{target}: ages above {cap} were set to {cap}.")
        return [cap if above else text for text, above in zip(cells, high, strict=True)]

    # --- from dates ----------------------------------------------------------------------------

    def dates_of(self, entry: FromDates | FromFilled) -> dict[str, list[dt.date | None]]:
        """Read all date columns of an entry."""
        return {name: self.dates_in(name, entry.order) for name in entry.columns}

    def orders_of_file(self) -> dict[str, tuple[str, str]]:
        """Tell day from month for all columns together: a file is seldom written in two ways.

        Gives order and the column that shows it, by column; what entries say counts as well.
        """
        given: dict[str, str] = {}
        named: dict[str, None] = {}
        for entry in self.mapping.entries:
            if isinstance(entry, FromDates | FromFilled):
                here = [name for name in entry.columns if name in self.by_name]
                named |= dict.fromkeys(here)
                if entry.order in dates.IN_WORDS:
                    given |= dict.fromkeys(here, entry.order)
        shows = {name: given.get(name) or dates.settles(self.source.cells[name]) for name in named}
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

    def dates_in(self, name: str, order: str) -> list[dt.date | None]:
        """Read a column of dates, once."""
        if (name, order) not in self.read:
            cells = self.source.cells[name]
            texts = [None if fold(text) in MISSING else text for text in cells]
            shared, by = self.orders.get(name, ("", name))
            found = dates.read(texts, order, self.today, shared)
            rows = self.source.rows
            if found.whole:
                what = f"{found.whole.what} (such as {shown(found.example)})"
                self.problems.append(Problem(what, found.whole.remedy, column=name))
            self.problems += [Problem(*fault, rows[i], name, cells[i]) for i, fault in found.faults]
            if found.order in dates.IN_WORDS:
                how = dates.IN_WORDS[found.order] + (
                    f", as {shown(by)} shows" if by != name and not order else ""
                )
                self.notes.append(f"Dates of {shown(name)} were read with the {how}.")
            self.read[name, order] = found.values
        return self.read[name, order]

    def unread(self, names: Collection[str], read: dict[str, list[dt.date | None]], i: int) -> bool:
        """Tell whether a patient has a date that could not be read."""
        cells = self.source.cells
        return any(read[n][i] is None and fold(cells[n][i]) not in MISSING for n in names)

    def tell_out_of_order(self) -> None:
        """Add what contradicts the course of a patient's life."""
        told = {(p.row, p.column) for p in self.problems}
        days = {name: values for (name, _), values in self.read.items()}
        for i, column, what in out_of_order(self.mapping, days):
            row = self.source.rows[i]
            if (row, column) not in told:
                told.add((row, column))
                written = self.source.cells[column][i]
                self.problems.append(Problem(what, "Check both dates", row, column, written))

    def tell_not_infused(self) -> None:
        """Ask for the first day of those without: who was never infused is not counted here."""
        by_target = {e.target: e for e in self.mapping.entries if isinstance(e, FromDates)}
        counted = [e.since for t, e in by_target.items() if COUNTED_FROM.get(t) == "infusion"]
        if AGE in by_target:
            counted += by_target[AGE].dates
        for name in dict.fromkeys(n for n in counted if n in self.by_name):
            for row, text in zip(self.source.rows, self.source.cells[name], strict=True):
                if fold(text) in MISSING:
                    what = "no date of infusion, so the patient may never have been infused"
                    remedy = (
                        "Fill in the date; take patients who were never infused out of the file, "
                        "as the book counts those who were"
                    )
                    self.problems.append(Problem(what, remedy, row, name))

    def tell_deaths_without_date(self) -> None:
        """Compare deaths with their dates, where the two are from different columns."""
        entries = {e.target: e for e in self.mapping.entries}
        time, event = entries.get("os_days"), entries.get("os_event")
        cells = self.cells.get("os_event")
        if not isinstance(time, FromDates) or isinstance(event, FromFilled) or not cells:
            return
        if not all(name in self.by_name for name in time.columns):
            return
        read = self.dates_of(time)
        by_contact = False
        for i, (row, text) in enumerate(zip(self.source.rows, cells, strict=True)):
            dated = [name for name in time.dates if read[name][i] is not None]
            died = codes.level_of(FIELDS["os_event"], text)
            by_contact |= died == "1" and not dated
            if died == "0" and dated:
                what = "a date of death, but os_event says alive"
                written = self.source.cells[dated[0]][i]
                self.problems.append(
                    Problem(what, "Correct one of the two", row, dated[0], written)
                )
        if by_contact:
            ends = ", ".join(shown(name) for name in time.dates)
            what = (
                f"of patients who died, but have no date in {ends}, time ends at the last contact"
            )
            self.notes.append(f"os_days: {what}.")

    def by_dates(self, entry: FromDates, spec: Field) -> Iterator[str]:
        """Count time between dates, or tell which date was first."""
        read = self.dates_of(entry)
        if spec.kind != "level":
            ends = ", ".join(shown(d) for d in entry.dates)
            if entry.otherwise:
                ends += ", otherwise " + ", ".join(shown(d) for d in entry.otherwise)
            unit = "completed years" if entry.target == AGE else "days"
            self.notes.append(f"{entry.target}: {unit} from {shown(entry.since)} to {ends}.")
        for i, row in enumerate(self.source.rows):
            since = read[entry.since][i]
            ends_here = self.ends(entry, read, i)
            if since is None or not ends_here or self.unread(entry.columns, read, i):
                yield ""
                continue
            day, name = ends_here
            if day < since:
                what = f"the date is before {shown(entry.since)} ({since})"
                remedy = "Check both dates"
                written = self.source.cells[name][i]
                self.problems.append(Problem(what, remedy, row, name, written))
                yield ""
            elif spec.kind == "level":
                yield (entry.levels or {})[name] or ""
            elif entry.target == AGE:
                yield str(dates.years_between(since, day))
            else:
                yield str((day - since).days)

    def ends(
        self, entry: FromDates, read: dict[str, list[dt.date | None]], i: int
    ) -> tuple[dt.date, str] | None:
        """Give a patient's last day and the column that says so."""
        events = [(day, name) for name in entry.dates if (day := read[name][i]) is not None]
        contacts = [(day, name) for name in entry.otherwise if (day := read[name][i]) is not None]
        event = min(events, key=lambda e: e[0], default=None)
        contact = max(contacts, key=lambda c: c[0], default=None)
        return event or contact

    def by_filled(self, entry: FromFilled) -> Iterator[str]:
        """Tell who has any of several dates."""
        read = self.dates_of(entry)
        named = ", ".join(shown(name) for name in entry.filled)
        self.notes.append(f"{entry.target}: an event where {named} is filled.")
        for i in range(len(self.source.rows)):
            if (entry.since and read[entry.since][i] is None) or self.unread(
                entry.columns, read, i
            ):
                yield ""
            else:
                yield "1" if any(read[name][i] for name in entry.filled) else "0"

    # --- the rest ------------------------------------------------------------------------------

    def keep(self, name: str) -> None:
        """Take over an own column of the user."""
        if name not in self.by_name:
            self.absent(name, f"{self.mapping.name} lists it under extra")
            return
        theirs = self.by_name[name]
        self.columns.append(replace(theirs, choices={}) if theirs.choices else theirs)
        self.cells[name] = self.in_words(theirs, self.source.cells[name], name)

    def tell_missing(self, target: str, found: Collection[str]) -> None:
        """Note which values were set to missing; how many of a few could identify somebody."""
        self.notes += [f"{target}: {shown(text)} was set to missing." for text in sorted(found)]

    def tell_unused(self) -> None:
        """Note which columns were dropped, and which nobody asked for."""
        used = {name for entry in self.mapping.entries for name in entry.columns}
        used |= {*self.mapping.extra, *self.mapping.drop}
        self.tell(
            "Columns that you looked at and that identify nobody",
            [n for n in self.mapping.keep if n in self.by_name],
        )
        self.tell("Columns dropped", [n for n in self.mapping.drop if n in self.by_name])
        self.tell("Columns not used", [n for n in self.by_name if n not in used])
        absent = [n for n in self.mapping.drop if n not in self.by_name]
        self.tell("Columns to drop that the file does not have", absent)

    def tell(self, head: str, names: list[str]) -> None:
        """Note a list of names, cut short."""
        more = len(names) - NAMES_SHOWN
        told = ", ".join(shown(n) for n in names[:NAMES_SHOWN])
        if names:
            self.notes.append(f"{head}: {told}{f' and {more} more' if more > 0 else ''}.")


def _factor(spec: Field, unit: str) -> Decimal:
    """Give the number by which a value in their unit becomes one in ours."""
    if not unit:
        return Decimal(1)
    if unit in numbers.PERCENT:
        return numbers.PERCENT[unit]
    return numbers.DAYS[unit] / numbers.DAYS[spec.unit]


def _last_place(value: Decimal | None) -> Decimal:
    """Give one unit of a number's last digit, by which rounding may have moved it."""
    exponent = 0 if value is None else value.as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def _just_beyond(time: str, last: str, step: Decimal) -> bool:
    return bool(time and last) and 0 < Decimal(time) - Decimal(last) <= step


def _told(unit: str) -> str:
    """Say how a unit is converted."""
    if unit == "fraction":
        return "fractions; they were multiplied by 100"
    return f"{unit} ({unit[:-1]}: {numbers.DAYS[unit]} days)"
