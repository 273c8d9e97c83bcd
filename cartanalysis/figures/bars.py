"""Proportions: rates with exact intervals, and stacked bars by grade."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import geometry, style
from cartanalysis.text import each_row, format_value

LINE = 0.17
"""Inches from one line of a label to the next."""


def plot_rates(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> Axes:
    """Draw proportions with their intervals, one row per group.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns group, n, events, estimate, lower, upper.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : mapping of str to str, optional
        Names of the groups as shown.
    confidence : float
        Coverage of the intervals.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    shown = style.distinct({n: (labels or {}).get(n, n) for n in table["group"]}, 30)
    lines = 1 + max(text.count("\n") for text in shown.values())
    pitch = 0.62 + LINE * (lines - 1)
    # from the middle of a bar up to that of the words above it, in rows
    up = (0.1 + 0.5 * LINE * (lines + 0.2)) / pitch + 0.03 if lines > 1 else 0.36
    ax = style.axes(ax, 0.9 + pitch * len(table))
    hue = style.colours(table["group"])
    across = ax.get_yaxis_transform()
    for y, row in enumerate(each_row(table)):
        ax.barh(y, row.estimate, height=0.34, color=hue[row.group], alpha=0.85)
        ax.plot([row.lower, row.upper], [y, y], color=style.INK, linewidth=1.6)
        geometry.place_row(ax, y, row.estimate, y)
        ax.text(0.01, y - up, shown[row.group], transform=across, va="center", fontsize=style.SMALL)
        numbers = f"{row.events} of {row.n} ({format_value(row.estimate, 'fraction')})"
        ax.text(
            1, y - up, numbers, transform=across, va="center", ha="right", fontsize=style.SMALL,
            color=style.MUTED,
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(len(table) - 0.65, -up - 0.29), yticks=[])
    style.share_axis(ax.xaxis)
    ax.set_xlabel(f"patients in remission; line: {100 * confidence:g} % interval")
    geometry.tag(ax, "rates")
    return ax


def plot_grades(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many patients had each highest grade, one stacked bar per scale.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.safety.by_grade`, scales one below the other.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    scales = list(dict.fromkeys(table["group"]))
    ax = style.axes(ax, 1.3 + 0.62 * len(scales))
    across = ax.get_yaxis_transform()
    for y, scale in enumerate(scales):
        left = 0.0
        for row in each_row(table[table["group"] == scale]):
            label = f"grade {row.grade}" if y == 0 else None
            ax.barh(
                y, row.estimate, left=left, height=0.42, color=style.GRADES[row.grade],
                edgecolor="white", linewidth=0.6, label=label,
            )  # fmt: skip
            if row.estimate > 0.035:
                ink = "white" if row.grade >= 4 else style.INK
                ax.text(
                    left + row.estimate / 2, y, str(row.events), ha="center", va="center",
                    color=ink, fontsize=style.SMALL,
                )  # fmt: skip
            left += row.estimate
        if left < 1 - 1e-9:  # grades of few patients are hidden
            ax.barh(
                y, 1 - left, left=left, height=0.42, color="white", edgecolor=style.MUTED,
                linewidth=0.6, hatch="////", label="hidden",
            )  # fmt: skip
        n = int(table[table["group"] == scale]["n"].iloc[0])
        ax.text(
            0.01, y - 0.38, f"{scale}, n = {n}", transform=across, va="center", fontsize=style.SMALL
        )
    ax.set(xlim=(0, 1), ylim=(len(scales) - 0.65, -0.65), yticks=[])
    style.share_axis(ax.xaxis)
    ax.set_xlabel("patients by highest grade; numbers are patients")
    style.legend(ax, 3, handlelength=1.0)
    return ax
