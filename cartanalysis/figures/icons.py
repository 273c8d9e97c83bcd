"""Icon arrays: a chance as so many of 100 patients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection, PatchCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from cartanalysis.figures import style
from cartanalysis.text import each_row, is_missing

SIDE = 10
"""Dots in a row and in a column."""
DOT = 0.72
"""How wide a dot is in its place."""
GAP = 1.6
"""Between two arrays, in dots."""
ABREAST = 3
"""Most arrays in a row: of more, the dots would be too small on a phone."""
LINE = 0.225
"""Inches from one line of words to the next."""
SHADE = 0.3
"""Opacity of the interval."""


def plot_icons(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    state: str = "free of the event",
    confidence: float = 0.95,
) -> Axes:
    """Draw 100 dots for each group, as many filled as patients of 100 are free of the event.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per group: group, estimate, lower, upper (fractions), such as from
        `cartanalysis.stats.survival.survival_at` on one day.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : mapping of str to str, optional
        Names of the groups as shown.
    state : str
        What the patients of the filled dots are.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    groups = list(each_row(table))
    abreast = min(ABREAST, len(groups)) if len(groups) != 4 else 2
    across = max(abreast, 2) * (SIDE + GAP) - GAP  # a single array is no larger than one of two
    inch = across / style.WIDTH  # in dots
    shown = {
        r.group: style.wrapped((labels or {}).get(r.group, r.group), 40 // max(abreast, 2) - 2)
        for r in groups
    }
    head = LINE * inch * (1 + max(text.count("\n") for text in shown.values()))
    tall = head + SIDE + 2.6 * LINE * inch
    down = -(-len(groups) // abreast) * tall
    ax = style.axes(ax, (down / inch) + 0.35)
    hue = style.colours(r.group for r in groups)
    for i, row in enumerate(groups):
        left, top = (i % abreast) * (SIDE + GAP), (i // abreast) * tall + head
        ax.text(left, top - 0.3, shown[row.group], va="bottom", fontsize=style.TEXT)
        _draw(ax, left, top, hue[row.group], row.estimate, row.lower, row.upper)
        ax.text(left, top + SIDE + 0.3, _count(row.estimate), va="top", weight="bold")
        below = top + SIDE + 0.3 + LINE * inch
        bounds = _bounds(row.estimate, row.lower, row.upper)
        ax.text(left, below, bounds, va="top", fontsize=style.SMALL, color=style.MUTED)
    ax.set(xlim=(0, across), ylim=(down, 0), aspect="equal")
    ax.axis("off")
    dot: dict[str, Any] = {"linestyle": "", "marker": "o", "markersize": 6.5}
    filled = hue[groups[0].group] if len(groups) == 1 else style.INK
    handles = [
        Line2D([], [], color=filled, label=state, **dot),
        Patch(color=filled, alpha=SHADE, linewidth=0, label=f"{100 * confidence:g} % interval"),
    ]
    style.legend(ax, 2, handles, handlelength=1.0)
    return ax


def out_of_100(fraction: float) -> int:
    """Round a fraction to whole patients of 100, halves up.

    Returns
    -------
    int
        From 0 to 100.
    """
    return int(np.floor(100 * fraction + 0.5 + 1e-9))


def _count(fraction: float) -> str:
    return "not known" if is_missing(fraction) else f"{out_of_100(fraction)} of 100"


def _bounds(estimate: float, lower: float, upper: float) -> str:
    if is_missing(lower):
        return "" if is_missing(estimate) else "no interval"
    return f"{out_of_100(lower)} to {out_of_100(upper)}"


def _draw(
    ax: Axes, left: float, top: float, colour: str, estimate: float, lower: float, upper: float
) -> None:
    """Draw one array, filled in reading order; a shade lies behind the dots of the interval."""
    places = [(left + n % SIDE, top + n // SIDE) for n in range(SIDE * SIDE)]
    if not is_missing(lower):
        between = places[out_of_100(lower) : out_of_100(upper)]
        shade = [Rectangle(place, 1, 1) for place in between]
        ax.add_collection(
            PatchCollection(shade, facecolor=colour, alpha=SHADE, linewidth=0, gid="interval")
        )
    dots = [(x + 0.5, y + 0.5) for x, y in places]
    filled = 0 if is_missing(estimate) else out_of_100(estimate)
    for part, face, edge, gid in (
        (dots[:filled], colour, colour, "filled"),
        (dots[filled:], "white", style.MUTED, "empty"),
    ):
        if part:  # one shape for all of them: a hundred would make a heavy picture
            drawn = EllipseCollection(
                [DOT], [DOT], [0], units="x", offsets=part, offset_transform=ax.transData,
                facecolor=face, edgecolor=edge, linewidth=0.8, gid=gid,
            )  # fmt: skip
            ax.add_collection(drawn)
