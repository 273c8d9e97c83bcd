"""Rows with an interval, as in forest plots: one drawer for ratios, proportions and pooled results.

A row has a line of words, its name at the left end and its numbers at the right end, and below it
an interval with a mark.  What lies beyond the axis ends in an arrow.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from cartanalysis.claims.verdicts import Kind
from cartanalysis.figures import geometry, style
from cartanalysis.text import is_missing, rounded

CHARACTERS = 57
"""What fits into a line of words: a name and its numbers."""

CARD = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
"""Behind words that a line would otherwise cross."""

MARKS: dict[Kind, dict[str, Any]] = {
    Kind.UPHELD: {"marker": "o", "markerfacecolor": "#56B4E9"},
    Kind.INCONCLUSIVE: {"marker": "s", "markerfacecolor": "white"},
    Kind.OPPOSED: {"marker": "X", "markerfacecolor": "#E69F00"},
    Kind.NOT_INTERPRETABLE: {"marker": "v", "markerfacecolor": "white"},
}
"""Shape and fill of each kind of verdict; neither colour means anything else in the book."""

SYMBOLS = {
    Kind.UPHELD: "●",
    Kind.INCONCLUSIVE: "□",
    Kind.OPPOSED: "✕",
    Kind.NOT_INTERPRETABLE: "▽",
    Kind.NOT_ASSESSED: "–",
}
"""The same kinds in a text."""

PREDICTED = "#8c8c8c"
"""Prediction intervals."""

MARK: dict[str, Any] = {"linestyle": "", "markeredgecolor": style.INK, "markersize": 7}


def words(ax: Axes, y: float, name: str, numbers: str = "", **how: Any) -> None:
    """Write a row's name at the left end and its numbers at the right end."""
    line: dict[str, Any] = {"va": "center", "fontsize": style.SMALL, "bbox": CARD, "zorder": 2}
    across = ax.get_yaxis_transform()
    label = style.short(name, CHARACTERS - len(numbers))
    ax.text(0, y, label, transform=across, **(line | how))
    if numbers:
        ax.text(1, y, numbers, transform=across, ha="right", color=style.MUTED, **line)


def numbers(estimate: float, lower: float, upper: float, *, ratio: bool) -> str:
    """Write a ratio or a fraction with its interval, if it has one, in few characters.

    Returns
    -------
    str
        Such as ``2.41 (1.10–5.29)`` or ``81 % (67–91)``.
    """
    write, sign = (_ratio, "") if ratio else (_percent, " %")
    interval = "" if is_missing(lower) else f" ({write(lower)}–{write(upper)})"
    return f"{write(estimate)}{sign}{interval}"


def _percent(value: float) -> str:
    return rounded(100 * value, 0, 0, 100)


def _ratio(value: float) -> str:
    if math.isinf(value):
        return "∞"
    if value < 100:
        return rounded(value, 2, 1)
    return f"{value:.0f}" if value < 1e4 else f"{value:.0e}"


def interval(ax: Axes, y: float, lower: float, upper: float, colour: str = style.INK) -> None:
    """Draw an interval; beyond the axis' limits, which must be set, it ends in an arrow."""
    low, high = ax.get_xlim()
    ends = [max(lower, low), min(upper, high)]
    ax.plot(ends, [y, y], color=colour, linewidth=1.5, zorder=3)
    for beyond, edge, marker in ((lower < low, low, "<"), (upper > high, high, ">")):
        if beyond:
            ax.plot(edge, y, marker=marker, color=colour, markersize=6, clip_on=False)


def mark(ax: Axes, place: int | None, y: float, x: float, **how: Any) -> None:
    """Mark an estimate, if it lies on the axis: that of a row of the table, or of none."""
    low, high = ax.get_xlim()
    if low <= x <= high:
        ax.plot(x, y, zorder=4, clip_on=False, **(MARK | how))
    if place is not None:
        geometry.place_row(ax, place, x, y)


def diamond(ax: Axes, row: Any, y: float, half: float) -> None:
    """Draw a pooled value: its interval as a diamond, the prediction interval through it."""
    interval(ax, y, row.predicted_lower, row.predicted_upper, PREDICTED)
    interval(ax, y, row.lower, row.upper)
    left, centre, right = np.clip([row.lower, row.estimate, row.upper], *ax.get_xlim())
    corners = [(left, y), (centre, y - half), (right, y), (centre, y + half)]
    ax.add_patch(Polygon(corners, closed=True, facecolor=style.INK, edgecolor=style.INK, zorder=3))
    geometry.place_row(ax, row.Index, row.estimate, y)
