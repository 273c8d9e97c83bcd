"""A patient table as it came: text cells, before anything is known about their meaning.

Every file format ends here (`cartanalysis.intake.reading`), every mapping starts and ends here
(`cartanalysis.intake.mapping`), and every cohort is built from it (`cartanalysis.intake`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from cartanalysis.contract import MISSING
from cartanalysis.errors import Problem
from cartanalysis.text import fold


@lru_cache(maxsize=2**16)  # the same words over and over
def is_empty(text: str) -> bool:
    """Tell whether a cell counts as empty."""
    return fold(text) in MISSING


def filled(cells: Iterable[str]) -> list[str]:
    """Give the cells that are not empty."""
    cells = [*cells]
    empty = {text for text in {*cells} if is_empty(text)}
    return [text for text in cells if text not in empty]


@dataclass(frozen=True)
class Column:
    """A column of a file, with what the file or its data dictionary says of it."""

    name: str
    label: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)  # meaning by code, of a dictionary
    identifier: bool = False  # whether a dictionary marks the column as one that identifies people
    about: str = ""  # a longer description, where there is one beside the label
    origin: tuple[str, ...] | None = None  # what a mapping made it of; none if it is as it came
    counted_from: str = ""  # the day from which it counts, where a mapping says it
    is_part: bool = False  # of some rows only, and there only where a mapping names it

    @property
    def said(self) -> str:
        """Give what the file says of the column: its label and description."""
        return " ".join(filter(None, (self.label, self.about)))


TAKE = ("first", "last", "highest", "lowest")  # which of several cells of a patient may count


@dataclass(frozen=True)
class Layout:
    """How a patient's rows, in one table or several, become one: as a mapping file says it."""

    tables: Mapping[str, str] = field(default_factory=dict)
    """Identifier column by table, that of the patients first; empty where it is not named."""
    by: tuple[str, ...] = ()  # their words tell rows apart: there is `grade: CRS` beside `grade`
    order: tuple[str, ...] = ()  # by which a patient's rows are sorted; as in the file if empty
    take: Mapping[str, str] = field(default_factory=dict)  # one of `TAKE` by column
    concepts: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    """Concept identifiers of OMOP by the word for them and the table."""
    missing: Mapping[str, Collection[str]] = field(default_factory=dict, compare=False)
    """Codes that a mapping calls missing, by column: such a cell gives way to others."""
    wanted: Collection[str] | None = field(default=(), compare=False)
    """The columns that a mapping uses; without a mapping (none) what seems usual is chosen."""


@dataclass(frozen=True)
class Source:
    """A table of text cells, one row per patient."""

    name: str  # name of the file, without its folder
    form: str  # what kind of file it is, in words, such as “CSV” or “ADaM ADTTE (SAS transport)”
    columns: tuple[Column, ...]
    cells: dict[str, list[str]]
    """Text by column name, blanks around it removed, empty if missing; names are unique, numbers
    are written plainly (412, 0.07), dates as 2021-02-28."""
    rows: tuple[int, ...]  # number of each patient's row, as a user counts it in the file
    notes: tuple[str, ...] = ()  # what was recognised or handled while reading; one sentence each
    problems: tuple[Problem, ...] = ()  # told together with what later steps find
    layout: Layout | None = None  # how rows and tables were put together, where they were
    elsewhere: Mapping[str, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    """Table and row of each cell, of columns that are from other rows than `rows`."""
    left_out: int = 0  # how many rows, or ADaM's subjects, were left out since they do not count

    def column(self, name: str) -> Column:
        """Give what is known of a column that is there."""
        return next(c for c in self.columns if c.name == name)

    def first_rows(self, column: str) -> dict[str, int]:
        """Give the place of the first row of each value in a column."""
        first: dict[str, int] = {}
        for index, value in enumerate(self.cells[column]):
            first.setdefault(value, index)
        return first

    def problem(self, what: str, remedy: str, column: str, index: int) -> Problem:
        """Say what is wrong with a cell."""
        value = self.cells[column][index] or None
        if column not in self.elsewhere:
            return Problem(what, remedy, self.rows[index], column, value)
        table, rows = self.elsewhere[column]
        named = column if not table or column.startswith(f"{table}: ") else f"{table}: {column}"
        return Problem(what, remedy, rows[index], named, value)

    def without(self, names: Collection[str]) -> Source:
        """Leave out these columns."""
        columns = tuple(c for c in self.columns if c.name not in names)
        return replace(self, columns=columns, cells={c.name: self.cells[c.name] for c in columns})

    def also(
        self, notes: Iterable[str] = (), problems: Iterable[Problem] = (), **changes: Any
    ) -> Source:
        """Add notes and problems, and change other parts."""
        notes, problems = (*self.notes, *notes), (*self.problems, *problems)
        return replace(self, notes=notes, problems=problems, **changes)

    def take(self, places: Collection[int]) -> Source:
        """Keep these rows."""
        cells = {name: [cells[i] for i in places] for name, cells in self.cells.items()}
        elsewhere = {
            name: (table, tuple(rows[i] for i in places))
            for name, (table, rows) in self.elsewhere.items()
        }
        rows = tuple(self.rows[i] for i in places)
        return replace(self, cells=cells, rows=rows, elsewhere=elsewhere)
