"""Which rows of a table a mapping file means: tests of their cells.

A condition is a mapping of columns to tests, which must all hold, or a list of such mappings, of
which any may.  An empty cell fulfils ``filled: no`` and nothing else: nobody knows what it holds.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cartanalysis.errors import Problem, shown
from cartanalysis.intake import cells as grammar
from cartanalysis.intake.cells import Fault
from cartanalysis.intake.mapping import dates
from cartanalysis.intake.mapping.document import Document, Node, alternatives, written
from cartanalysis.intake.source import Source, is_empty
from cartanalysis.text import same_code

BOUNDS = ("above", "below", "from", "to")
TESTS = ("not", "filled", *BOUNDS)  # what a test may ask beside the texts that a cell may equal
_NUMBER = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_LIMITED = re.compile(r"([<>≤≥]=?)?\s*(.*?)\s*%?")

Point = tuple[Decimal, int]
"""An end of a range: a number, and 0 where it belongs to it, else 1 just above or −1 just below."""

Range = tuple[Point, Point]
_LEAST, _MOST = (Decimal("-Infinity"), 0), (Decimal("Infinity"), 0)


@dataclass(frozen=True)
class Clause:
    """One test of one column."""

    column: str
    test: str  # is, or one of TESTS
    values: tuple[str, ...]  # texts, any of which counts; else one of yes, no, a number or a date

    @property
    def words(self) -> str:
        """Say it to a reader."""
        name = shown(self.column)
        if self.test == "filled":
            return f"{name} filled" if self.values == ("yes",) else f"{name} empty"
        return f"{name} {'=' if self.test == 'is' else self.test} {alternatives(self.values)}"


@dataclass(frozen=True)
class Condition:
    """What a row must fulfil: all tests of any one of several ways."""

    ways: tuple[tuple[Clause, ...], ...]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Give all tests."""
        return tuple(dict.fromkeys(clause for way in self.ways for clause in way))

    @property
    def columns(self) -> tuple[str, ...]:
        """Name the columns that are tested."""
        return tuple(dict.fromkeys(clause.column for clause in self.clauses))

    @property
    def words(self) -> str:
        """Say it to a reader."""
        return ", or ".join(" and ".join(clause.words for clause in way) for way in self.ways)

    @property
    def said(self) -> Any:
        """Give it as a mapping file says it."""
        ways: list[dict[str, Any]] = []
        for way in self.ways:
            tests: dict[str, Any] = {}
            for clause in way:
                value = clause.values[0] if len(clause.values) == 1 else clause.values
                if clause.test == "is":
                    tests[clause.column] = value
                else:
                    tests.setdefault(clause.column, {})[clause.test] = value
            ways.append(tests)
        return ways[0] if len(ways) == 1 else tuple(ways)


def is_filled(column: str, answer: str = "yes") -> Clause:
    """Ask whether a cell holds anything, or does not."""
    return Clause(column, "filled", (answer,))


def those_who(name: str, said: Mapping[str, tuple[str, ...]], cells: Sequence[str]) -> Condition:
    """Make a condition of texts that say yes or, where none does, of those that say no."""
    if said["yes"]:
        return Condition(((Clause(name, "is", said["yes"]),),))
    others = Condition(((Clause(name, "not", said["no"]),),))
    is_blank = any(map(is_empty, cells))  # which no test of a text lets pass
    return Condition((*others.ways, (is_filled(name, "no"),))) if is_blank else others


def leave_out(whom: str, test: Condition, only: Condition | None) -> str:
    """Say what to write to leave some rows out, beside what is left out already."""
    ways = only.ways if only else ((),)
    others = dict.fromkeys(tuple(c for c in way if c.column not in test.columns) for way in ways)
    line = written(Condition(tuple((*way, *t) for way in others for t in test.ways)).said)
    return f"To leave out {whom}, write “only: {line}” in a mapping file"


# --- in a mapping file ---------------------------------------------------------------------------


def read(document: Document, node: Node) -> Condition:
    """Read a condition, telling what is wrong with it."""
    ways = node.value if isinstance(node.value, tuple) else (node,)
    if not ways or not all(isinstance(way.value, dict) and way.value for way in ways):
        remedy = "Write a column and what it has to say, as {infused: yes}; or a list of such"
        document.wrong(node, "not a condition", remedy)
        return Condition(())
    return Condition(tuple(tuple(_clauses(document, way)) for way in ways))


def _clauses(document: Document, way: Node) -> Iterator[Clause]:
    for column, inner in way.value.items() if isinstance(way.value, dict) else ():
        if inner.value in (None, {}):
            remedy = "Write {filled: no} for an empty cell, or the text in quotation marks"
            document.wrong(inner, "an empty test", remedy)
        elif not isinstance(inner.value, dict):
            yield Clause(column, "is", _texts(document, inner))
        else:
            for test, said in document.known_keys(inner, TESTS, "a test").items():
                yield Clause(column, test, _values(document, test, said))


def _texts(document: Document, node: Node) -> tuple[str, ...]:
    if node.value == ():
        document.wrong(node, "an empty list", "Write at least one text")
    return document.names(node)


def _values(document: Document, test: str, node: Node) -> tuple[str, ...]:
    if test == "not":
        return _texts(document, node)
    if test == "filled":
        return (document.choice(("yes", "no"), node),)
    text = document.text(node)
    if text and not (_NUMBER.fullmatch(text) or _day(text)):
        remedy = "Write a number, as 0.01, or a date, as 2021-02-28"
        document.wrong(node, "not a number and not a date", remedy, text)
    return (text,)


def _day(text: str) -> Decimal | None:
    """Count days up to a date written as 2021-02-28."""
    try:
        return Decimal(dt.datetime.strptime(text, "%Y-%m-%d").toordinal())
    except ValueError:
        return None


# --- in a table ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """Which rows fulfil which conditions."""

    rows: list[list[bool | None]]  # per condition and row; none where a cell does not tell
    problems: list[Problem]  # of such cells
    unsaid: list[Clause]  # that name a text which no cell says


def hold(conditions: Sequence[Condition], source: Source) -> Held:
    """Test every row; the columns have to be there.

    A text that any of the conditions names, such as “negative” beside measured values, is no number
    to the others; any other text where a number is asked for does not tell.
    """
    clauses = list(dict.fromkeys(c for condition in conditions for c in condition.clauses))
    texts: dict[str, set[str]] = {}
    for clause in clauses:
        if clause.test in ("is", "not"):
            texts.setdefault(clause.column, set()).update(map(same_code, clause.values))
    found: dict[Clause, list[bool | None]] = {}
    problems: dict[tuple[int, str], Problem] = {}
    unsaid = []
    for clause in clauses:
        cells, named = source.cells[clause.column], texts.get(clause.column, set())
        answers = {text: _answer(clause, text, named) for text in set(cells)}
        found[clause] = [answers[text] for text in cells]
        if clause.test in ("is", "not") and not {*map(same_code, clause.values)} & {
            *map(same_code, answers)
        }:
            unsaid.append(clause)
        for i in (i for i, held in enumerate(found[clause]) if held is None):
            what = f"the cell does not tell whether it is {clause.test} {clause.values[0]}"
            remedy = "Write a number, or a date as 2021-02-28, or name this very text in a test"
            problem = source.problem(what, remedy, clause.column, i)
            problems.setdefault((i, clause.column), problem)
    places = range(len(source.rows))
    rows = [[_holds(condition, found, i) for i in places] for condition in conditions]
    return Held(rows, list(problems.values()), unsaid)


def _holds(
    condition: Condition, found: Mapping[Clause, Sequence[bool | None]], i: int
) -> bool | None:
    """Join the tests of a row: all of any way; what one cell leaves open another may decide."""
    ways = []
    for way in condition.ways:
        answers = {found[clause][i] for clause in way}
        ways.append(False if False in answers else None if None in answers else True)
    return True if True in ways else None if None in ways else False


def _answer(clause: Clause, text: str, named: Collection[str]) -> bool | None:
    """Test a cell."""
    if clause.test == "filled" or is_empty(text):
        return clause.test == "filled" and is_empty(text) == (clause.values == ("no",))
    if clause.test in ("is", "not"):
        return (same_code(text) in {*map(same_code, clause.values)}) == (clause.test == "is")
    if same_code(text) in named:
        return False
    day = _day(clause.values[0])
    bound = Decimal(clause.values[0]) if day is None else day
    allowed = {
        "above": ((bound, 1), _MOST),
        "from": ((bound, 0), _MOST),
        "below": (_LEAST, (bound, -1)),
        "to": (_LEAST, (bound, 0)),
    }[clause.test]
    cell = _range(text, is_day=day is not None)
    return None if cell is None else _within(cell, allowed)


def _range(text: str, *, is_day: bool) -> Range | None:
    """Give the numbers that a cell may mean: one, or all below or above a limit such as <0.01."""
    if is_day:
        cell = dates.split(text)
        if isinstance(cell, Fault) or cell.style in ("numeric", "serial"):
            return None
        day = _day(f"{cell.year:04}-{cell.month:02}-{cell.day:02}")
        return None if day is None else ((day, 0), (day, 0))
    sign, number = _LIMITED.fullmatch(text).groups("")  # type: ignore[union-attr]  # fits any text
    number = number if grammar.THOUSANDS.fullmatch(number) else number.replace(",", ".")
    if not _NUMBER.fullmatch(number):
        return None
    value = Decimal(number)
    is_open = 0 if "=" in sign or sign in ("≤", "≥") else 1
    if not sign:
        return (value, 0), (value, 0)
    return ((value, is_open), _MOST) if sign[0] in ">≥" else (_LEAST, (value, -is_open))


def _within(cell: Range, allowed: Range) -> bool | None:
    """Tell whether all, none or only some of what a cell may mean is allowed."""
    if allowed[0] <= cell[0] and cell[1] <= allowed[1]:
        return True
    return False if cell[1] < allowed[0] or allowed[1] < cell[0] else None
