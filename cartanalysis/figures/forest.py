"""Forest plots, and hazard ratios over cut-offs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from cartanalysis.figures import geometry, style
from cartanalysis.text import each_row, rounded

_CARD = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
"""Behind words that the line at 1 would otherwise cross."""

LIMITS = (0.05, 50.0)
"""Bounds of the axis; an interval that goes beyond ends in an arrow."""


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
    blocks = list(dict.fromkeys(table["series"])) if "series" in table else [None]
    lines = len(table) + (len(blocks) if blocks != [None] else 0)
    ax = style.axes(ax, 1.1 + 0.5 * lines)
    low = max(LIMITS[0], min(0.5, float(np.nanmin(table["lower"])) / 1.3))
    high = min(LIMITS[1], max(2.0, float(np.nanmax(table["upper"])) * 1.3))
    y = 0.0
    for block in blocks:
        part = table if block is None else table[table["series"] == block]
        if block is not None:
            ax.text(
                0, y, block, transform=ax.get_yaxis_transform(), weight="bold", va="center",
                ha="left", fontsize=10, bbox=_CARD, zorder=2,
            )  # fmt: skip
            y += 0.9
        for row in each_row(part):
            _draw_row(ax, row, y, low, high)
            geometry.place_row(ax, row.Index, row.estimate, y)
            y += 1.25
    ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)
    ax.set(xscale="log", xlim=(low, high), ylim=(y - 0.4, -0.9), yticks=[])
    shown = [t for t in (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50) if low <= t <= high]
    ax.set_xticks(shown, [f"{t:g}" for t in shown])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(f"{measure} (log scale); left of 1 better, right of 1 worse")
    geometry.tag(ax, "forest")
    return ax


def _draw_row(ax: Axes, row: Any, y: float, low: float, high: float) -> None:
    """Draw one estimate below its label, with the numbers at the right end."""
    across = ax.get_yaxis_transform()
    ax.text(
        0, y - 0.42, style.short(row.label, 40), transform=across, va="center", fontsize=9.5,
        bbox=_CARD, zorder=2,
    )  # fmt: skip
    value, least, most = (rounded(v, 2, 1) for v in (row.estimate, row.lower, row.upper))
    numbers = f"{value} ({least}–{most})"
    ax.text(
        1, y - 0.42, numbers, transform=across, va="center", ha="right", fontsize=9.5,
        color=style.MUTED,
    )  # fmt: skip
    left, right = max(row.lower, low), min(row.upper, high)
    ax.plot([left, right], [y, y], color=style.INK, linewidth=1.6, zorder=2)
    for value, edge, marker in ((row.lower, low, "<"), (row.upper, high, ">")):
        beyond = value < edge if marker == "<" else value > edge
        if beyond:
            ax.plot(edge, y, marker=marker, color=style.INK, markersize=6, clip_on=False)
    if low <= row.estimate <= high:
        colour = style.RISK if row.estimate > 1 else style.REFERENCE
        ax.plot(row.estimate, y, marker="s", markersize=7, color=colour, zorder=3)


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
    ax = style.axes(ax, 3.2)
    ax.axhline(1, color=style.MUTED, linewidth=1)
    ax.axvline(chosen, color=style.HAIRLINE, linewidth=6, zorder=0)
    for significant, colour, label in (
        (True, style.RISK, "log-rank p < 0.05"),
        (False, style.MUTED, "log-rank p ≥ 0.05"),
    ):
        part = table[(table["p"] < 0.05) == significant]
        if len(part):
            centre = part["estimate"].to_numpy()
            spread = [centre - part["lower"].to_numpy(), part["upper"].to_numpy() - centre]
            ax.errorbar(
                part["cutoff"].to_numpy(),
                centre,
                yerr=spread, fmt="o" if significant else "s",
                color=colour, linewidth=1.3, markersize=5.5, label=label,
            )  # fmt: skip
    for row in each_row(table.reset_index(drop=True)):
        geometry.place_row(ax, row.Index, row.cutoff, row.estimate)
    ax.set(yscale="log", ylabel="hazard ratio, high vs low", xlabel="cut-off (% of CD4⁺ T cells)")
    shown = [t for t in (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50) if _inside(t, ax)]
    ax.set_yticks(shown, [f"{t:g}" for t in shown])
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="y", which="minor", length=0)
    ax.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=2, frameon=False)
    geometry.tag(ax, "cutoffs")
    return ax


def _inside(value: float, ax: Axes) -> bool:
    low, high = ax.get_ylim()
    return low <= value <= high


def plot_effects(
    table: pd.DataFrame, ax: Axes | None = None, *, labels: Mapping[str, str] | None = None
) -> Axes:
    """Draw hazard ratios of many cohorts, one row of dots per claim.

    Parameters
    ----------
    table : pandas.DataFrame
        From `cartanalysis.study.reconstruct.known_effects`: claim, estimate.
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
    across = ax.get_yaxis_transform()
    for y, claim in enumerate(claims):
        values = table.loc[table["claim"] == claim, "estimate"]
        ax.plot(
            values, np.full(len(values), y), linestyle="", marker="o", markersize=5, alpha=0.4,
            color=style.RISK, markeredgewidth=0,
        )  # fmt: skip
        ax.plot([values.median()] * 2, [y - 0.2, y + 0.2], color=style.INK, linewidth=1.8)
        label = style.short((labels or {}).get(claim, claim), 60)
        ax.text(0, y - 0.42, label, transform=across, va="center", fontsize=9, bbox=_CARD, zorder=2)
    ax.axvline(1, color=style.MUTED, linewidth=1, zorder=1)  # below the labels
    ax.set(xscale="log", ylim=(len(claims) - 0.5, -0.8), yticks=[])
    ax.set_xlim(0.8, max(10.0, float(table["estimate"].max()) * 1.3))
    shown = [t for t in (1, 2, 5, 10, 20, 50, 100) if t <= ax.get_xlim()[1]]
    ax.set_xticks(shown, [f"{t:g}" for t in shown])
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="x", which="minor", length=0)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel("hazard ratio (log scale); a dot is a cohort, a bar the median of them")
    return ax
