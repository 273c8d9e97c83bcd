"""What the package says when it cannot go on: to a clinician, with a remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import ClassVar

SPOKEN = {
    "`responder`": "remission (yes or no)",
    "`mrd_negative_cr`": "MRD-negative remission (yes or no)",
    "`emd_any`": "extramedullary disease (any or none)",
    "`emd_other`": "extramedullary disease other than CNS (yes or no)",
    "`treg_group`": "regulatory T cells (high or low)",
}
"""Derived columns, which no file has, in the words of a reason."""


class CannotCompute(ValueError):  # noqa: N818 - read aloud in chapters: "cannot compute: ..."
    """A result cannot be computed from this cohort; the message is a sentence saying why."""

    def __init__(self, why: str) -> None:
        for name, words in SPOKEN.items():
            why = why.replace(name, words)
        super().__init__(why)


class MissingColumns(CannotCompute):
    """A result needs columns that the cohort does not have."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        *first, last = (f"`{c}`" for c in self.columns)
        names = f"{', '.join(first)} and {last}" if first else last
        noun = "column" if len(self.columns) == 1 else "columns"
        super().__init__(f"this cohort has no values in the {noun} {names}")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input file, and what to do about it."""

    what: str
    remedy: str
    row: int | None = None  # as a spreadsheet counts: the header is row 1
    column: str | None = None
    value: str | None = None  # as written in the file
    words: ClassVar[tuple[str, str]] = ("row", "column")

    def __str__(self) -> str:
        row, column = self.words
        place = []
        if self.row is not None:
            place.append(f"{row} {self.row}")
        if self.column is not None:
            place.append(f"{column} {shown(self.column)}")
        if self.value is not None:
            place.append(f"value {shown(self.value)}")
        head = ", ".join(place)
        return f"{head + ': ' if head else ''}{self.what}. {self.remedy}"


class Mistake(Problem):
    """One thing wrong with a file of settings, which has lines and keys."""

    words = ("line", "key")


ALIKE_SHOWN = 5
"""So many problems of one kind in one column are told one by one; the others are counted."""


class InputError(ValueError):
    """A file cannot be used; every problem found in it is reported together."""

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(problems)
        head = f"{source}: {counted(len(self.problems), 'problem')}"
        super().__init__("\n".join([head, *(f"  {line}" for line in self._lines())]))

    def _lines(self) -> list[str]:
        """Write the problems; many alike are counted, so that a million rows stay readable."""
        alike: dict[tuple[str | None, str], list[Problem]] = {}
        for problem in self.problems:
            alike.setdefault((problem.column, problem.remedy), []).append(problem)
        lines = []
        told: dict[tuple[str | None, str], int] = {}
        for problem in self.problems:
            kind = (problem.column, problem.remedy)
            told[kind] = told.get(kind, 0) + 1
            if told[kind] <= ALIKE_SHOWN:
                lines.append(str(problem))
            elif told[kind] == ALIKE_SHOWN + 1:
                rest = alike[kind][ALIKE_SHOWN:]
                row, column = problem.words
                place = f"{column} {shown(problem.column)}: " if problem.column else ""
                rows = [p.row for p in rest if p.row is not None]
                where = f", {row}s {min(rows)} to {max(rows)}" if rows else ""
                where = f", {row} {rows[0]}" if len(rows) == 1 else where
                lines.append(f"{place}… and {len(rest)} more like these{where}")
        return lines

    def records(self) -> list[dict[str, object]]:
        """Give the problems for a program."""
        return [asdict(p) for p in self.problems]


def counted(count: int, noun: str) -> str:
    """Write a count with its noun, which is in the plural unless there is one."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


FEW_TOLD = 5  # a smaller count could identify somebody


def about(count: int, noun: str) -> str:
    """Write a count with its noun, a small one not exactly."""
    return counted(count, noun) if count >= FEW_TOLD else f"fewer than {FEW_TOLD} {noun}s"


def shown(text: str, limit: int = 60) -> str:
    """Quote text from a file so that it is harmless and short in a terminal."""
    short = text if len(text) <= limit else text[: limit - 1] + "…"
    return repr(short) if any(not c.isprintable() for c in short) else f"“{short}”"


def listed(texts: Collection[str], most: int, limit: int = 60) -> str:
    """Quote several texts, and say how many more there are than anyone reads."""
    more = len(texts) - most
    told = ", ".join(shown(text, limit) for text in [*texts][:most])
    return f"{told} and {more} more" if more > 0 else told
