"""What becomes of patients over time: cumulative incidences by cause, and stacked probabilities."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import km, style
from cartanalysis.stats.response import ALL
from cartanalysis.text import DAYS_PER

PANEL = 2.5
"""Height of the curves in inches."""


def plot_incidence(
    curves: pd.DataFrame,
    at_risk: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str = "days",
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """Draw cumulative incidences by cause, above the numbers of those free of all causes.

    Parameters
    ----------
    curves : pandas.DataFrame
        From `cartanalysis.stats.competing.cumulative_incidence`; without the column ``events``, as
        disclosure control leaves it, only its rows are drawn and nothing between them.
    at_risk : pandas.DataFrame
        From `cartanalysis.stats.survival.at_risk_table`; its times become the axis' ticks.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.
    labels : mapping of str to str, optional
        Names of the groups as shown.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    names = list(dict.fromkeys(curves["group"]))
    causes = list(dict.fromkeys(curves["cause"]))
    is_one = names == [ALL]
    shown = style.distinct({n: (labels or {}).get(n, n) for n in names}, 5 * km.NAME)
    called = [shown[n] if shown[n] in style.COLOURS else n for n in names]
    hue = dict(zip(names, style.colours(called).values(), strict=True))
    beside = {n: "" if is_one else style.wrapped(shown[n], km.NAME) for n in names}
    lines = sum(1 + text.count("\n") for text in beside.values()) + (not is_one)
    ax = style.axes(ax, PANEL + km.AXIS + km.ROW * (lines + len(names) * len(causes)) + 0.1)
    scale = DAYS_PER[unit]
    for place, (group, cause) in enumerate(itertools.product(names, causes)):
        curve = curves[(curves["group"] == group) & (curves["cause"] == cause)]
        colour = style.COLOURS[cause] if is_one else hue[group]
        label = cause if is_one else f"{shown[group]}: {cause}"
        look: dict[str, Any] = {"color": colour, "label": style.wrapped(label, km.LINE)}
        scaled = curve.assign(time=curve["time"] / scale)
        if "events" in curve:
            dash = style.DASHES[causes.index(cause) % len(style.DASHES)]
            km.step_curve(ax, scaled.drop(columns="censored"), dash, look)
        else:
            km.points(ax, scaled, km.MARKERS[place % len(km.MARKERS)], look)
    longest = max(curves["time"].max() / scale, at_risk["time"].max() / scale)
    ax.set(ylim=(0, 1.02), xlim=(0, longest * 1.02 or 1), yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks([t / scale for t in dict.fromkeys(at_risk["time"])])
    ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 1):g}")
    style.share_axis(ax.yaxis)
    ax.set(ylabel="patients with the event", xlabel=f"{unit} since remission")
    ax.grid(axis="y", color=style.HAIRLINE, linewidth=0.5)
    km.draw_counts(ax, at_risk, beside, hue, scale)
    style.legend(ax, 2 if is_one else 1, handlelength=2.4)
    return ax


def plot_occupancy(table: pd.DataFrame, ax: Axes | None = None, *, unit: str = "days") -> Axes:
    """Draw the probabilities of all states, stacked to the whole, over time.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.transitions.occupancy`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, PANEL + km.AXIS + 0.7)
    scale = DAYS_PER[unit]
    wide = table.pivot(index="time", columns="group", values="estimate")
    order = [s for s in STACKED if s in wide]
    top = wide[order].cumsum(axis=1)
    bottom = top.shift(axis=1, fill_value=0.0)
    for name in order[::-1]:
        ax.fill_between(
            wide.index / scale, bottom[name], top[name], step="post", label=name,
            facecolor=style.COLOURS[name], edgecolor="white", linewidth=0.8,
        )  # fmt: skip
    longest = float(wide.index.max())
    ax.set(ylim=(0, 1), xlim=(0, longest / scale or 1), yticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xticks([t / scale for t in km.ticks(longest, unit)])
    ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 1):g}")
    style.share_axis(ax.yaxis)
    ax.set(ylabel="patients", xlabel=f"{unit} since infusion")
    style.legend(ax, 2, handlelength=1.0)
    return ax


STACKED = ("transplanted in remission", "in remission", "no remission yet", "after relapse", "dead")
"""States from the bottom to the top: those in remission lie together, and so do the others."""
