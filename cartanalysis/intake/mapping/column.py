"""Read one column of somebody's as one of ours: identifiers, numbers, levels, grades, groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from cartanalysis.contract import Field
from cartanalysis.errors import Problem, about, shown
from cartanalysis.intake import cells as grammar
from cartanalysis.intake import hints
from cartanalysis.intake.cells import Fault
from cartanalysis.intake.mapping.model import FromColumn, FromDates
from cartanalysis.intake.mapping.model import Mapping as Plan
from cartanalysis.intake.rules import check_identifiers
from cartanalysis.intake.source import Source, is_empty
from cartanalysis.text import LETTERS, fold, look, same_code, same_id

LEVELS_SHOWN = 20  # so many levels of a mapping are told in one message
CNSR = re.compile(r"\d{1,4}(\.0*)?", re.ASCII)  # ADaM's code of censoring

LIMIT = re.compile(r"([<>≤≥])=?\s*(\d{1,15}(?:[.,]\d{1,15})?)\s*(%?)", re.ASCII)
"""A number of which only a limit is known."""

NO_CNSR = Fault("not a censoring code", "CNSR is 0 for the event and 1 or more for censoring")

Cells = list[str]


class Reader:
    """Reads columns, and collects what is to be told of them."""

    def __init__(self, source: Source, mapping: Plan) -> None:
        self.source = source
        self.mapping = mapping
        self.by_name = {c.name: c for c in source.columns}
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self.steps: dict[str, list[Decimal]] = {}  # of rounding, by our column and row
        many = grammar.OFTEN_MISSING
        self.has_codes = any(not many.isdisjoint(c) for c in source.cells.values())
        self.codes = mapping.all_missing

    def wrong(self, fault: Fault, column: str, i: int | None = None) -> None:
        """Add a problem of a column, or of one of its cells."""
        if i is None:
            self.problems.append(Problem(fault.what, fault.remedy, column=column))
        else:
            self.problems.append(self.source.problem(fault.what, fault.remedy, column, i))

    def from_column(self, entry: FromColumn, spec: Field) -> Cells:
        """Read a column's cells."""
        if spec.kind == "id":
            return self.identifiers(entry)
        if spec.kind == "number":
            return self.measured(entry, spec)
        if spec.kind != "label" or entry.levels is not None:
            cells = self.coded(entry, spec)
        else:
            cells = self.in_words(entry.source, self.without_codes(entry), entry.target)
        return grammar.groups(spec.name, cells, self.notes) if spec.kind == "label" else cells

    def without_codes(self, entry: FromColumn) -> Cells:
        """Empty the cells that hold a code for a missing value."""
        cells = self.source.cells[entry.source]
        empty = {same_code(code) for code in entry.missing}
        found = {text for text in cells if text and same_code(text) in empty} if empty else set()
        self.tell_missing(entry.target, [text for text in cells if text in found])
        return ["" if text in found else text for text in cells]

    def understood(self, spec: Field, meant: Mapping[str, str | Fault]) -> dict[str, str]:
        """Keep what was read, noting what was read other than as written."""
        read = {text: value for text, value in meant.items() if not isinstance(value, Fault)}
        self.notes += grammar.spelling_notes(spec.name, read)
        return read

    def filled_in(self, entry: FromColumn, cells: Cells, meant: Mapping[str, str | Fault]) -> Cells:
        """Replace each text by what it means; a fault is a problem in each of its rows."""
        made = []
        for i, text in enumerate(cells):
            value = meant.get(text, "")
            if isinstance(value, Fault):
                self.wrong(value, entry.source, i)
                value = value.read
            made.append(value)
        return made

    def identifiers(self, entry: FromColumn) -> Cells:
        """Read identifiers; with ``renumber``, nothing of them is kept."""
        cells = self.without_codes(entry)
        # before constants fill such rows, and numbers replace what they say
        used = (self.mapping.columns() | {*self.mapping.extra}) - {entry.source}
        others = [self.source.cells[n] for n in self.by_name if n in used]
        rows, others = self.source.rows, [] if self.mapping.settled else others
        found = [*check_identifiers(cells, others, rows, entry.source, is_secret=entry.renumber)]
        self.problems += found
        if not entry.renumber:
            return [text if fold(text) else "" for text in cells]
        twice = {p.row for p in found}
        numbered: dict[str, str] = {}
        made = []
        for row, text in zip(rows, cells, strict=True):
            key = "" if row in twice else same_id(text)
            made.append(numbered.setdefault(key, f"P{len(numbered) + 1:04d}") if key else "")
        what = "patients are numbered P0001, P0002, … in the order of the file"
        self.notes.append(f"{entry.target}: {what}; their own identifiers are not kept.")
        return made

    def measured(self, entry: FromColumn, spec: Field) -> Cells:
        """Read numbers and put them into our unit."""
        cells, given = self.without_codes(entry), entry.values or {}
        ours = "percent" if spec.unit.startswith("%") else spec.unit
        factor = grammar.UNITS[entry.unit or ours] / grammar.UNITS[ours]
        bare = {
            text: _without_limit(text, entry.limits)
            for text in cells
            if not is_empty(text) and same_code(text) not in given
        }
        if factor == 1:
            bare = {text: grammar.without_years(spec, number) for text, number in bare.items()}
        texts = [bare[text] for text in cells if text in bare]
        doubts = {} if self.mapping.settled else self.doubts(entry, spec, texts, factor)
        decimal = entry.decimal or grammar.decimal_of(spec, texts)
        meant: dict[str, str | Fault] = {
            t: doubts.get(number) or grammar.number(spec, number, decimal)
            for t, number in bare.items()
        }
        chosen = {text: given[same_code(text)] for text in cells if same_code(text) in given}
        read = self.understood(spec, {text: "" for text in cells if text} | meant | chosen)
        for text in meant.keys() & read.keys():
            meant[text] = _in_our_unit(spec, read[text], text, factor, entry.unit)
        if factor != 1 and entry.unit:
            self.notes.append(f"{entry.target}: {shown(entry.source)} is in {_told(entry.unit)}.")
            if spec.unit == "days":
                self.steps[spec.name] = [factor * _last_place(read.get(text, "")) for text in cells]
        return self.capped(entry, self.filled_in(entry, cells, meant | chosen))

    def doubts(
        self, entry: FromColumn, spec: Field, texts: Cells, factor: Decimal
    ) -> dict[str, Fault]:
        """Find numbers that may have been written as something else, and tell of whole columns."""
        theirs = self.by_name[entry.source]
        about: list[Fault | None] = []
        if not entry.unit:
            about += hints.other_units(theirs, spec, self.source.cells)
        if not entry.origin:
            about.append(hints.other_origin(theirs, spec.name))
        found: dict[str, Fault] = {}
        # an age of 99 that nothing caps stops as one that identifies people
        if spec.unit == "days" or entry.cap:
            found = grammar.missing_codes(spec, texts, factor, self.codes)
            if spec.unit == "days" and not entry.decimal:
                found |= grammar.thousands(texts, spec.high / float(factor))
        elif spec.unit.startswith("%") and not entry.unit:
            found = grammar.repeated_99(texts, self.has_codes)
            about.append(grammar.other_shares(texts))
        for fault in filter(None, about):
            self.wrong(fault, entry.source)
        return found

    def capped(self, entry: FromColumn | FromDates, cells: Cells) -> Cells:
        """Replace high ages, which can identify people."""
        if not entry.cap:
            return cells
        high = [bool(text) and Decimal(text) > Decimal(entry.cap) for text in cells]
        if any(high):
            self.notes.append(f"{entry.target}: ages above {entry.cap} were set to {entry.cap}.")
        return [entry.cap if above else text for text, above in zip(cells, high, strict=True)]

    def coded(self, entry: FromColumn, spec: Field) -> Cells:
        """Read groups, levels, grades and events: by the mapping's words, or as they are."""
        cells = self.without_codes(entry)
        levels = {same_code(level): ours or "" for level, ours in (entry.levels or {}).items()}
        texts = dict.fromkeys(cells)
        known = {text: levels[same_code(text)] for text in texts if same_code(text) in levels}
        unknown = [text for text in cells if text and known.get(text) == ""]
        self.tell_missing(entry.target, unknown)
        if entry.coding == "cnsr":
            known = {text: str(int(Decimal(text) == 0)) for text in texts if CNSR.fullmatch(text)}
            what = f"in {shown(entry.source)} 0 is the event and more than 0 is censoring"
            self.notes.append(f"{entry.target}: {what}.")
        others: dict[str, str | Fault] = {}
        for text in (text for text in texts if text not in known):
            if is_empty(text):
                others[text] = ""
            elif entry.coding == "cnsr":
                others[text] = NO_CNSR
            elif entry.levels is not None:
                others[text] = _unnamed(entry, spec, text)
            else:
                others[text] = grammar.code(spec, text)
        read = self.understood(spec, others)
        known |= {text: grammar.level_of(spec, value) or "" for text, value in read.items()}
        meant = others | known
        if spec.values:
            self.against_file(entry, spec, meant)
        return self.filled_in(entry, cells, meant)

    def against_file(
        self, entry: FromColumn, spec: Field, meant: Mapping[str, str | Fault]
    ) -> None:
        """Refuse codes that the file's own words contradict; of levels it is told only."""
        theirs = self.by_name[entry.source]
        if entry.levels is None and not entry.coding:
            against = hints.doubt(theirs, spec, meant)
        else:
            read = {text: v for text, v in meant.items() if v and not isinstance(v, Fault)}
            against = hints.contradiction(theirs, spec, read, answers=not entry.coding)
        if against is not None and entry.levels is None:
            self.wrong(against, entry.source)
        elif against is not None:
            what = f"{against.what}, as the mapping says under levels"
            self.notes.append(f"{entry.target}, from {shown(entry.source)}: {what}.")

    def in_words(self, source: str, cells: Cells, target: str) -> Cells:
        """Show groups by the words that the file's dictionary has for its codes."""
        choices = self.by_name[source].choices
        words = {same_code(code): word.strip() for code, word in choices.items() if word.strip()}
        made = [words.get(same_code(text), text) for text in cells]
        if made != cells:
            self.notes.append(f"{target}: codes are shown by the words of the data dictionary.")
        return made

    def tell_missing(self, target: str, found: Sequence[str]) -> None:
        """Note which values were set to missing; how many of a few could identify somebody."""
        self.notes += [
            f"{target}: {shown(text)} was set to missing in {about(found.count(text), 'cell')}."
            for text in sorted({*found})
        ]


def _without_limit(text: str, how: str) -> str:
    """Write a limit such as <5 as the number that the mapping says; >90 is read as 90."""
    found = LIMIT.fullmatch(text) if how else None
    if found is None:
        return text
    sign, number, percent = found.groups()
    if how == "half" and sign in "<≤":
        half = grammar.plainly(Decimal(number.replace(",", ".")) / 2, places=12)
        number = half.replace(".", ",") if "," in number else half
    return number + percent


def fitting(spec: Field, number: str, text: str, unit: str = "") -> str | Fault:
    """Check a number while the user's own cell can still be told, and before any is capped."""
    if spec.holds(number):
        return number
    what, remedy = spec.unfit
    if number != text:
        what += f": {number} {spec.unit}"
    if (code := same_code(text)) in grammar.SIGNS_OF_MISSING:
        remedy += f", or write missing: [{code}] in a mapping file"
    elif unit:
        remedy += f"; or correct “unit: {unit}” in the mapping file"
    return Fault(what, remedy, number)


def _in_our_unit(spec: Field, number: str, text: str, factor: Decimal, unit: str) -> str | Fault:
    """Convert a number, unless its cell has a sign of percent, and check it."""
    is_percent = spec.unit.startswith("%") and text.endswith("%")
    ours = number
    if factor != 1 and not is_percent:
        ours = grammar.plainly(Decimal(number) * factor)
    return fitting(spec, ours, text, unit if ours != number else "")


def _unnamed(entry: FromColumn, spec: Field, text: str) -> Fault:
    """Say of a level that a mapping does not name it."""
    named = list(entry.levels or {})
    told = ", ".join(shown(level, 20) for level in named[:LEVELS_SHOWN])
    what = f"a level that the mapping does not name (it names {told})"
    if fold(look(text)) in {fold(look(level)) for level in named}:
        what += f"; it {LETTERS}"
    return Fault(what, f"Add it under levels: of {entry.target} ({spec.allowed}, or null)")


def _last_place(number: str) -> Decimal:
    """Give one unit of a number's last digit, by which rounding may have moved it."""
    exponent = Decimal(number or 0).as_tuple().exponent
    return Decimal(1).scaleb(min(int(exponent), 0))


def _told(unit: str) -> str:
    """Say how a unit is converted."""
    if unit == "fraction":
        return "fractions; they were multiplied by 100"
    return f"{unit} ({unit[:-1]}: {grammar.DAYS[unit]} days)"
