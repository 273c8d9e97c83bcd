"""Forest plots, and hazard ratios over cut-offs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from cartanalysis.figures import geometry, rows, style
from cartanalysis.text import each_row


def plot_forest(
    table: pd.DataFrame, ax: Axes | None = None, *, measure: str = "hazard ratio"
) -> Axes:
    """Draw ratios with intervals, one row each.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns label, estimate, lower, upper; optionally ``series`` (a heading per block).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    measure : str
        Name of the ratio.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    table = table.reset_index(drop=True)
    series = table["series"] if "series" in table else pd.Series("", table.index)
    headings = [name for name in series.unique() if name]
    ax = style.axes(ax, 1.1 + 0.5 * (len(table) + len(headings)))
    label = f"{measure} (log scale); left of 1 better, right of 1 worse"
    style.ratio_axis(ax, style.ratio_limits(table[["lower", "upper"]]), label)
    y = 0.0
    for heading, part in table.groupby(series, sort=False):
        if heading:
            rows.words(ax, y, str(heading), weight="bold", fontsize=style.TEXT)
            y += 0.9
        for row in each_row(part):
            bounds = (row.lower, row.upper)
            rows.words(ax, y - 0.42, row.label, rows.numbers(row.estimate, *bounds, ratio=True))
            rows.interval(ax, y, *bounds)
            colour = style.RISK if row.estimate > 1 else style.REFERENCE
            rows.mark(
                ax, row.Index, y, row.estimate, marker="s", color=colour, markeredgecolor=colour
            )
            y += 1.25
    ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)
    ax.set(ylim=(y - 0.4, -0.9), yticks=[])
    ax.spines["left"].set_visible(False)
    geometry.tag(ax, "forest")
    return ax


def plot_cutoffs(table: pd.DataFrame, ax: Axes | None = None, *, chosen: float) -> Axes:
    """Draw how a hazard ratio depends on where a cut-off is put.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.stats.cox.scan_cutoffs`: cutoff, estimate, lower, upper, p.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    chosen : float
        The cut-off that the chapter uses.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    table = table.reset_index(drop=True)
    ax = style.axes(ax, 3.2)
    ax.axhline(1, color=style.MUTED, linewidth=1)
    ax.axvline(chosen, color=style.HAIRLINE, linewidth=6, zorder=0)
    for mine, marker, colour, label in (
        (table["p"] < 0.05, "o", style.RISK, "log-rank p < 0.05"),
        (table["p"] >= 0.05, "s", style.MUTED, "log-rank p ≥ 0.05"),
    ):
        part = table[mine]
        if len(part):
            low, middle, high = part[["lower", "estimate", "upper"]].to_numpy(float).T
            spread = [middle - low, high - middle]
            ax.errorbar(
                part["cutoff"], middle, yerr=spread, fmt=marker, color=colour,
                linewidth=1.3, markersize=5.5, label=label,
            )  # fmt: skip
    for row in each_row(table):
        geometry.place_row(ax, row.Index, row.cutoff, row.estimate)
    ax.set(yscale="log", xlabel="cut-off (% of CD4⁺ T cells)")
    style.ratio_axis(ax, ax.get_ylim(), "hazard ratio, high vs low", axis="y")
    style.legend(ax, 2)
    geometry.tag(ax, "cutoffs")
    return ax


def plot_effects(
    table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw hazard ratios of many cohorts, one row of dots per claim.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.study.consistent.effects`: claim, estimate.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    labels : mapping of str to str, optional
        Names of the claims as shown.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.
    """
    claims = list(dict.fromkeys(table["claim"]))
    ax = style.axes(ax, 0.9 + 0.52 * len(claims))
    limits = (0.8, max(10.0, float(table["estimate"].max()) * 1.3))
    label = "hazard ratio (log scale); a dot is a cohort, a bar the median of them"
    style.ratio_axis(ax, limits, label)
    for y, claim in enumerate(claims):
        values = table.loc[table["claim"] == claim, "estimate"]
        ax.plot(
            values, np.full(len(values), y), linestyle="", marker="o", markersize=5, alpha=0.4,
            color=style.RISK, markeredgewidth=0,
        )  # fmt: skip
        ax.plot([values.median()] * 2, [y - 0.2, y + 0.2], color=style.INK, linewidth=1.8)
        rows.words(ax, y - 0.42, (labels or {}).get(claim, claim), fontsize=style.SMALL)
    ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)  # below the labels
    ax.set(ylim=(len(claims) - 0.5, -0.8), yticks=[])
    ax.spines["left"].set_visible(False)
    return ax
