"""A patient's rows, in one table or several, become one row per patient.

One idea serves sheets and files joined by the identifier, REDCap's events and repeated forms, and
tables with a row per visit or per adverse event: what a patient's rows agree on is kept; where they
differ, a mapping file says which cell counts (``take:``). Columns whose words tell rows apart
(``by:``, REDCap's events) make a column of each word, such as ``grade: CRS``.
"""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from cartanalysis.contract import FIELDS
from cartanalysis.errors import Problem, listed, shown
from cartanalysis.intake.cells import PLAIN
from cartanalysis.intake.mapping import dates
from cartanalysis.intake.mapping.names import date_role, meanings
from cartanalysis.intake.reading.files import refuse
from cartanalysis.intake.reading.table import check_patients, first_of
from cartanalysis.intake.source import Column, Layout, Source, filled, is_empty
from cartanalysis.intake.words import ANSWERS, SURE
from cartanalysis.text import fold, same_id

MAX_PARTS = 60  # words of a column in by:; more are no kinds of rows but a measurement
LIKELY_PARTS = 12  # a column with more different words is not proposed for ``by:``

MOSTLY = 0.8  # of a table's identifiers the patients' table has, if it is to be joined
_TOLD = 20
_GRADES = SURE["crs_grade"]
_HOW = "first, last, highest or lowest"

Groups = dict[str, list[int]]  # places of the rows of each patient


@dataclass(frozen=True)
class _View:
    """A column as it may be named, with the rows that count for it."""

    name: str
    column: Column
    table: _Table
    groups: Groups
    of: str  # the column's name without the word of another column

    @property
    def cells(self) -> list[str]:
        """Give the column's cells, one for each row of its table."""
        return self.table.source.cells[self.column.name]


class _Table:
    """A table with its rows by patient."""

    def __init__(self, name: str, source: Source, identifier: str) -> None:
        self.name = name
        self.source = source
        self.identifier = identifier
        self.groups: Groups = {}
        self.parts: dict[str, Groups] = {}  # by the words of a column that tells rows apart
        for i, text in enumerate(source.cells[identifier]):
            if text:
                self.groups.setdefault(same_id(text), []).append(i)

    @property
    def repeats(self) -> bool:
        """Whether a patient has several rows."""
        return any(len(rows) > 1 for rows in self.groups.values())


def _differ(cells: Sequence[str], groups: Groups) -> bool:
    """Tell whether filled cells of a patient differ."""
    several = ([cells[i] for i in rows] for rows in groups.values() if len(rows) > 1)
    return any(len({*map(fold, filled(texts))}) > 1 for texts in several)


def gather(
    tables: Mapping[str, Source], layout: Layout, name: str, own: Collection[str] = ()
) -> Source:
    """Make one row of each patient of the first table; ``own`` columns only number the rows."""
    source = _Gathering(tables, layout, own).source(name)
    check_patients(name, len(source.rows))
    return source


class _Gathering:
    """Tables being put together."""

    def __init__(self, tables: Mapping[str, Source], layout: Layout, own: Collection[str]) -> None:
        self.layout = layout
        self.own = {*own}
        self.take = dict(layout.take)
        self.left_out: list[str] = []
        self.columns: dict[str, Column] = {}
        self.cells: dict[str, list[str]] = {}
        self.elsewhere: dict[str, tuple[str, tuple[int, ...]]] = {}
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        several = len(tables) > 1
        self.tables = [
            _Table(table if several else "", source, layout.tables[table])
            for table, source in tables.items()
        ]
        for table in self.tables:
            start = f"{table.name}: " if several else ""
            self.notes += [f"{start}{note}" for note in table.source.notes]
            self.problems += [replace(p, what=start + p.what) for p in table.source.problems]
            missing = f"{start}the identifier is missing"
            self.problems += [
                table.source.problem(missing, "Fill it in", table.identifier, i)
                for i, text in enumerate(table.source.cells[table.identifier])
                if not text
            ]
        names = [c for t in self.tables for c in t.source.cells if not self.is_key(t, c)]
        self.twice = {n for n in names if names.count(n) > 1}
        self.known = [self.named(t, c) for t in self.tables for c in t.source.cells]
        self.put_in_order()
        self.absent("by", self.layout.by, self.known)
        for table in self.tables:
            self.split(table)

    def is_key(self, table: _Table, column: str) -> bool:
        """Tell whether a column only joins a table to that of the patients."""
        return table is not self.tables[0] and column == table.identifier

    def named(self, table: _Table, column: str) -> str:
        """Name a column, with its table where several have one of this name."""
        return f"{table.name}: {column}" if column in self.twice else column

    def asked(self, table: _Table, names: Collection[str]) -> list[str]:
        """Give those columns of a table that are named, with the table's name or without."""
        return [
            column
            for column in table.source.cells
            if not {self.named(table, column), f"{table.name}: {column}"}.isdisjoint(names)
        ]

    def absent(self, key: str, names: Iterable[str], known: Collection[str]) -> None:
        """Tell of columns that no table has."""
        with_table = {f"{t.name}: {c}" for t in self.tables for c in t.source.cells}
        for name in names:
            if name not in known and name not in with_table:
                close = difflib.get_close_matches(name, known, n=1)
                hint = f"Did you mean {shown(close[0])}?" if close else "Correct its name"
                what = f"there is no such column; the mapping file names it under {key}:"
                self.problems.append(Problem(what, hint, column=name))

    # --- rows ------------------------------------------------------------------------------------

    def put_in_order(self) -> None:
        """Put the rows of each patient in order of the columns that the mapping names."""
        self.absent("order", self.layout.order, self.known)
        for table in self.tables:
            for column in self.asked(table, self.layout.order):
                cells = table.source.cells[column]
                order = dates.settles(cells)
                for rows in (rows for rows in table.groups.values() if len(rows) > 1):
                    ranks = ranked([cells[i] for i in rows], order)
                    if ranks is not None and all(cells[i] in ranks for i in rows):
                        rows.sort(key=lambda i: ranks[cells[i]])
                        continue
                    at = next((i for i in rows if is_empty(cells[i])), rows[0])
                    what = "nothing by which to put the patient's rows in order"
                    remedy = "Write dates or numbers in the column that order: names"
                    self.problems.append(table.source.problem(what, remedy, column, at))

    def split(self, table: _Table) -> None:
        """Sort the rows by the words of the columns that tell them apart."""
        for column in self.asked(table, self.layout.by):
            cells = table.source.cells[column]
            about = table.source.column(column)
            if len({*cells}) > MAX_PARTS:
                what = f"the column has more than {MAX_PARTS} different words"
                remedy = "Under by:, name a column that tells kinds of rows apart, such as events"
                self.problems.append(Problem(what, remedy, column=column))
                continue
            for patient, rows in table.groups.items():
                for i in rows:
                    if not is_empty(cells[i]):
                        word = about.choices.get(cells[i], cells[i])
                        table.parts.setdefault(word, {}).setdefault(patient, []).append(i)

    def views(self) -> Iterator[_View]:
        """Give every column that may be named, with the rows that count for it."""
        for table in self.tables:
            for column in table.source.columns:
                if self.is_key(table, column.name) or column.name in self.own:
                    continue
                name = self.named(table, column.name)
                yield _View(name, column, table, table.groups, name)
                for word, groups in table.parts.items():
                    yield _View(f"{name}: {word}", column, table, groups, name)

    # --- columns ---------------------------------------------------------------------------------

    def source(self, name: str) -> Source:
        """Make the table."""
        self.tell_strays()
        wanted = self.layout.wanted
        views = list(self.views())
        self.absent("take", self.layout.take, [view.name for view in views])
        for view in views:
            names = (view.name, f"{view.table.name}: {view.name}")
            asked = "" if wanted is None else next((n for n in names if n in wanted), "")
            if view.name != view.of and not (asked or (wanted is None and self.may_tell(view))):
                continue
            how = next((self.take[n] for n in (*names, view.of) if n in self.take), "")
            if _differ(view.cells, view.groups):
                if wanted is None:
                    how = self.take[view.name] = how or usual(view.name, view.column, view.cells)
                elif not how and not asked and view.name not in FIELDS:
                    self.left_out.append(view.name)
                    continue
                elif not how:
                    self.tell_difference(view)
            self.add(view, asked or view.name, how)
        if self.left_out:
            told = listed(self.left_out, _TOLD)
            self.notes.append(f"Left out, since they differ between the rows of a patient: {told}.")
        first = self.tables[0]
        forms = ", ".join(dict.fromkeys(t.source.form for t in self.tables))
        return Source(
            name=name,
            form=forms if len(self.tables) == 1 else f"{len(self.tables)} tables ({forms})",
            columns=tuple(self.columns.values()),
            cells=self.cells,
            rows=tuple(first.source.rows[rows[0]] for rows in first.groups.values()),
            notes=tuple(self.notes),
            problems=first_of(self.problems),
            layout=replace(self.layout, take=self.take),
            elsewhere=self.elsewhere,
        )

    def add(self, view: _View, name: str, how: str) -> None:
        """Add a column, from the row of each patient that counts for it."""
        texts, rows = view.cells, view.table.source.rows
        order = dates.settles(texts) if how in ("highest", "lowest") else ""
        chosen = {p: self.cell(view, found, how, order) for p, found in view.groups.items()}
        self.columns[name] = self.described(view, name)
        patients, of_patient = self.tables[0].groups, self.tables[0].source.rows
        self.cells[name], numbers = [], []
        for patient, own in patients.items():
            i = chosen.get(patient)
            self.cells[name].append("" if i is None else texts[i])
            numbers.append(of_patient[own[0]] if i is None else rows[i])
        self.elsewhere[name] = (view.table.name, tuple(numbers))

    def described(self, view: _View, name: str) -> Column:
        """Describe a column; a word that tells its rows apart belongs to what it is called."""
        word, column = view.name[len(view.of) + 2 :], view.column
        is_renamed = self.named(view.table, column.name) != column.name
        label = column.label or (column.name if word or is_renamed else "")
        label = f"{word} {label}" if word else label
        return replace(column, name=name, label=label, is_part=bool(word) or column.is_part)

    def may_tell(self, view: _View) -> bool:
        """Tell whether a part of a column may be one of ours, and is not what the column is."""
        texts = view.cells
        named = (view.of, view.column.label, self.described(view, view.name).label)
        if not any(meanings(name) or date_role(name) for name in named if name):
            return False
        has_any = any(not is_empty(texts[i]) for rows in view.groups.values() for i in rows)
        return has_any and _differ(texts, view.table.groups)

    def cell(self, view: _View, rows: Sequence[int], how: str, order: str) -> int | None:
        """Choose the row of a patient whose cell counts; none if all are empty."""
        texts = view.cells
        places = [i for i in rows if not is_empty(texts[i])]
        if not places:
            return None
        if how == "last":
            return places[-1]
        if len(places) == 1 or how in ("", "first"):
            return places[0]
        ranks = ranked([texts[i] for i in places], order)
        if ranks is None:
            what = f"the cells of a patient cannot be compared, so there is no {how} one"
            remedy = "Correct them, or write first or last under take:"
            source = view.table.source
            self.problems.append(source.problem(what, remedy, view.column.name, places[0]))
            return places[0]
        return (max if how == "highest" else min)(places, key=lambda i: ranks[texts[i]])

    def tell_difference(self, view: _View) -> None:
        """Ask which cell of a patient counts."""
        texts = view.cells
        for rows in view.groups.values():
            different = {fold(texts[i]): i for i in reversed(rows) if not is_empty(texts[i])}
            if len(different) > 1:
                one, other, *_ = sorted(different.values())
                numbers = view.table.source.rows
                where = f" of {view.table.name}" if view.table.name else ""
                what = (
                    f"the rows{where} of a patient differ (row {numbers[other]} says "
                    f"{shown(texts[other])})"
                )
                parts = view.table.parts if view.name == view.of else ()
                remedy = f"In the mapping file, write take: {{{shown(view.name)}: …}} with {_HOW}"
                if parts:
                    named = listed([f"{view.name}: {word}" for word in parts], 3)
                    remedy += f", or use the column of one kind of row: {named}"
                self.problems.append(
                    Problem(what, remedy, numbers[one], view.name, texts[one] or None)
                )
                return

    def tell_strays(self) -> None:
        """Tell of patients of a later table that the first one does not have."""
        first, *others = self.tables
        for table in others:
            strays = [p for p in table.groups if p not in first.groups]
            if len(strays) == len(table.groups) and strays:
                what = f"no patient of {table.name} is in {first.name}, by {table.identifier}"
                remedy = "Name the column of the identifier, as tables: [{table: its column}]"
                self.problems.append(Problem(what, remedy))
            elif strays:
                self.notes.append(
                    f"{table.name} has patients who are not in {first.name}; their rows were left "
                    "out."
                )
        for table in self.tables:
            if table.repeats:
                head = f"{table.name}: several" if table.name else "Several"
                self.notes.append(f"{head} rows of a patient were made one.")


# --- order ---------------------------------------------------------------------------------------


def ranked(texts: Iterable[str], order: str = "") -> dict[str, Any] | None:
    """Rank texts as numbers, grades, answers or dates in the ``order`` of their column, if any."""
    words = filled(dict.fromkeys(texts))
    numbers = {t: Decimal(t) if PLAIN.fullmatch(t) else None for t in words}
    grades, answers = ({t: known.get(fold(t)) for t in words} for known in (_GRADES, ANSWERS))
    for found in (numbers, grades, answers):
        if None not in found.values():
            return dict(found)
    days = dates.read(words, "", dt.date.max, order)
    return None if days.whole or days.faults else dict(zip(words, days.values, strict=True))


def usual(name: str, column: Column, texts: Sequence[str]) -> str:
    """Say which cell is most likely to count where a patient's rows differ."""
    words = filled(texts)
    can_be_ranked = ranked(words, dates.settles(words)) is not None
    dated = sum(isinstance(dates.split(t), dates.Cell) for t in words[:200])
    if can_be_ranked and dated > len(words[:200]) / 2:
        role = date_role(name) or date_role(column.name) or date_role(column.label)
        return "highest" if role == "contact" else "lowest"
    meant = meanings(name) or meanings(column.name) or meanings(column.label)
    kinds = {FIELDS[m.target].kind for m in meant}
    return "highest" if can_be_ranked and kinds & {"grade", "event"} else "first"


# --- a proposal ----------------------------------------------------------------------------------


def suggested(tables: Mapping[str, Source], name: str) -> tuple[Layout, list[str]]:
    """Find the identifier of each table, the patients' first, and what is not sure of it."""
    keys = {t: {c: _keys(source, c) for c in source.cells} for t, source in tables.items()}
    candidates = [
        (table, column, keys[table][column])
        for table, source in tables.items()
        for column in _named_identifiers(source)
        if keys[table][column]
    ]
    if not candidates:
        what = f"no column of its tables ({', '.join(tables)}) is known as the patient's identifier"
        raise refuse(name, what, "In a mapping file, write tables: [{table: its identifier}, …]")
    most = max(len(patients) for _, _, patients in candidates)

    def rank(candidate: tuple[str, str, set[str]]) -> tuple[bool, bool, int, int]:
        """Prefer nearly all patients, then a row for each, then the most telling name."""
        table, column, patients = candidate
        source, count = tables[table], len(patients)
        strength = _strength(source, column)
        return count < MOSTLY * most, len(source.rows) != count, -strength, -count

    first, identifier, patients = min(candidates, key=rank)
    found, doubts = {first: identifier}, []
    for table, source in tables.items():
        if table == first:
            continue
        shares = {
            c: len(k & patients) / len(k) for c, k in keys[table].items() if k and len(k) > 1
        } | {c: 1.0 for c, k in keys[table].items() if len(k) == 1 and k <= patients}
        named = [c for c in _named_identifiers(source) if shares.get(c, 0) > 0]
        best = max(named or shares, key=lambda c: shares[c], default="")
        if not best or (not named and shares[best] < MOSTLY):
            doubts.append(f"{shown(table)} was not joined: no column of it identifies patients")
            continue
        if not named:
            doubts.append(f"does {shown(best)} of {shown(table)} identify the patient?")
        found[table] = best
    by = [c for table in found for c in likely_parts(tables[table], found[table])]
    return Layout(tables=found, by=tuple(by)), doubts


def _keys(source: Source, column: str) -> set[str]:
    return {*map(same_id, filled(source.cells[column]))}


def _strength(source: Source, column: str) -> int:
    return max((m.strength for m in meanings(column) if m.target == "patient_id"), default=0)


def _named_identifiers(source: Source) -> list[str]:
    named = [c for c in source.cells if _strength(source, c)]
    return sorted(named, key=lambda c: -_strength(source, c))


def likely_parts(source: Source, identifier: str, own: Collection[str] = ()) -> list[str]:
    """Find a column whose words tell apart what the rows of a patient are about."""
    table = _Table("", source, identifier)
    if not table.repeats:
        return []
    rated = []
    for column in source.columns:
        cells = source.cells[column.name]
        words = {*map(fold, filled(cells))}
        if column.name in (identifier, *own) or not 1 < len(words) <= LIKELY_PARTS:
            continue
        if ranked(cells) is not None and not column.choices:
            continue
        if any(m.strength > 1 for m in meanings(column.name)):
            continue
        if _differ(cells, table.groups):
            pairs = {(p, fold(cells[i])) for p, rows in table.groups.items() for i in rows}
            rated.append((len(pairs), column.name))
    return [max(rated)[1]] if rated else []
