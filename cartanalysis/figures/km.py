"""Kaplan–Meier curves with an at-risk table aligned to the time axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import geometry, style
from cartanalysis.figures.room import Room, size
from cartanalysis.stats.response import ALL
from cartanalysis.text import DAYS_PER, each_row, is_missing

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
NAME = 17
"""Characters in a line of a name beside its counts."""
LINE = 46
"""Characters in a line of a name above the curves."""
PANEL = 2.5
"""Height of the curves in inches."""
BEFORE = 16
"""Points from the axis to the names: room for a count that is centred on it."""
AXIS = 0.62
"""Inches that the labels of the axis take, to its left and below."""
HEADING = "Number at risk"
ROW = 0.215
"""Height of an at-risk row in inches."""
THIN: dict[str, Any] = {"linestyle": (0, (4, 3)), "linewidth": 0.8, "zorder": 2}


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
    medians: Mapping[str, float] | None = None,
    note: str = "",
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
    medians : mapping of str to float, optional
        Medians to mark, in days by group; what is missing is not marked.
    note : str
        What was estimated and tested, in short lines; it stands where no curve is.

    Returns
    -------
    matplotlib.axes.Axes
        The axes of the curves.
    """
    names = list(dict.fromkeys(curves["group"]))
    full = style.distinct({n: (labels or {}).get(n, n) for n in names}, 5 * NAME)
    shown = {n: style.wrapped(text, LINE) for n, text in full.items()}
    # a group may be "yes" in the table and have a colour by what it is called
    called = [full[n] if full[n] in style.COLOURS else n for n in names]
    hue = dict(zip(names, style.colours(called).values(), strict=True))
    beside = {n: "" if names == [ALL] else style.wrapped(full[n], NAME) for n in names}
    lines = sum(1 + text.count("\n") for text in beside.values()) + (names != [ALL])
    is_ours, ax = ax is None, style.axes(ax, PANEL + AXIS + ROW * lines + 0.1)
    scale = DAYS_PER[unit]
    for i, name in enumerate(names):
        curve = curves[curves["group"] == name]
        look: dict[str, Any] = {"color": hue[name], "label": shown[name]}
        if "events" not in curve:  # told at some days only: nothing is known in between
            points(ax, curve.assign(time=curve["time"] / scale), MARKERS[i % len(MARKERS)], look)
        else:
            dash = style.DASHES[i % len(style.DASHES)]
            step_curve(ax, curve.assign(time=curve["time"] / scale), dash, look)
    longest = max(curves["time"].max() / scale, at_risk["time"].max() / scale)
    ax.set(ylim=(0, 1.02), xlim=(0, longest * 1.02 or 1), yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks([t / scale for t in dict.fromkeys(at_risk["time"])])
    # ends of months are whole days, which are not quite whole months
    ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 1):g}")
    style.share_axis(ax.yaxis)
    ax.set(ylabel=f"patients {state}", xlabel=f"{unit} since {origin}")
    ax.grid(axis="y", color=style.HAIRLINE, linewidth=0.5)
    left = draw_counts(ax, at_risk, beside, hue, scale)
    inches = (style.WIDTH - left - 0.15, PANEL)
    room = _room(ax, curves, scale)
    if marks is not None and len(marks):
        times = marks["time"] / scale
        ax.plot(
            times, marks["estimate"], linestyle="", marker="D", markersize=7,
            markerfacecolor="white", markeredgecolor=style.PUBLISHED, markeredgewidth=1.8,
            label="published value", zorder=5,
        )  # fmt: skip
        for x, y in ax.transLimits.transform(np.column_stack([times, marks["estimate"]])):
            room.take((x - 0.03, y - 0.04, x + 0.03, y + 0.04))
    half = {n: m / scale for n, m in (medians or {}).items() if n in hue and not is_missing(m)}
    _medians(ax, half, hue, room)
    above = _write(ax, note, room, inches)
    named = _name_curves(ax, shown, hue, room, inches)
    handles, texts = ax.get_legend_handles_labels()
    kept = [h for h, text in zip(handles, texts, strict=True) if text not in named]
    # a single curve needs no name, but a group that is left because others are hidden does
    if kept and not (names == [ALL] and len(texts) == 1):
        # two long names side by side would leave no room for the curves
        columns = 2 if max(map(len, texts)) <= NARROW else 1
        style.legend(ax, columns, kept, handlelength=2.2, title=above or None, alignment="left")
        if is_ours:  # the legend is not to take its room from the curves
            figure = style.figure_of(ax)
            rows = -(-len(kept) // columns) + sum(text.count("\n") for text in texts)
            figure.set_figheight(figure.get_figheight() + ROW * (rows + above.count("\n") + 1))
    elif above:
        ax.set_title(above, loc="left", fontsize=style.SMALL)
    geometry.tag(ax, "km")
    return ax


def step_curve(ax: Axes, curve: pd.DataFrame, dash: Any, look: Mapping[str, Any]) -> None:
    """Draw a step curve with its interval and marks of censoring.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    curve : pandas.DataFrame
        Columns time, estimate, lower, upper and, to mark it, censored.
    dash : object
        Line style.
    look : mapping of str to object
        Colour and label.
    """
    time, colour = curve["time"], look["color"]
    ax.step(time, curve["estimate"], where="post", linestyle=dash, linewidth=1.8, zorder=3, **look)
    # the last interval holds until the curve reaches zero, where there is none
    lower, upper = curve["lower"].ffill(), curve["upper"].ffill()
    ax.fill_between(time, lower, upper, step="post", color=colour, alpha=0.14, linewidth=0)
    lost = curve[curve["censored"] > 0] if "censored" in curve else curve.iloc[:0]
    if len(lost) <= MAX_MARKS:  # more would be a smear
        ax.plot(
            lost["time"], lost["estimate"], linestyle="", marker="|", markersize=7,
            color=colour, markeredgewidth=1.1, zorder=4,
        )  # fmt: skip


def points(ax: Axes, curve: pd.DataFrame, marker: str, look: Mapping[str, Any]) -> None:
    """Draw estimates with intervals at some days, joined by what is visibly no data.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    curve : pandas.DataFrame
        Columns time, estimate, lower and upper.
    marker : str
        Marker of the estimates.
    look : mapping of str to object
        Colour and label.
    """
    ax.plot(
        curve["time"], curve["estimate"], linestyle=":", linewidth=0.9, marker=marker,
        markersize=6, zorder=3, **look,
    )  # fmt: skip
    known = curve[curve["lower"].notna()]
    ax.vlines(
        known["time"], known["lower"], known["upper"], color=look["color"], linewidth=1.4, alpha=0.6
    )


def _room(ax: Axes, curves: pd.DataFrame, scale: float) -> Room:
    found = {}
    for name, curve in curves.groupby("group", sort=False):
        points = np.column_stack([curve["time"] / scale, curve["estimate"]])
        x, y = ax.transLimits.transform(points).T
        found[str(name)] = (x, y)
    room = Room(found)
    # points with intervals, not steps: what is written would cross them
    spans = curves[curves["lower"].notna()] if "events" not in curves else curves.iloc[:0]
    for end in each_row(spans):
        ends = [(end.time / scale, end.lower), (end.time / scale, end.upper)]
        (x, low), (_, high) = ax.transLimits.transform(ends)
        room.take((x - 0.02, low, x + 0.02, high))
    return room


def _medians(ax: Axes, medians: Mapping[str, float], hue: Mapping[str, str], room: Room) -> None:
    """Mark where half of each group is left: across at one half, and down to the axis."""
    if not medians:
        return
    ax.plot([0, max(medians.values())], [0.5, 0.5], color=style.MUTED, **THIN)
    half = 0.5 / ax.get_ylim()[1]
    across = ax.get_xlim()[1]
    room.take((0, half - 0.01, max(medians.values()) / across, half + 0.01))
    for name, median in medians.items():
        ax.plot([median, median], [0, 0.5], color=hue[name], gid=f"median-{name}", **THIN)
        room.take((median / across - 0.01, 0, median / across + 0.01, half))


def _write(ax: Axes, note: str, room: Room, inches: tuple[float, float]) -> str:
    """Write a note where no curve is; if there is no such place, give it for above the axes."""
    if not note:
        return ""
    box = room.corner(*size(note, style.SMALL, inches))
    if box is None:
        return note
    room.take(box)
    left, _, right, top = box
    is_right = right > 0.9
    ax.text(
        right if is_right else left, top, note, transform=ax.transAxes, va="top",
        ha="right" if is_right else "left", fontsize=style.SMALL, zorder=5,
    )  # fmt: skip
    return ""


def _name_curves(
    ax: Axes,
    shown: Mapping[str, str],
    hue: Mapping[str, str],
    room: Room,
    inches: tuple[float, float],
) -> set[str]:
    """Write the names beside the curves, if there is room for all; give those written."""
    boxes = {}
    for name, text in shown.items():
        box = room.beside(name, *size(text, style.SMALL, inches), gap=0.035)
        if box is None:
            return set()
        room.take(box)
        boxes[name] = box
    for name, (left, bottom, _, _) in boxes.items():
        ax.text(
            left, bottom, shown[name], transform=ax.transAxes, va="bottom", color=hue[name],
            fontsize=style.SMALL, zorder=5,
        )  # fmt: skip
    return set(shown.values())


def draw_counts(
    ax: Axes,
    at_risk: pd.DataFrame,
    beside: Mapping[str, str],
    hue: Mapping[str, str],
    scale: float,
) -> float:
    """Write the numbers at risk below the axis, each group's name to the left of its counts.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    at_risk : pandas.DataFrame
        From `cartanalysis.stats.survival.at_risk_table`.
    beside : mapping of str to str
        Names of the groups as shown; empty for none.
    hue : mapping of str to str
        Colour by group.
    scale : float
        Days in a unit of the axis.

    Returns
    -------
    float
        How much room they need to the left of the axis, in inches.
    """

    def _put(time: float, line: float, text: str, **how: Any) -> None:
        points = how.pop("shift", 0)
        ax.annotate(
            text, (time, 0), (points, -72 * line), ax.get_xaxis_transform(), "offset points",
            va="top", fontsize=style.SMALL, annotation_clip=False, **how,
        )  # fmt: skip

    line = AXIS
    left: dict[str, Any] = {"shift": -BEFORE, "ha": "right"}
    _put(0, line, HEADING, weight="bold", **left)
    if any(beside.values()):
        line += ROW
    for name, label in beside.items():
        if label:
            _put(0, line, label, color=hue[name], linespacing=1.0, **left)
        for row in each_row(at_risk[at_risk["group"] == name]):
            _put(row.time / scale, line, str(row.at_risk), ha="center", color=hue[name])
        line += ROW * (1 + label.count("\n"))
    texts = [HEADING, *beside.values()]
    widest = max(size(text, style.SMALL, (1, 1))[0] for text in texts if text)
    return max(AXIS, widest + BEFORE / 72)
