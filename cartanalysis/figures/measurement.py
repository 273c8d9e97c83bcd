"""What a measurement says of survival: its smooth effect, and how well it tells who dies."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import style
from cartanalysis.text import format_interval, format_value


def plot_smooth(
    table: pd.DataFrame, ax: Axes | None = None, *, reference: float, xlabel: str, confidence: float
) -> Axes:
    """Draw a hazard ratio over a measurement, with its pointwise band.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.spline.spline`: value, estimate, lower, upper.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    reference : float
        The value all others are compared with.
    xlabel : str
        What is measured, with its unit.
    confidence : float
        Coverage of the band.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, 3.1)
    limits = style.ratio_limits(table[["lower", "upper"]])
    style.ratio_axis(ax, limits, "hazard ratio", axis="y")
    ax.axhline(1, color=style.MUTED, linewidth=1)
    ax.fill_between(
        table["value"], table["lower"].clip(*limits), table["upper"].clip(*limits),
        color=style.HAIRLINE, alpha=0.6, linewidth=0, label=f"{100 * confidence:g} % band",
    )  # fmt: skip
    ax.plot(table["value"], table["estimate"], color=style.INK, linewidth=1.8, label="estimate")
    ax.plot(
        reference, 1, marker="D", linestyle="", color=style.INK, markerfacecolor="white",
        label=f"reference {reference:.3g}",
    )  # fmt: skip
    ax.set(xlabel=xlabel)
    style.legend(ax, 3)
    return ax


def plot_roc(
    table: pd.DataFrame, area: pd.DataFrame, ax: Axes | None = None, *, confidence: float
) -> Axes:
    """Draw a ROC curve, with the area below it.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.roc.roc`: false_positive, sensitivity.
    area : pandas.DataFrame
        From the same: estimate, lower, upper.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    confidence : float
        Coverage of the area's interval.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    ax = style.axes(ax, 4.2)
    ax.plot([0, 1], [0, 1], color=style.MUTED, linewidth=1, linestyle=":")
    ax.plot(table["false_positive"], table["sensitivity"], color=style.INK, linewidth=1.8)
    row = area.iloc[0]
    interval = format_interval(row["lower"], row["upper"], "statistic")
    ax.text(
        0.97, 0.05,
        f"area {format_value(row['estimate'], 'statistic')}\n"
        f"({100 * confidence:g} % CI {interval})",
        ha="right", transform=ax.transAxes, fontsize=style.SMALL,
    )  # fmt: skip
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    ax.set(xlabel="false positives (1 − specificity)", ylabel="sensitivity")
    style.share_axis(ax.xaxis)
    style.share_axis(ax.yaxis)
    return ax
