"""The flow of patients through the trial."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import style
from cartanalysis.text import each_row


def plot_flow(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw boxes from the first step down to the last, with those left out at the side.

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
    ax = style.axes(ax, 0.15 + 1.0 * len(table))
    box = {"boxstyle": "round,pad=0.45", "facecolor": "white", "linewidth": 1.3}
    steps = list(each_row(table))
    for i, row in enumerate(steps):
        letter = f" [{row.evidence}]" if row.evidence else ""
        ax.text(
            0.27, -i, f"{row.step}\nn = {row.n}{letter}", ha="center", va="center", fontsize=style.TEXT,
            bbox={**box, "edgecolor": style.REFERENCE},
        )  # fmt: skip
        if i == 0:
            continue
        ax.annotate(
            "", (0.27, -i + 0.29), (0.27, -i + 0.71),
            arrowprops={"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1.2},
        )  # fmt: skip
        gone = steps[i - 1].n - row.n
        ax.annotate(
            "", (0.55, -i + 0.5), (0.27, -i + 0.5),
            arrowprops={"arrowstyle": "-|>", "color": style.MUTED, "linewidth": 1.2},
        )  # fmt: skip
        ax.text(
            0.57, -i + 0.5, f"{row.leave}: {gone}", ha="left", va="center", fontsize=style.SMALL,
            color=style.MUTED,
        )  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(-len(steps) + 0.55, 0.45))
    ax.axis("off")
    return ax
