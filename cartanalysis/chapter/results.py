"""What an analysis gave: a result, and the figures and tables made from it.

A result that cannot be given (a missing column, no event, few patients) is a result, too: it knows
why, and whatever is made from it says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

import pandas as pd

from cartanalysis.figures import plot_icons
from cartanalysis.text import each_row

ICONS = ("group", "estimate", "lower", "upper")
"""What a chance out of 100 is drawn from."""

Labels = Mapping[str, str]
"""Names of groups as shown."""


@dataclass(frozen=True)
class Result:
    """What a statistic gave, or why it gave nothing.

    Attributes
    ----------
    value : object
        A tidy table, or a model that has some; None if there is nothing.
    unit : str
        Unit of the estimates, as in `cartanalysis.text.format_value`.
    why : str
        Why there is nothing, as a sentence; empty otherwise.
    lacks : tuple of str
        Columns without which there is nothing.
    hidden : tuple of str
        Groups that disclosure control left out.
    computed_by : str
        Name of the function that made it.
    rests_on : tuple of str
        Values of the registry on which it rests if the cohort is the reconstruction; assumed if
        none.
    column : str
        The column that holds the number.
    chosen : mapping of str to object
        What the row of the number has in other columns; the first row if empty.
    letter : str
        Evidence of what does not come from the cohort; empty if it does.
    """

    value: Any = None
    unit: str = "fraction"
    why: str = ""
    lacks: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    computed_by: str = ""
    rests_on: tuple[str, ...] = ()
    column: str = "estimate"
    chosen: Mapping[str, Any] = field(default_factory=dict)
    letter: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """The tidy table."""
        return pd.DataFrame() if self.why else self.value

    @property
    def p(self) -> Result:
        """The p-value in place of the estimate."""
        return self.read("p", "p")

    @property
    def count(self) -> int:
        """The number as a count."""
        number = self.number
        return 0 if math.isnan(number) else int(number)

    @property
    def number(self) -> float:
        """The number itself; NaN where there is none."""
        number = self._in_row(self.column)  # a hidden one is a text
        return float(number) if isinstance(number, Real) else math.nan

    def text(self, column: str) -> str:
        """Read a text beside the number."""
        return str(self._in_row(column) or "")

    def _in_row(self, column: str) -> Any:
        rows = self.table
        for name, wanted in self.chosen.items():
            rows = rows[rows[name] == wanted] if len(rows) else rows
        return rows[column].iloc[0] if len(rows) else None

    def where(self, **chosen: Any) -> Result:
        """Choose a row.

        Parameters
        ----------
        **chosen : object
            What it has in some columns.

        Returns
        -------
        Result
            The same result, read in that row.
        """
        return replace(self, chosen={**self.chosen, **chosen})

    def read(self, column: str, unit: str) -> Result:
        """Choose a column."""
        return replace(self, column=column, unit=unit)

    def resting_on(self, *ids: str) -> Result:
        """Say which published values give the result in the reconstruction."""
        return replace(self, rests_on=ids)

    def marked(self, letter: str) -> Result:
        """Say with an evidence letter that the result does not come from the cohort."""
        return replace(self, letter=letter)

    def part(self, name: str, unit: str = "ratio") -> Result:
        """Take a table out of a model.

        Parameters
        ----------
        name : str
            Name of the table.
        unit : str
            Unit of its estimates.

        Returns
        -------
        Result
            The table.
        """
        value = None if self.why else getattr(self.value, name)
        return replace(self, value=value, unit=unit)

    def row(self, place: int) -> Result:
        """Take one row, counted from 0; the last if there are fewer."""
        return self if self.why else self._rows(self.value.iloc[: place + 1].tail(1))

    def largest(self, column: str) -> Result:
        """Take the row with the largest number of a column."""
        return self if self.why else self._rows(self.value.nlargest(1, column))

    def smallest(self, column: str) -> Result:
        """Take the row with the smallest number of a column."""
        return self if self.why else self._rows(self.value.nsmallest(1, column))

    def widest_first(self) -> Result:
        """Sort by the width of the interval, in percentage points of a fraction."""
        if self.why:
            return self
        width = (100 * (self.value["upper"] - self.value["lower"])).round()
        return self._rows(self.value.assign(width=width).sort_values("width", ascending=False))

    def only_if(self, other: Result) -> Result:
        """Withhold the result where another cannot be given, because it would tell it.

        Parameters
        ----------
        other : Result
            The other.

        Returns
        -------
        Result
            This one, or why the other is not there.
        """
        return replace(self, value=None, why=other.why) if other.why and not self.why else self

    def as_table(
        self,
        columns: Mapping[str, str],
        caption: str,
        *,
        words: Mapping[str, str] | None = None,
    ) -> Table:
        """Lay the result out as a table.

        Parameters
        ----------
        columns : mapping of str to str
            Columns to show and their headings; ``estimate`` is joined by its interval.
        caption : str
            What the table shows.
        words : mapping of str to str, optional
            What to show in place of a text, such as a group's short name.

        Returns
        -------
        Table
            What ``study.show`` shows.
        """
        return Table(self, columns, caption, words or {})

    def icons(self, name: str, caption: str, state: str, labels: Labels | None = None) -> Figure:
        """Draw fractions as patients out of 100.

        Parameters
        ----------
        name : str
            Name of the figure, unique in the book.
        caption : str
            Caption.
        state : str
            What the patients counted are, such as "alive".
        labels : mapping of str to str, optional
            Names of the groups as shown.

        Returns
        -------
        Figure
            What ``study.show`` shows.
        """
        told = (
            f"{(labels or {}).get(row.group, row.group)} {100 * row.estimate:.0f}"
            for row in each_row(self.table)
            if not pd.isna(row.estimate)
        )
        alt = f"Out of 100 patients, {state}: {', '.join(told) or 'not known'}."
        options: dict[str, Any] = {"state": state}
        if labels:
            options["labels"] = labels
        shown = self if self.why else self._rows(self.table[[*ICONS]])
        return Figure(plot_icons, [shown], name, caption, alt, options)

    def _rows(self, table: pd.DataFrame) -> Result:
        return replace(self, value=table)


@dataclass(frozen=True)
class Table:
    """A result laid out for readers; made by `Result.as_table`.

    Attributes
    ----------
    result : Result
        What is shown.
    columns : mapping of str to str
        Columns and their headings.
    caption : str
        What the table shows.
    words : mapping of str to str
        What to show in place of a text.
    """

    result: Result
    columns: Mapping[str, str]
    caption: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """Why it cannot be shown."""
        return self.result.why


@dataclass(frozen=True)
class Figure:
    """A picture with what belongs to it: a name, a caption, a sentence and its data.

    Attributes
    ----------
    plot : callable
        A function of `cartanalysis.figures`.
    results : sequence of Result
        What it draws; the first is the figure's data.
    name : str
        Name of the figure, unique in the book.
    caption : str
        Caption.
    alt : str
        One sentence for who cannot see it.
    options : mapping of str to object
        Passed to the function.
    """

    plot: Callable[..., Any]
    results: Sequence[Result]
    name: str
    caption: str
    alt: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def why(self) -> str:
        """Why it cannot be drawn."""
        return next((r.why for r in self.results if r.why), "")
