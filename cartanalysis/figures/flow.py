"""The flow of patients through the trial."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from cartanalysis.figures import style
from cartanalysis.text import each_row

BOX = 0.46
"""How wide a box is, as a share of the width."""
WORDS = 26
"""Characters in a line of a box."""
LINE, GAP = 0.185, 0.12
"""Inches: a line of words, and from one box to the next."""


def plot_flow(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw boxes down one spine as CONSORT does, with those who leave in boxes to the right.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per step: step, n, evidence (letter or empty), leave (why the others left; empty
        for the first).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    steps = list(each_row(table))
    kept = [_words(row.step, f"n = {row.n}{_letter(row.evidence)}") for row in steps]
    left = [
        _words(row.leave, f"n = {before.n - row.n}") for before, row in pairwise(steps)
    ]  # those of each step who do not reach the next
    is_ours, ax = ax is None, style.axes(ax, 1.0)
    y, spine = 0.0, BOX / 2
    for i, text in enumerate(kept):
        bottom = y + _height(text)
        _box(ax, 0, y, BOX, text, "center")
        if i < len(left):
            gone = _height(left[i])
            middle, end = bottom + GAP + gone / 2, bottom + 2 * GAP + gone
            _arrow(ax, (spine, bottom), (spine, end))
            _arrow(ax, (spine, middle), (1 - BOX, middle))
            _box(ax, 1 - BOX, bottom + GAP, BOX, left[i], "left")
            bottom = end
        y = bottom
    if is_ours:
        style.figure_of(ax).set_figheight(y + 0.1)
    ax.set(xlim=(0, 1), ylim=(y + 0.03, -0.03))
    ax.axis("off")
    return ax


def _words(what: str, count: str) -> str:
    return f"{style.wrapped(what[:1].upper() + what[1:], WORDS)}\n({count})"


def _letter(evidence: str) -> str:
    return f" [{evidence}]" if evidence else ""


def _height(text: str) -> float:
    return 0.16 + LINE * (1 + text.count("\n"))


def _box(ax: Axes, left: float, top: float, width: float, text: str, align: str) -> None:
    """Draw a box from its upper left corner, its height in inches by its words."""
    tall = _height(text)
    ax.add_patch(
        Rectangle((left, top), width, tall, facecolor="white", edgecolor=style.MUTED, linewidth=1)
    )
    x = left + (width / 2 if align == "center" else 0.025)
    ax.text(x, top + tall / 2, text, ha=align, va="center", fontsize=style.SMALL, linespacing=1.1)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=look)
