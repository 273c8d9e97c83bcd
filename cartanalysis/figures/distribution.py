"""How a measurement is spread over the patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from cartanalysis.figures import style

BINS = 16


def plot_distribution(
    values: pd.Series, ax: Axes | None = None, *, cutoff: float, xlabel: str
) -> Axes:
    """Draw a histogram, coloured by a cut-off.

    Parameters
    ----------
    values : pandas.Series
        The measurement, one value per patient.
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
    known = values.dropna()
    group = (known > cutoff).map({False: "low", True: "high"})
    data = pd.DataFrame({"value": known.to_numpy(), "group": group.to_numpy()})
    # bins start at the cut-off, so that none is half low and half high
    width = max((known.max() - known.min()) / BINS, 1e-6)
    below = np.ceil((cutoff - known.min()) / width + 1e-9)
    above = np.ceil((known.max() - cutoff) / width + 1e-9)
    # a hair to the right, because a value at the cut-off is low and a bin holds its left edge
    edges = cutoff + 1e-9 + width * np.arange(-max(below, 0), max(above, 1) + 1)
    sns.histplot(
        data, x="value", hue="group", hue_order=["low", "high"], multiple="stack", bins=list(edges),
        palette=style.colours(["low", "high"]), alpha=0.85, legend=False, ax=ax, edgecolor="white",
    )  # fmt: skip
    ax.axvline(cutoff, color=style.INK, linewidth=1.2, linestyle="--")
    ax.set(xlabel=xlabel, ylabel="patients")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    top = ax.get_ylim()[1]
    ax.set_ylim(0, top * 1.15)
    counts = f"{(group == 'low').sum()} low | {(group == 'high').sum()} high"
    ax.set_title(f"cut-off {cutoff:.3g}: {counts}", loc="left", fontsize=9.5)
    return ax
