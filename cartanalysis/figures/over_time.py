"""Whether hazards are proportional, seen: log–log plots, and coefficients over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from cartanalysis.figures import style
from cartanalysis.figures.km import MARKERS, STEPS
from cartanalysis.text import DAYS_PER

ROUND = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
"""Times at which a logarithmic axis is labelled."""

POINT: dict[str, Any] = {"markersize": 4.5, "alpha": 0.75, "linestyle": ""}
"""How a residual is drawn."""


def plot_log_log(
    curves: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str = "days",
    origin: str = "infusion",
    labels: Mapping[str, str] | None = None,
) -> Axes:
    """Draw the logarithm of the cumulative hazard against that of time.

    Parameters
    ----------
    curves : pandas.DataFrame
        From `cartanalysis.stats.survival.kaplan_meier`; without the column ``events``, as
        disclosure control leaves it, only its rows are drawn and nothing between them.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.
    origin : str
        What time counts from.
    labels : mapping of str to str, optional
        Names of the groups as shown.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, 3.2)
    names = list(dict.fromkeys(curves["group"]))
    hue = style.colours(names)
    shown = style.distinct({n: (labels or {}).get(n, n) for n in names})
    for i, name in enumerate(names):
        curve = curves[curves["group"] == name]
        curve = curve[curve["estimate"].between(0, 1, inclusive="neither") & (curve["time"] > 0)]
        look: dict[str, Any] = {"color": hue[name], "label": shown[name]}
        time, height = curve["time"] / DAYS_PER[unit], np.log(-np.log(curve["estimate"]))
        if "events" in curve:
            dash = style.DASHES[i % len(style.DASHES)]
            ax.step(time, height, where="post", linestyle=dash, linewidth=1.8, **look)
        else:
            marker = MARKERS[i % len(MARKERS)]
            ax.plot(time, height, linestyle=":", linewidth=0.9, marker=marker, **look)
    ax.set(xscale="log", xlabel=f"{unit} since {origin} (log scale)", ylabel="log(−log survival)")
    low, high = ax.get_xlim()
    ax.set_xticks(inside := [t for t in ROUND if low <= t <= high], [f"{t:g}" for t in inside])
    ax.xaxis.set_minor_formatter(NullFormatter())
    style.legend(ax, 2, handlelength=2.2)
    return ax


def plot_coefficient(
    table: pd.DataFrame,
    ax: Axes | None = None,
    *,
    unit: str = "days",
    origin: str = "infusion",
) -> Axes:
    """Draw how a log hazard ratio changes with time, with the residuals it is made of.

    Parameters
    ----------
    table : pandas.DataFrame
        One term of `cartanalysis.stats.cox.changing_coefficients`: x, time, residual, estimate,
        lower, upper, constant.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.
    origin : str
        What time counts from.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; events are as far apart as the scale of the test has them.
    """
    ax = style.axes(ax, 3.2)
    points, line = table[table["residual"].notna()], table[table["estimate"].notna()]
    ax.axhline(0, color=style.HAIRLINE, linewidth=1, zorder=0)
    ax.plot(points["x"], points["residual"], "o", color=style.MUTED, label="an event", **POINT)
    constant = float(table["constant"].iloc[0])
    ax.axhline(
        constant, color=style.RISK, linestyle="--", linewidth=1.4, label="if it were constant"
    )
    ax.plot(line["x"], line["estimate"], color=style.REFERENCE, linewidth=1.9, label="smoothed")
    ax.fill_between(
        line["x"], line["lower"], line["upper"], color=style.REFERENCE, alpha=0.16, linewidth=0
    )
    scale = DAYS_PER[unit]
    known = points.sort_values("x").drop_duplicates("x")
    first, last = known["time"].min(), known["time"].max()
    days = [t * scale for t in STEPS[unit] if first <= t * scale <= last]
    at = np.interp(days, known["time"], known["x"])
    apart = (known["x"].max() - known["x"].min()) / 12  # labels closer than this would touch
    kept = [i for i in range(len(at)) if i == 0 or at[i] - at[i - 1] >= apart]
    ax.set_xticks(at[kept], [f"{round(days[i] / scale, 1):g}" for i in kept])
    ax.set(xlabel=f"{unit} since {origin}", ylabel="log hazard ratio")
    style.legend(ax, 3)
    return ax
