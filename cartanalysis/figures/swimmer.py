"""Swimmer plot: a bar for each patient, or for each way that several of them took."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cartanalysis.errors import counted
from cartanalysis.figures import km, style
from cartanalysis.text import DAYS_PER, each_row

ROW = {True: 0.11, False: 0.42}
"""Inches from bar to bar: of single patients, and of ways with words above each."""
FEW = 60
"""With more patients than this, bars stand closer."""

MARKS: dict[str, dict[str, Any]] = {
    "transplanted in remission": {"marker": "D", "markerfacecolor": "white", "markersize": 4.5},
    "after relapse": {"marker": "X", "markerfacecolor": "#ffd9c2", "markersize": 5.5},
    "dead": {"marker": "s", "markerfacecolor": "#3d3d3d", "markersize": 4.5},
    "": {"marker": ">", "markerfacecolor": "white", "markersize": 5},
}
"""What happens at the end of a stay, by the state it leads to."""
NAMES = {
    "transplanted in remission": "transplant",
    "after relapse": "relapse",
    "dead": "death",
    "": "alive, last seen",
}


def plot_swimmer(table: pd.DataFrame, ax: Axes | None = None, *, unit: str = "days") -> Axes:
    """Draw courses as bars, coloured by state, with marks where something happened.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.transitions.swimmers`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    unit : {"days", "months", "years"}
        Unit of the axis.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    bars = table.drop_duplicates("place")
    is_each = bool((bars["n"] == 1).all())
    row = ROW[is_each] * (FEW / len(bars) if is_each and len(bars) > FEW else 1)
    ax = style.axes(ax, 1.5 + row * len(bars))
    scale = DAYS_PER[unit]
    height = 0.8 if is_each else 0.36
    for stay in each_row(table):
        start, stop = stay.start / scale, stay.stop / scale
        ax.barh(
            stay.place, stop - start, left=start, height=height, color=style.COLOURS[stay.state],
            linewidth=0,
        )  # fmt: skip
        if stay.to in MARKS:
            ax.plot(
                stop, stay.place, linestyle="", markeredgecolor=style.INK, markeredgewidth=0.8,
                clip_on=False, zorder=4, **MARKS[stay.to],
            )  # fmt: skip
    if not is_each:
        for bar in each_row(bars):
            last = style.short(bar.group, 60)
            text = f"{counted(bar.n, 'patient')}: {last}"
            ax.text(0, bar.place - 0.42, text, va="center", fontsize=style.SMALL)
    longest = float(table["stop"].max())
    ax.set(ylim=(len(bars) - 0.3, -0.7 - 0.1 * (not is_each)), xlim=(0, longest / scale * 1.02))
    ax.set_xticks([t / scale for t in km.ticks(longest, unit)])
    ax.xaxis.set_major_formatter(lambda value, _: f"{round(value, 1):g}")
    ax.set(yticks=[], xlabel=f"{unit} since infusion")
    ax.set_ylabel(counted(len(bars), "patient") if is_each else "")
    ax.spines["left"].set_visible(False)
    _legend(ax, table)
    return ax


def _legend(ax: Axes, table: pd.DataFrame) -> None:
    states = dict.fromkeys(table["state"])
    handles: list[Any] = [
        Patch(color=style.COLOURS[s], label=s) for s in style.COLOURS if s in states
    ]
    handles += [
        Line2D([], [], linestyle="", markeredgecolor=style.INK, label=name, **MARKS[to])
        for to, name in NAMES.items()
        if (table["to"] == to).any()
    ]
    style.legend(ax, 2, handles, handlelength=1.0)
