"""How a measurement is spread over the patients."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cartanalysis.figures import style


def plot_distribution(
    table: pd.DataFrame, ax: Axes | None = None, *, cutoff: float, xlabel: str
) -> Axes:
    """Draw a histogram, coloured by a cut-off.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.baseline.histogram`: group, lower, upper, n.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    cutoff : float
        Values above it count as high.
    xlabel : str
        What is measured, with its unit.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, 2.7)
    hue = style.colours(["low", "high"])
    ax.bar(
        table["lower"], table["n"], width=table["upper"] - table["lower"], align="edge",
        color=[hue[g] for g in table["group"]], alpha=0.85, edgecolor="white",
    )  # fmt: skip
    ax.axvline(cutoff, color=style.INK, linewidth=1.2, linestyle="--")
    ax.set(xlabel=xlabel, ylabel="patients")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_ylim(0, ax.get_ylim()[1] * 1.15)
    counts = table.groupby("group")["n"].sum()
    sides = f"{counts.get('low', 0)} low | {counts.get('high', 0)} high"
    ax.set_title(f"cut-off {cutoff:.3g}: {sides}", loc="left", fontsize=style.SMALL)
    return ax
