"""Kaplan–Meier curves with an at-risk table aligned to the time axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import geometry, style
from cartanalysis.stats.response import ALL
from cartanalysis.text import DAYS_PER, each_row

STEPS = {
    "days": (7, 14, 30, 60, 90, 180, 365, 730, 1460),
    "months": (0.5, 1, 2, 3, 6, 12, 24, 48),
    "years": (0.05, 0.1, 0.25, 0.5, 1, 2, 5),
}
MAX_TICKS = 8
MAX_MARKS = 80
"""Most days of censoring that are marked on a curve."""
MARKERS = ("o", "s", "^", "D", "v", "P")
"""What tells the groups apart where there are points in place of curves."""
NARROW = 20
"""Longest name, in characters, of which two fit side by side."""
FIRST_ROW = 0.55
"""Inches from the axis to the at-risk table."""
ROW = 0.2
"""Height of an at-risk row in inches."""


def ticks(longest: float, unit: str = "days") -> list[float]:
    """Choose the times at which the axis is labelled and the patients at risk are counted.

    Parameters
    ----------
    longest : float
        Longest time, in days.
    unit : {"days", "months", "years"}
        Unit of the axis.

    Returns
    -------
    list of float
        Days, from 0, at most eight.

    Raises
    ------
    ValueError
        If the unit is none of the three.
    """
    if unit not in DAYS_PER:
        raise ValueError(f"time_unit is {unit!r}; choose one of {', '.join(DAYS_PER)}")
    span = longest / DAYS_PER[unit]
    fitting = [s for s in STEPS[unit] if span / s <= MAX_TICKS - 1]
    step = fitting[0] if fitting else 10 ** np.ceil(np.log10(span / (MAX_TICKS - 1)))
    return [float(i * step * DAYS_PER[unit]) for i in range(int(span / step) + 1)]


def plot_km(
    curves: pd.DataFrame,
    at_risk: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str = "days",
    origin: str = "infusion",
    state: str = "free of the event",
    labels: Mapping[str, str] | None = None,
    marks: pd.DataFrame | None = None,
) -> Axes:
    """Draw survival curves with intervals, censoring marks and the number at risk.

    Parameters
    ----------
    curves : pandas.DataFrame
        From `cartanalysis.stats.survival.kaplan_meier`; without the column ``events``, as
        disclosure control leaves it, only its rows are drawn and nothing between them.
    at_risk : pandas.DataFrame
        From `cartanalysis.stats.survival.at_risk_table`; its times become the axis' ticks.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.
    origin : str
        What time counts from.
    state : str
        What the patients on the curve still are.
    labels : mapping of str to str, optional
        Names of the groups as shown.
    marks : pandas.DataFrame, optional
        Published points: time (days), estimate, label.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the curves.
    """
    names = list(dict.fromkeys(curves["group"]))
    shown = style.distinct({n: (labels or {}).get(n, n) for n in names})
    hue = style.colours(names)
    lines = sum(text.count("\n") for text in shown.values())  # beyond the first of each
    rows = 1 + len(names) * (1 if names == [ALL] else 2) + lines
    # two long names side by side would leave no room for the curves
    columns = 2 if max(map(len, shown.values())) <= NARROW else 1
    ax = style.axes(ax, 3.3 + ROW * rows + 0.2 * (-(-len(names) // columns) + lines))
    scale = DAYS_PER[unit]
    for i, name in enumerate(names):
        curve = curves[curves["group"] == name]
        time = curve["time"] / scale
        dash = style.DASHES[i % len(style.DASHES)]
        if "events" not in curve:  # told at some days only: nothing is known in between
            _points(ax, curve.assign(time=time), hue[name], MARKERS[i % len(MARKERS)], shown[name])
            continue
        ax.step(
            time, curve["estimate"], where="post", color=hue[name], linestyle=dash, linewidth=1.8,
            label=shown[name], zorder=3,
        )  # fmt: skip
        # the last interval holds until the curve reaches zero, where there is none
        lower, upper = curve["lower"].ffill(), curve["upper"].ffill()
        ax.fill_between(
            time, lower, upper, step="post", color=hue[name], alpha=0.14, linewidth=0
        )  # fmt: skip
        lost = curve[curve["censored"] > 0]
        if len(lost) > MAX_MARKS:  # they would be a smear
            continue
        ax.plot(
            lost["time"] / scale, lost["estimate"], linestyle="", marker="|", markersize=7,
            color=hue[name], markeredgewidth=1.1, zorder=4,
        )  # fmt: skip
    if marks is not None and len(marks):
        ax.plot(
            marks["time"] / scale, marks["estimate"], linestyle="", marker="D", markersize=7,
            markerfacecolor="white", markeredgecolor=style.PUBLISHED, markeredgewidth=1.8,
            label="published value", zorder=5,
        )  # fmt: skip
    longest = max(curves["time"].max() / scale, at_risk["time"].max() / scale)
    ax.set(ylim=(0, 1.02), xlim=(0, longest * 1.02 or 1))
    ax.set_xticks([t / scale for t in dict.fromkeys(at_risk["time"])])
    # ends of months are whole days, which are not quite whole months
    ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 1):g}")
    style.share_axis(ax.yaxis)
    ax.set(ylabel=f"patients {state}", xlabel=f"{unit} since {origin}")
    ax.grid(axis="y", color=style.HAIRLINE, linewidth=0.5)
    # a group that is left alone, because others are hidden, must be named as well
    if names != [ALL] or (marks is not None and len(marks)):
        style.legend(ax, columns, handlelength=2.2)
    _draw_counts(ax, at_risk, names, shown, hue, scale)
    geometry.tag(ax, "km")
    return ax


def _points(ax: Axes, curve: pd.DataFrame, colour: str, marker: str, label: str) -> None:
    """Draw estimates with intervals at some days, joined by what is visibly no data."""
    ax.plot(
        curve["time"], curve["estimate"], color=colour, linestyle=":", linewidth=0.9, marker=marker,
        markersize=6, label=label, zorder=3,
    )  # fmt: skip
    known = curve[curve["lower"].notna()]
    ax.vlines(known["time"], known["lower"], known["upper"], color=colour, linewidth=1.4, alpha=0.6)


def _draw_counts(
    ax: Axes,
    at_risk: pd.DataFrame,
    names: list[str],
    shown: Mapping[str, str],
    hue: Mapping[str, str],
    scale: float,
) -> None:
    """Write the numbers at risk below the axis, one line for a group's name, one for its counts.

    A name of its own line cannot run into the counts, however long it is.
    """

    def write(time: float, line: float, text: str, **how: Any) -> None:
        ax.annotate(
            text, (time, 0), (0, -72 * line), ax.get_xaxis_transform(), "offset points",
            va="top", fontsize=style.SMALL, annotation_clip=False, **how,
        )  # fmt: skip

    line = FIRST_ROW
    write(0, line, "At risk", ha="left", weight="bold")
    for name in names:
        if names != [ALL]:
            line += ROW
            write(0, line, shown[name], ha="left", color=hue[name])
            line += ROW * shown[name].count("\n")
        line += ROW
        for row in each_row(at_risk[at_risk["group"] == name]):
            write(row.time / scale, line, str(row.at_risk), ha="center", color=hue[name])
