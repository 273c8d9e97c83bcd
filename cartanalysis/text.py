"""Numbers and tables as readers see them."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

NOT_AVAILABLE = "not available"
DAYS_PER = {"days": 1.0, "months": 30.4375, "years": 365.25}


def is_missing(value: Any) -> bool:
    """Tell whether there is no value.

    Parameters
    ----------
    value : object
        A scalar.

    Returns
    -------
    bool
        Whether it is None or NaN.
    """
    return value is None or bool(pd.isna(value))


def format_value(
    value: float | None,
    unit: str,
    time_unit: str = "days",
    *,
    whole: bool = False,
    since: float | None = None,
) -> str:
    """Format an estimate.

    Parameters
    ----------
    value : float or None
        A fraction, days, a count, a ratio or a p-value.
    unit : {"fraction", "days", "count", "ratio", "statistic", "p", "percent of CD4"}
        What it is.
    time_unit : {"days", "months", "years"}
        How days are shown.
    whole : bool
        Whether months are whole ones, because the times were told by the month.
    since : float, optional
        Where the time lies in a stretch that ends with ``value``: the start of the stretch.

    Returns
    -------
    str
        Text with its unit; "not reached" for a missing time.

    Raises
    ------
    ValueError
        If the unit is not known.
    """
    if is_missing(value) or value is None:
        return "not reached" if unit == "days" else NOT_AVAILABLE
    if math.isinf(value):
        return "∞"
    if unit == "fraction":
        return f"{rounded(100 * value, 1, 0, 100)} %"
    if unit == "days":
        whole_days = time_unit == "days" and value == round(value)
        decimals = 0 if whole_days or (whole and time_unit == "months") else 1
        text = f"{value / DAYS_PER[time_unit]:.{decimals}f} {time_unit}"
        if is_missing(since) or since is None:
            return text
        return f"{since / DAYS_PER[time_unit]:.{decimals}f} to {text}"
    if unit == "count":
        return f"{value:.0f}"
    if unit == "ratio":
        return "<0.01" if 0 < value < 0.005 else rounded(value, 2, 1)
    if unit == "statistic":
        return f"{value:.2f}"
    if unit == "percent of CD4":
        return f"{value:.2f} % of CD4⁺ T cells"
    if unit == "p":
        return _p_value(value)
    raise ValueError(f"no format for the unit {unit!r}")


MOST_DECIMALS = 6
ON_LIMIT = 1e-9
"""A value this close to a limit is on it: arithmetic knows no better."""


def rounded(value: float, decimals: int, *limits: float) -> str:
    """Round, but never onto or across a limit that the value is not on.

    Parameters
    ----------
    value : float
        A finite number.
    decimals : int
        Decimals if no limit is near; more, up to six, where one is.
    *limits : float
        Such as 0.05 for a p-value, 1 for a ratio, 0 and 100 for a percentage.

    Returns
    -------
    str
        The number; "<" or ">" and the limit where six decimals do not tell them apart.
    """
    for limit in limits:
        if abs(value - limit) <= ON_LIMIT:
            return f"{limit:.{decimals}f}"
    for places in range(decimals, MOST_DECIMALS + 1):
        shown = f"{value:.{places}f}"
        if all((value < limit) == (float(shown) < limit) and float(shown) != limit
               for limit in limits):  # fmt: skip
            return shown
    limit = min(limits, key=lambda each: abs(value - each))
    return f"{'<' if value < limit else '>'}{limit:g}"


LEVELS = (0.001, 0.01, 0.05, 0.1)
"""Levels at which p-values are read."""


def _p_value(value: float) -> str:
    if value < 0.001:
        return "p < 0.001"
    if 0.995 <= value < 1:
        return "p > 0.99"
    text = rounded(value, 2 if value >= 0.1 else 3, *LEVELS)
    return f"p {text[0]} {text[1:]}" if text[0] in "<>" else f"p = {text}"


def format_power(power: float) -> str:
    """Format the power of a test, which needs no decimals but is never 100 %.

    Parameters
    ----------
    power : float
        As a fraction.

    Returns
    -------
    str
        Text such as ``80 %``.
    """
    return "over 99 %" if power >= 0.995 else f"{100 * power:.0f} %"


def format_interval(
    lower: float | None,
    upper: float | None,
    unit: str,
    time_unit: str = "days",
    *,
    whole: bool = False,
) -> str:
    """Format an interval.

    Parameters
    ----------
    lower, upper : float or None
        Bounds; an open bound of a time is "not reached".
    unit : str
        As in `format_value`.
    time_unit : {"days", "months", "years"}
        How days are shown.
    whole : bool
        As in `format_value`.

    Returns
    -------
    str
        Text such as ``66.7 % to 90.9 %``.
    """
    if is_missing(lower) and is_missing(upper):
        return "no interval"
    low, high = (format_value(b, unit, time_unit, whole=whole) for b in (lower, upper))
    if unit == "days" and not (is_missing(lower) or is_missing(upper)):
        low = low.removesuffix(f" {time_unit}")
    return f"{low} to {high}"


@dataclass(frozen=True)
class Number:
    """A result handed over once, formatted once.

    Attributes
    ----------
    id : str
        Stable identifier.
    value, lower, upper : float or None
        Fractions, days, counts or ratios; None where not defined.
    unit : str
        As in `format_value`.
    method : str
        How it was computed.
    evidence : str
        P, D, A or "your data".
    n, events : int or None
        What it was computed from.
    reason : str
        Why there is no value, as a sentence; empty otherwise.
    time_unit : str
        How days are shown.
    confidence : float
        Coverage of the interval.
    coarse : bool
        Whether the record has no more digits than readers see: more would tell small counts.
    since : float or None
        Start of the stretch that ``value`` ends, for a time told by the month.
    """

    id: str
    value: float | None
    unit: str
    method: str
    evidence: str
    lower: float | None = None
    upper: float | None = None
    n: int | None = None
    events: int | None = None
    reason: str = ""
    time_unit: str = field(default="days", repr=False)
    confidence: float = field(default=0.95, repr=False)
    coarse: bool = field(default=False, repr=False)
    since: float | None = None

    @property
    def text(self) -> str:
        """The estimate with its unit.

        Returns
        -------
        str
            The text.
        """
        if self.reason:
            return NOT_AVAILABLE
        return format_value(
            self.value, self.unit, self.time_unit, whole=self.coarse, since=self.since
        )

    @property
    def ci(self) -> str:
        """The interval with its coverage.

        Returns
        -------
        str
            The text.
        """
        if self.reason:
            return NOT_AVAILABLE
        interval = format_interval(
            self.lower, self.upper, self.unit, self.time_unit, whole=self.coarse
        )
        return f"{100 * self.confidence:g} % CI {interval}"

    @property
    def of(self) -> str:
        """The events and patients.

        Returns
        -------
        str
            The text.
        """
        return NOT_AVAILABLE if self.events is None else f"{self.events} of {self.n}"

    def __format__(self, spec: str) -> str:
        """Show the estimate in a sentence.

        Parameters
        ----------
        spec : str
            Ignored; a number is formatted once.

        Returns
        -------
        str
            The text.
        """
        return self.text

    def record(self, chapter: str) -> dict[str, Any]:
        """Give the entry of ``results.json``.

        Parameters
        ----------
        chapter : str
            Which chapter hands it over.

        Returns
        -------
        dict
            Keys id, chapter, value, lower, upper, unit, method, evidence, text.
        """
        bounded = not (is_missing(self.lower) and is_missing(self.upper))
        text = f"{self.text} ({self.ci})" if bounded and not self.reason else self.text
        return {
            "id": self.id,
            "chapter": chapter,
            "value": _plain(self.value, self.unit, self.coarse),
            "lower": _plain(self.lower, self.unit, self.coarse),
            "upper": _plain(self.upper, self.unit, self.coarse),
            "unit": "% of CD4⁺ T cells" if self.unit == "percent of CD4" else self.unit,
            "method": self.method,
            "evidence": self.evidence,
            "text": f"{text}: {self.reason}" if self.reason else text,
        }


LIMITS: dict[str, tuple[float, ...]] = {"fraction": (0, 1), "p": (*LEVELS, 1), "ratio": (1,)}
SEEN = {"fraction": 3, "p": 4, "days": 1}
"""Decimals that readers see, or one more; of anything else two."""


def _plain(value: float | None, unit: str, coarse: bool) -> float | int | None:
    """Make a JSON number; nine digits are more than anyone reads and equal on every machine.

    Times keep one decimal of a day: a median is some patient's own time, which need not be known
    to the minute.
    """
    if value is None or is_missing(value) or abs(value) == float("inf"):
        return None
    if coarse or unit == "days":
        number = float(rounded(float(value), SEEN.get(unit, 2), *LIMITS.get(unit, ())).lstrip("<>"))
    else:
        number = float(f"{value:.9g}")
    return int(number) if number == int(number) and abs(number) < 1e15 else number


def html_table(rows: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Write an accessible table; every cell's text is escaped.

    Parameters
    ----------
    rows : sequence of mapping
        One mapping per row, column heading to text; the first column heads its row.
    caption : str
        What the table shows.

    Returns
    -------
    str
        HTML.
    """
    headings = list(rows[0]) if rows else []
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in headings)
    body = []
    for row in rows:
        cells = [html.escape(str(row[h])) for h in headings]
        first = f'<th scope="row">{cells[0]}</th>'
        body.append(f"<tr>{first}{''.join(f'<td>{c}</td>' for c in cells[1:])}</tr>")
    return (
        f'<div class="cart-table" role="region" tabindex="0" aria-label="{html.escape(caption)}">'
        f'<table class="table"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def html_sentence(text: str) -> str:
    """Escape a sentence for HTML, keeping `code` in backticks.

    Parameters
    ----------
    text : str
        Plain text.

    Returns
    -------
    str
        HTML without any markup but ``<code>``.
    """
    parts = html.escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(parts))
